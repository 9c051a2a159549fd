"""mailwright check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwright.cli.check import command
from mailwright.cli.common import FORMATS
from support.example import EXAMPLE


def check(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [str(path), "--today", "2026-03-01", *arguments], standalone_mode=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in EXAMPLE.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path / "site.yml"


def changed(path: Path, old: str, new: str) -> int:
    """Replaces ``old``, which is there once, and returns the number of its line."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def test_the_example_has_nothing_to_mend() -> None:
    result = check(EXAMPLE)
    assert result.return_value == 0
    assert "to mend" not in result.output
    assert result.output.endswith(" passed\n")


def test_a_broken_must_is_status_1_at_its_line(copy: Path) -> None:
    line = changed(copy, "  abuse: [rl204, ii305]\n", "  abuze: [rl204, ii305]\n")
    result = check(copy)
    assert result.return_value == 1
    assert "MUST ROLE-1" in result.output
    assert line


def test_input_that_cannot_be_used_is_status_2_with_its_place(copy: Path) -> None:
    line = changed(copy, "os: debian-13", "os: debian-9")
    result = check(copy)
    assert result.return_value == 2
    assert f"{copy}:{line}:" in result.output
    assert "ERROR" in result.output


def test_what_no_rule_knows_and_no_plan_can_be_made_of_is_found_too(copy: Path) -> None:
    (copy.parent / "stores.csv").write_text("login,store\nrl204,elsewhere.college.ac.uk\n")
    result = check(copy)
    assert result.return_value == 2
    assert "ERROR plan.no-such-store" in result.output


def test_the_day_decides_whether_an_attestation_counts() -> None:
    runner = CliRunner()
    found = {}
    for day in ("2026-03-01", "2036-03-01"):
        result = runner.invoke(command, [str(EXAMPLE), "--today", day, "--format", "json"], standalone_mode=False)
        found[day] = json.loads(result.output)["counts"].get("attested", 0)
    assert found == {"2026-03-01": 3, "2036-03-01": 0}


@pytest.mark.parametrize("format_", ["json", "sarif"])
def test_other_formats_are_alone_on_standard_output(format_: str) -> None:
    assert json.loads(check(EXAMPLE, "--format", format_).stdout)


def test_several_descriptions_are_judged_together(copy: Path, tmp_path: Path) -> None:
    assert check(EXAMPLE, str(copy)).return_value == 0
    line = changed(copy, "timezone: Europe/London", "timezone: Nowhere/London")
    result = check(EXAMPLE, str(copy), "--format", "json")
    assert result.return_value == 2
    failed = [item for item in json.loads(result.output)["findings"] if item["status"] == "fail"]
    assert [(item["where"]["file"], item["where"]["line"]) for item in failed] == [(str(copy), line)]
    assert check(copy, str(EXAMPLE)).return_value == 2


@pytest.mark.parametrize("format_", FORMATS)
def test_nobody_is_named_where_strangers_read(copy: Path, format_: str) -> None:
    """Which rule is broken, and where; neither what was found nor a value of the description."""
    with (copy.parent / "people.csv").open("a") as file:
        file.write("zz999,Zuleika Dobson,Rosa.Luxemburg@college.ac.uk,,,Physics,\n")
    named, said = check(copy, "--format", format_), check(copy, "--format", format_, "--impersonal")
    assert "zz999" in named.output
    assert said.return_value == named.return_value == 1
    assert "ADDR-5.claimed-twice" in said.output
    assert "Two people, roles or processes have the same address" in said.output
    for name in ("zz999", "Rosa"):
        assert name not in said.output
