"""mailwright new-customer, and init --provider: from an empty folder to customers that build."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwright.cli import init, new_customer
from support.example import ROOT

PROVIDER = {
    "--organisation": "Example Hosting",
    "--domain": "hosting.example",
    "--address": "198.51.100.25 2001:db8:5afe::25",
    "--campus": "198.51.100.0/25 2001:db8:5afe::/48",
    "--management": "198.51.100.96/27",
    "--registry": "EXHO1-RIPE",
}
ADMINS = ("--admin", "Ada Owen, aowen, +44 1632 960201", "--admin", "Ben Price, bprice, +44 1632 960202")
VALLEY = ("--domain", "valley.ac.uk", "--name", "College of the Valley")
GWEN = ("--contact", "Gwen Parry, gparry, +44 1632 960301")
HUW = ("--contact", "Huw Lloyd, hlloyd, +44 1632 960302")


def begun(folder: Path, *more: str) -> Result:
    flags = [part for pair in PROVIDER.items() for part in pair]
    arguments = ["--provider", str(folder), *flags, *ADMINS, *more]
    return CliRunner().invoke(init.command, arguments, catch_exceptions=False)


def add(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        new_customer.command, [str(folder), "--today", "2026-12-01", *arguments], catch_exceptions=False,
        standalone_mode=True,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert begun(tmp_path / "provider").exit_code == 0
    return tmp_path / "provider"


def test_from_nothing_to_five_customers_that_check(folder: Path) -> None:
    for name in ("valley", "hill", "river", "abbey", "harbour"):
        done = add(
            folder, "--domain", f"{name}.ac.uk", "--name", name.title(), *GWEN, *HUW, "--dkim-key",
            "--profile", "school", "--registry", "COLL1-RIPE",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        assert "Still to be seen to" not in done.output
    checked = subprocess.run(
        [sys.executable, "-m", "mailwright", "check", str(folder), "--today", "2026-12-01"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "generator")},
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_provider_is_begun_once_and_whole(folder: Path, tmp_path: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        ".gitignore",
        "provider.yml",
        "platforms",
        "profiles",
        "customers",
        "provider.schema.json",
        "customer.schema.json",
        "site.schema.json",
    }
    assert "secrets/" in (folder / ".gitignore").read_text()
    before = (folder / "provider.yml").read_text()
    again = begun(folder, "--timezone", "Europe/Dublin")
    assert again.exit_code == 2
    assert "is there already" in again.output
    assert (folder / "provider.yml").read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["provider"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert begun(empty).exit_code == 0


def test_records_are_told_zone_by_zone_and_steps_by_number(folder: Path) -> None:
    done = add(folder, *VALLEY, "--domain", "music.valley.ac.uk", *GWEN)
    assert "---- valley.ac.uk.zone" in done.output
    assert "---- music.valley.ac.uk.zone" in done.output
    assert "valley.ac.uk. 3600 IN MX 10 mail.hosting.example." in done.output
    assert "\n 1. Lower the TTL" in done.output
    assert "mailwright dkim-key" in done.output
    assert "Still to be seen to (2)" in done.output  # the handle, and a second contact
    again = add(folder, "--steps", "valley")
    assert "Written" not in again.output
    assert again.output in done.output


def test_programs_get_the_same(folder: Path) -> None:
    done = add(folder, *VALLEY, *GWEN, "--dkim-key", "--format", "json")
    said = json.loads(done.output)
    assert said["customer"] == "valley"
    assert [Path(path).name for path in said["written"]] == ["valley.yml", "people.csv", "dkim.pub", "dkim.key"]
    assert {"owner": "valley.ac.uk.", "type": "MX", "value": "10 mail.hosting.example.", "ttl": 3600} in said[
        "zones"
    ]["valley.ac.uk"]
    assert [step["by"] for step in said["steps"]] == [None] * len(said["steps"])
    assert {one["id"] for one in said["open"]} == {"AUDIT-6.registry", "AUDIT-5.second-contact"}


def test_the_way_out_is_told_with_days(folder: Path) -> None:
    add(folder, *VALLEY, *GWEN)
    file = folder / "customers" / "valley.yml"
    file.write_text(file.read_text().replace("# leaving:", "leaving:"))
    done = add(folder, "--steps", "valley")
    assert "By 2027-03-31: Let the MX records" in done.output
    assert "By 2027-10-01:" in done.output


def test_a_list_of_people_is_copied(folder: Path, tmp_path: Path) -> None:
    people = tmp_path / "all.csv"
    people.write_text("login,name,address\ngparry,Gwen Parry,Gwen.Parry@valley.ac.uk\n")
    assert add(folder, *VALLEY, *GWEN, "--people", str(people)).exit_code == 0
    assert (folder / "customers/valley/people.csv").read_text() == people.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--domain, --name, --contact"),
        (VALLEY, "--contact"),
        ((*VALLEY, "--contact", "Gwen Parry"), "is not of the form"),
        (("--domain", "valley", "--name", "V", *GWEN), "--domain"),
        (("--domain", "valley.ac.uk", "--domain", "valley.ac.uk", "--name", "V", *GWEN), "same domain"),
        ((*VALLEY, *GWEN, "--id", "../up"), "is not a customer's id"),
        ((*VALLEY, *GWEN, "--id", ""), "is not a customer's id"),
        ((*VALLEY, *GWEN, "--platform", "other"), "is not in provider.yml, which has shared"),
        ((*VALLEY, *GWEN, "--profile", "x"), "which has school"),
        ((*VALLEY, *GWEN, "--profile", "school", "--profile", "school"), "same profile"),
        ((*VALLEY, *GWEN, "--person", "x"), "is not of the form"),
        ((*VALLEY, *GWEN, "--people", "/nowhere.csv"), "No such file"),
        ((*VALLEY, *GWEN, "--people", "/dev/null"), "empty"),
        ((*VALLEY, *GWEN, "--people", "/dev/null", "--person", "A B, ab"), "say one of them"),
        ((*VALLEY, *GWEN, "--selector", "m1"), "--dkim-key"),
        ((*VALLEY, *GWEN, "--selector", "m 1", "--dkim-key"), "nothing was written"),
        ((*VALLEY, *GWEN, "--registry", "?"), "is not a registry handle"),
        (("--domain", "valley.ac.uk", "--name", "a\nb: c", *GWEN), "--name"),
        (("--domain", "hosting.example", "--name", "V", "--id", "v", *GWEN), "is platform shared's already"),
        (("--steps", "valley"), "has no customer valley"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_written(
    folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = add(folder, *arguments)
    assert done.exit_code == 2
    assert words in done.output
    assert "Traceback" not in done.output
    assert list((folder / "customers").iterdir()) == []
    assert not (folder / "secrets").exists()


def test_a_folder_that_is_no_providers_says_how_to_begin(tmp_path: Path) -> None:
    done = add(tmp_path, *VALLEY, *GWEN)
    assert done.exit_code == 2
    assert f"mailwright init --provider {tmp_path}" in done.output


def test_it_asks_on_a_terminal(folder: Path) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mailwright", "new-customer", str(folder)],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "generator")},
    )
    os.close(slave)
    answers = ("not a domain", "valley.ac.uk", "College of the Valley", "Gwen Parry, gparry, +44 1632 960301")
    os.write(master, "".join(f"{answer}\n" for answer in answers).encode())
    output, _ = process.communicate()
    os.close(master)
    assert process.returncode == 0, output.decode()
    assert (folder / "customers" / "valley.yml").is_file()
