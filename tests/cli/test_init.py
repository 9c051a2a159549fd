from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from mailwright.cli import init as module
from mailwright.requirements.rules import RULES
from mailwright.requirements.subject import Subject
from mailwright.site import starter
from mailwright.site.model import Site
from mailwright.site.read import read
from support.example import ROOT

FLAGS = {
    "--organisation": "College of Example",
    "--domain": "college.ac.uk",
    "--address": "198.51.100.25 2001:db8:c011::25",
    "--campus": "198.51.100.0/24 2001:db8:c011::/48",
    "--management": "198.51.100.240/28",
    "--admin": "Karl Marx, km217, +44 1632 960102",
    "--registry": "COLL1-RIPE",
}
SECOND = ("--admin", "Rosa Luxemburg, rl204, +44 1632 960101")
ANSWERS = [
    "College of Example",
    "college.ac.uk",
    "",  # mail.college.ac.uk
    "",  # debian-13
    "198.51.100.25, 2001:db8:c011::25",
    "198.51.100.0/24 2001:db8:c011::/48",
    "198.51.100.240/28",
    "Karl Marx, km217, +44 1632 960102",
    "Rosa Luxemburg, rl204, +44 1632 960101",
    "coll1-ripe",
]


def run(folder: Path, *more: str, without: str = "", answers: str | None = None, **changed: str) -> Result:
    flags = {**FLAGS, **{f"--{name}": value for name, value in changed.items()}}
    arguments = [part for flag, value in flags.items() if flag != without for part in (flag, value)]
    return CliRunner().invoke(
        module.command,
        ["--out", str(folder / "site.yml"), *arguments, *more],
        input=answers,
        catch_exceptions=False,
    )


def site(folder: Path) -> Site:
    reading = read(folder / "site.yml")
    assert reading.site is not None, reading.findings
    return reading.site


def faults(found: Site) -> list[str]:
    subject = Subject(found, date(2026, 3, 1))
    return [f"{rule.id} {fault.message}" for rule in RULES for fault in rule.check(subject)]


def test_flags_alone(tmp_path: Path) -> None:
    result = run(tmp_path, *SECOND)
    assert result.exit_code == 0
    assert f"mailwright check {tmp_path / 'site.yml'}" in result.output
    found = site(tmp_path)
    assert found.organisation.name == "College of Example"
    assert found.organisation.registry == "COLL1-RIPE"
    assert [contact.telephone for contact in found.organisation.contacts] == ["+44 1632 960102", "+44 1632 960101"]
    assert found.primary.name == "college.ac.uk"
    assert (found.hosts[0].name, found.hosts[0].os) == ("mail.college.ac.uk", "debian-13")
    assert [str(address) for address in found.hosts[0].addresses] == ["198.51.100.25", "2001:db8:c011::25"]
    assert [str(network.prefix) for network in found.networks.campus] == ["198.51.100.0/24", "2001:db8:c011::/48"]
    assert [person.address for person in found.people] == [
        "Karl.Marx@college.ac.uk",
        "Rosa.Luxemburg@college.ac.uk",
    ]


def test_what_it_writes_passes_the_rules(tmp_path: Path) -> None:
    run(tmp_path, *SECOND)
    assert faults(site(tmp_path)) == []


def test_what_is_not_known_stays_a_finding(tmp_path: Path) -> None:
    """The positive twin of the above: the rules do look at what is written."""
    run(tmp_path, *SECOND, without="--registry")
    assert [fault.split()[0] for fault in faults(site(tmp_path))] == ["AUDIT-6.registry"]


def test_it_is_commented_and_fits_on_a_screen(tmp_path: Path) -> None:
    run(tmp_path, *SECOND)
    lines = (tmp_path / "site.yml").read_text().splitlines()
    assert len(lines) <= 60
    assert sum("#" in line for line in lines) > 10
    assert lines[0] == "# yaml-language-server: $schema=site.schema.json"
    schema = (ROOT / "schemas" / "site.schema.json").read_text()
    assert (tmp_path / "site.schema.json").read_text() == schema


def test_the_lines_that_are_commented_out_are_valid(tmp_path: Path) -> None:
    run(tmp_path, *SECOND)
    path = tmp_path / "site.yml"
    text = path.read_text()
    for start in ("# tls:", "# store:", "# dkim:"):
        assert f"\n{start}" in text
        text = text.replace(f"\n{start}", f"\n{start[2:]}")
    path.write_text(text)
    (tmp_path / "dkim.pub").write_bytes((ROOT / "inventories" / "example" / "dkim.pub").read_bytes())
    found = site(tmp_path)
    assert found.dkim is not None
    (tmp_path / "bare").mkdir()
    run(tmp_path / "bare", *SECOND)
    bare = site(tmp_path / "bare")
    assert (found.tls, found.store) == (bare.tls, bare.store)  # the defaults, as the comment says


