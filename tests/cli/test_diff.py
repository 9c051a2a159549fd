"""mailwright diff."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwright.cli.diff import command
from support.example import EXAMPLE, SPLIT

OLD_HOST = '  mail.college.ac.uk: {addresses: [198.51.100.25, "2001:db8:c011::25"], os: debian-13}\n'


def diff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments], standalone_mode=False)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    for path in EXAMPLE.parent.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path / "site.yml"


def test_the_same_description_says_exactly_that(new: Path) -> None:
    new.write_text("# a comment\n" + new.read_text())
    result = diff(EXAMPLE, new, "--exit-code")
    assert result.return_value == 0
    assert result.output == "Nothing changes: both descriptions make the same service.\n"


def test_the_split_site_takes_editing_hosts_in_one_file(new: Path) -> None:
    text = new.read_text()
    assert text.count(OLD_HOST) == 1
    hosts = "".join(
        f'  {label}.college.ac.uk: {{addresses: [198.51.100.{number}, "2001:db8:c011::{number}"], os: debian-13, '
        f"functions: [{', '.join(functions)}]}}\n"
        for label, number, functions in SPLIT
    )
    new.write_text(text.replace(OLD_HOST, hosts))
    result = diff(EXAMPLE, new)
    assert result.return_value == 0
    assert (
        "submission (mail of people who log in) moves from mail.college.ac.uk to smtp.college.ac.uk."
        in result.output
    )
    assert "20 mailboxes move from mail.college.ac.uk to store2.college.ac.uk" in result.output
    assert diff(EXAMPLE, new, "--exit-code").return_value == 1
    document = json.loads(diff(EXAMPLE, new, "--format", "json").output)
    assert document["counts"]["mailboxes"] == 40


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_side_that_cannot_be_used_is_named_with_the_place(new: Path, side: str) -> None:
    new.write_text(new.read_text().replace("os: debian-13", "os: debian-9"))
    result = diff(new, EXAMPLE) if side == "old" else diff(EXAMPLE, new)
    assert result.return_value == 2
    assert f"{new} cannot be compared:\n{new}:" in result.stderr
    assert result.stdout == ""


def test_a_contradiction_that_the_plan_finds_is_status_2(new: Path) -> None:
    (new.parent / "stores.csv").write_text("login,store\nrl204,elsewhere.college.ac.uk\n")
    result = diff(EXAMPLE, new)
    assert result.return_value == 2
    assert "elsewhere.college.ac.uk" in result.stderr


def test_a_file_that_is_not_there_is_status_2(tmp_path: Path) -> None:
    result = diff(EXAMPLE, tmp_path / "none.yml")
    assert result.return_value == 2
    assert "none.yml" in result.stderr
