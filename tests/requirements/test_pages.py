"""The published pages are what the docstrings and the catalogue say."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright.findings import Level
from mailwright.requirements.model import Rule
from mailwright.requirements.pages import page_of, pages, write
from mailwright.requirements.rules import RULES

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
COMMAND = "python -m mailwright.requirements.pages docs/reference"


def test_the_published_pages_are_up_to_date() -> None:
    made = dict(pages())
    for path, text in made.items():
        file = REFERENCE / path
        assert file.is_file(), f"{path} is missing: {COMMAND}"
        assert file.read_text(encoding="utf-8") == text, f"{path} is out of date: {COMMAND}"
    published = {f"rules/{file.name}" for file in (REFERENCE / "rules").glob("*.md")}
    assert published == {path for path in made if path.startswith("rules/")}, f"pages of old rules: {COMMAND}"


def test_writing_removes_the_pages_of_rules_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "ADDR-1.old.md").write_text("old", encoding="utf-8")
    write(tmp_path)
    assert {file.stem for file in (tmp_path / "rules").iterdir()} == {rule.id for rule in RULES}
    assert (tmp_path / "requirements.md").is_file()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_docstring_has_its_parts(rule: Rule) -> None:
    page = page_of(rule)
    assert page.summary.endswith(".")
    assert page.breaks != page.mended


def test_a_docstring_without_its_parts_is_refused() -> None:
    def check(_subject: object) -> object:
        """Nothing but a summary."""
        return iter(())

    with pytest.raises(ValueError, match="lacks what breaks it"):
        page_of(Rule("X-1.y", "X-1", Level.MUST, "title", check))  # type: ignore[arg-type]
