from __future__ import annotations

from mailwright.provider.reference import page
from support.example import ROOT

PAGE = ROOT / "docs" / "reference" / "provider.md"


def test_the_page_is_the_schemas() -> None:
    """Mend with: python -m mailwright.provider.reference > docs/reference/provider.md"""
    assert PAGE.read_text() == page()


def test_it_has_what_a_reader_looks_for() -> None:
    text = page()
    for setting in (
        "`provider.name` (required)",
        "`limits.*.maximum`",
        "`leaving.stop` (required)",
        "`platforms.*`",
    ):
        assert f"| {setting} |" in text
    assert "`hosts`, `networks`" in text
