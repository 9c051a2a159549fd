"""The example, broken as a new user breaks it: each time a clear message that points at the right line."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailwright.cli.check import command
from support.example import EXAMPLE


@dataclass(frozen=True, slots=True)
class Broken:
    """In ``file``, ``old`` becomes ``new``; ``check`` then names the line of the broken file that holds ``at``."""

    name: str
    old: str
    new: str
    at: str
    id: str
    says: str
    status: int
    file: str = "site.yml"


WAYS = (
    Broken("misspelt-key", "networks:\n", "netwroks:\n", "netwroks:", "schema.unknown", "networks", 2),
    Broken("tab", "  timezone:", "\ttimezone:", "\ttimezone", "source.tab", "tab", 2),
    Broken(
        "twice",
        "people: people.csv",
        "people: people.csv\npeople: others.csv",
        "others.csv",
        "source.duplicate-key",
        "people",
        2,
    ),
    Broken("norway", "  name: College of Example", "  name: no", "name: no", "source.", "no", 2),
    Broken(
        "host-bits",
        "198.51.100.240/28",
        "198.51.100.241/28",
        "198.51.100.241/28",
        "site.value",
        "198.51.100.240/28",
        2,
    ),
    Broken("missing-file", "people: people.csv", "people: persons.csv", "persons.csv", "source.", "persons.csv", 2),
    Broken(
        "broken-row",
        "\nrl204,",
        "\nrl204,extra,field,",
        "rl204,extra",
        "source.broken-row",
        "fields",
        2,
        "people.csv",
    ),
    Broken(
        "nobody", "  abuse: [rl204, ii305]", "  abuse: [rl204, zz999]", "zz999", "ADDR-5.leads-nowhere", "zz999", 1
    ),
    Broken(
        "no-abuse", "  abuse: [rl204, ii305]\n", "", "{name: college.ac.uk", "ROLE-1.postmaster-abuse", "abuse", 1
    ),
    Broken(
        "one-person",
        "  hostmaster: [rl204, km217]",
        "  hostmaster: [rl204]",
        "hostmaster:",
        "ROLE-5.one-person",
        "hostmaster",
        1,
    ),
    Broken(
        "two-clocks",
        "people: people.csv",
        "people: people.csv\ntime: {servers: [ntp0.ja.net, ntp1.ja.net]}",
        "time:",
        "MSG-3.three-servers",
        "three",
        1,
    ),
    Broken(
        "no-telephone",
        ", telephone: +44 1632 960102}",
        "}",
        "Karl Marx, email",
        "AUDIT-5.telephone",
        "telephone",
        1,
    ),
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_the_message_points_at_the_right_line(way: Broken, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE.parent, tmp_path / "site")
    file = tmp_path / "site" / way.file
    before = file.read_text(encoding="utf-8")
    assert way.old in before
    file.write_text(before.replace(way.old, way.new, 1), encoding="utf-8")
    line = next(
        number for number, text in enumerate(file.read_text(encoding="utf-8").split("\n"), 1) if way.at in text
    )

    result = CliRunner().invoke(command, [str(tmp_path / "site" / "site.yml")], standalone_mode=False)

    assert result.exception is None
    assert result.return_value == way.status
    told = re.findall(rf"^{re.escape(str(file))}:(\d+):\d+: (\S+) (\S+) (.*)$", result.output, re.MULTILINE)
    matching = [one for one in told if one[2].startswith(way.id)]
    assert matching, result.output
    assert int(matching[0][0]) == line, result.output
    assert way.says in matching[0][3] + result.output
    assert "mend:" in result.output or way.status == 2


def test_unbroken_it_is_well(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE.parent, tmp_path / "site")
    result = CliRunner().invoke(command, [str(tmp_path / "site" / "site.yml")], standalone_mode=False)
    assert result.return_value == 0
    assert "to mend" not in result.output
