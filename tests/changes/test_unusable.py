"""What is said of two sides of which one cannot be used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mailwright.changes import unusable
from mailwright.changes.review import review
from mailwright.changes.side import Side, UnusableError
from support.example import EXAMPLE

TODAY = date(2026, 3, 1)


def said(text: str, folder: Path, *, personal: bool = True) -> list[str]:
    """Of the example and another description."""
    file = folder / "site.yml"
    file.write_text(text, encoding="utf-8")
    sides = Side("old", EXAMPLE), Side("new", file)
    with pytest.raises(UnusableError) as error:
        review(*sides, today=TODAY)
    return unusable.render(error.value, *sides, TODAY, personal=personal).splitlines()


def test_the_fault_the_other_side_and_the_lines(tmp_path: Path) -> None:
    lines = said("mailwright: 1\n", tmp_path)
    assert lines[0] == "old, the old side, has no fault."
    assert lines[1] == "new, the new side, cannot be compared:"
    at = lines.index("--- old")
    assert lines[at + 1] == "+++ new"
    assert lines[at + 2].startswith("@@ -1,")


def test_lines_are_shown_and_never_obeyed(tmp_path: Path) -> None:
    text = "".join(said("name: \x1b[2J\u202e\n", tmp_path))
    assert r"+name: \x1b[2J\u202e" in text
    assert "\x1b" not in text


def test_of_many_lines_the_first_are_shown(tmp_path: Path) -> None:
    lines = said("- a\n" * 1000, tmp_path)
    shown = lines[lines.index("+++ new") + 1 : -1]
    assert len(shown) == unusable.LINES
    count = lines[-1].removeprefix("… and ").removesuffix(" more lines")
    assert int(count.replace(",", "")) > 500


def test_where_strangers_read_no_line_of_a_description_is_shown(tmp_path: Path) -> None:
    lines = said("secret-of-rl204: 1\n", tmp_path, personal=False)
    assert any(line.startswith("new, the new side, cannot") for line in lines)
    assert not any("rl204" in line or line.startswith("@@") for line in lines)
    assert any("+secret-of-rl204" in line for line in said("secret-of-rl204: 1\n", tmp_path))