@pytest.mark.parametrize("name", ["site.yml", "people.csv", "site.schema.json"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    result = run(tmp_path, *SECOND)
    assert result.exit_code == 2
    assert name in result.output
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "site.yml").symlink_to(tmp_path / "elsewhere.yml")
    assert run(tmp_path, *SECOND).exit_code == 2
    assert not (tmp_path / "elsewhere.yml").exists()


def test_missing_flags_are_all_listed(tmp_path: Path) -> None:
    result = CliRunner().invoke(module.command, ["--out", str(tmp_path / "site.yml"), "--domain", "college.ac.uk"])
    assert result.exit_code == 2
    for flag in ("--organisation", "--address", "--campus", "--management", "--admin"):
        assert flag in result.output
    assert "--domain" not in result.output.partition("Error")[2]
    assert list(tmp_path.iterdir()) == []


def test_one_administrator_is_not_enough(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "a second --admin" in result.output


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("domain", "college", "fully qualified"),
        ("address", "198.51.100.256", "not an IP address"),
        ("campus", "198.51.100.1/24", "the network is 198.51.100.0/24"),
        ("management", "office", "not a network"),
        ("admin", "Karl Marx", "Name, login, telephone"),
        ("admin", "Karl Marx, KM, +44 1632 960102", "not a login"),
        ("admin", "Karl Marx, km217, 4711", "not a telephone number"),
        ("admin", "山田 太郎, yt150, +44 1632 960102", "fourth part"),
        ("admin", "Rosa, rl204, +44 1632 960103", "a login each"),
        ("registry", "not one", "not a registry handle"),
        ("organisation", "two\nlines", "line break"),
        ("timezone", "Europe/Londinium", "time zone"),
        ("os", "debian-11", "debian-12"),
        ("host", "mail", "fully qualified"),
    ],
)
def test_flags_that_cannot_be_used(tmp_path: Path, flag: str, value: str, words: str) -> None:
    result = run(tmp_path, *SECOND, **{flag: value})
    assert result.exit_code == 2
    assert words in result.output
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_given(tmp_path: Path) -> None:
    run(tmp_path, *SECOND, admin="山田 太郎, yt150, +44 1632 960102, Taro.Yamada@college.ac.uk")
    assert site(tmp_path).people[0].address == "Taro.Yamada@college.ac.uk"


def test_questions_on_a_terminal(tmp_path: Path) -> None:
    """A real one: as many answers as there are questions, and not more than ten."""
    assert len(ANSWERS) == 10
    master, slave = pty.openpty()
    command = [sys.executable, "-c", "from mailwright.cli import main; main()", "init", "--out", "site.yml"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=slave, stdout=slave, stderr=slave) as process:
        os.write(master, "".join(f"{answer}\n" for answer in ANSWERS).encode())
        assert process.wait(timeout=30) == 0
    os.close(master)
    os.close(slave)
    by_flags = tmp_path / "flags"
    run(by_flags, *SECOND)
    assert (tmp_path / "site.yml").read_text() == (by_flags / "site.yml").read_text()
    assert (tmp_path / "people.csv").read_text() == (by_flags / "people.csv").read_text()


def test_it_asks_for_what_no_flag_says_and_asks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_on_a_terminal", lambda: True)
    answers = "college\ncollege.ac.uk\n\n\nRosa Luxemburg\nRosa Luxemburg, rl204, +44 1632 960101\n"
    result = run(tmp_path, without="--domain", answers=answers)
    assert result.exit_code == 0, result.output
    assert "fully qualified" in result.output
    assert result.output.count("Primary mail domain") == 2
    assert "Name of the organisation" not in result.output
    assert faults(site(tmp_path)) == []


def test_a_folder_is_made(tmp_path: Path) -> None:
    assert run(tmp_path / "new" / "one", *SECOND).exit_code == 0
    assert site(tmp_path / "new" / "one").primary.name == "college.ac.uk"


TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30)


@given(TEXT, st.sampled_from(["no", "12", "2026-01-12", "a: b", "a #b", "-", "'", '"', "{{ x }}", "", "*a", "!b"]))
def test_no_name_breaks_out(tmp_path_factory: pytest.TempPathFactory, name: str, odd: str) -> None:
    for text in (name, odd):
        try:
            expected = starter.text(text)
        except ValueError:
            continue
        folder = tmp_path_factory.mktemp("t")
        facts = starter.Facts(
            organisation=expected,
            timezone="Europe/London",
            registry="",
            domain="college.ac.uk",
            host="mail.college.ac.uk",
            os="debian-12",
            addresses=("198.51.100.25",),
            campus=("198.51.100.0/24",),
            management=("198.51.100.240/28",),
            administrators=(starter.Administrator(expected, "km217", "01632 960102", "a@college.ac.uk"),),
        )
        (folder / "site.yml").write_text(starter.description(facts))
        (folder / "people.csv").write_text(starter.people(facts))
        found = site(folder)
        assert found.organisation.name == found.organisation.contacts[0].name == expected
        assert [person.name for person in found.people] == [expected]
