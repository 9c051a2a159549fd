"""A real directory asked by the Postfix and Dovecot of both releases with the files of a build."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from mailwright.plan.model import Plan
from mailwright.rehearsal import credentials, images, machine
from mailwright.rehearsal.rehearse import Prepared, prepare
from mailwright.site.model import Person
from mailwright.site.read import read
from support.example import HERE, ROOT, load_example
from support.native import RELEASES
from support.role_code import load
from support.tools import need

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)
ODD = Person("odd/../../etc", "Odd", "odd@college.ac.uk", (), (), "", None, HERE)
TWIN = Person("twin", "Twin", "Imran.Iqbal@college.ac.uk", (), (), "", None, HERE)
ROSA, KARL = "Rosa.Luxemburg@college.ac.uk", "k.marx@chem.college.ac.uk"


@cache
def seen(release: str) -> dict[str, Any]:
    need("podman", root=True)
    with TemporaryDirectory(prefix="mailwright-native-") as name:
        folder = Path(name)
        prepared = prepared_for(release, folder)
        place, given = folder / "place", folder / "given"
        files(prepared, place, given)
        with directory(place) as container:
            return talk(release, container, place, given)


@each_release
def test_who_is_found_and_who_is_not(release: str) -> None:
    """Signs that mean something in a filter are texts like any other; two people with one address are nobody."""
    found = {key: value for key, value in seen(release)["up"].items() if key.split()[0] in TABLES}
    assert found == {
        f"mailboxes {ROSA}": "rl204",
        "mailboxes *@college.ac.uk": "-",
        "mailboxes @college.ac.uk": "-",
        "mailboxes *)(uid=*@college.ac.uk": "-",
        "mailboxes x)(|(mail=*@college.ac.uk": "-",
        "mailboxes odd@college.ac.uk": "-",
        "mailboxes Imran.Iqbal@college.ac.uk": "later",
        "aliases R.Luxemburg@college.ac.uk": ROSA,
        "members rl204@login.invalid": ROSA,
        "members *@login.invalid": "-",
        "members gone@login.invalid": "-",
        f"senders {ROSA}": "rl204",
        "senders karlm@chem.college.ac.uk": "km217",
        "internal karlm@chem.college.ac.uk": KARL,
        "internal @chem.college.ac.uk": "-",
    }


@each_release
def test_recipients(release: str) -> None:
    found = {key: value for key, value in seen(release)["up"].items() if key.startswith("rcpt ")}
    assert found == {
        f"rcpt {ROSA}": "250 2.1.5",
        "rcpt R.Luxemburg@college.ac.uk": "250 2.1.5",
        "rcpt nobody@college.ac.uk": "550 5.1.1",
        "rcpt *@college.ac.uk": "550 5.1.1",
        "rcpt rl204@login.invalid": "554 5.7.1",
        "rcpt postmaster@college.ac.uk": "250 2.1.5",
        "rcpt x@elsewhere.example": "554 5.7.1",
    }


@each_release
def test_logins_and_mailboxes(release: str) -> None:
    """Nobody is anybody else, and an empty password, with which a directory would let in everybody, is none."""
    found = {key: value for key, value in seen(release)["up"].items() if key.startswith("login ")}
    assert {key for key, value in found.items() if value == "ok"} == {
        "login rl204 right",
        "login RL204 right",
        "login webforms right",
    }
    assert set(found.values()) == {"ok", "no"}
    assert {key: value for key, value in seen(release)["up"].items() if key.startswith(("home", "deliv"))} == {
        "home rl204": "/var/vmail/rl204",
        "home RL204": "/var/vmail/rl204",
        f"home {ROSA}": "/var/vmail/rl204",
        "home webforms": "-",
        "home odd@college.ac.uk": "-",
        f"delivered {ROSA.upper()}": "250",
        "delivered nobody@college.ac.uk": "550",
        "delivered *": "550",
    }


@each_release
def test_while_it_is_down_all_is_for_the_time_being_but_what_is_no_business_of_its(release: str) -> None:
    assert seen(release)["down"] == {
        f"mailboxes {ROSA}": "later",
        "members gone@login.invalid": "later",
        f"rcpt {ROSA}": "451 4.3.0",
        "rcpt nobody@college.ac.uk": "451 4.3.0",
        "rcpt x@elsewhere.example": "554 5.7.1",
        "login rl204 right": "later",
        "login webforms right": "ok",
        f"delivered {ROSA}": "451",
    }


@each_release
def test_one_that_does_not_answer_is_not_waited_for_long(release: str) -> None:
    assert seen(release)["slow"] == {f"rcpt {ROSA}": "451 4.3.0"}
    assert seen(release)["slow took"] < 60


@each_release
def test_up_again_all_is_as_before(release: str) -> None:
    assert seen(release)["again"] == {
        f"mailboxes {ROSA}": "rl204",
        f"rcpt {ROSA}": "250 2.1.5",
        "rcpt nobody@college.ac.uk": "550 5.1.1",
        "login rl204 right": "ok",
        "login rl204 wrong": "no",
        f"home {ROSA}": "/var/vmail/rl204",
        f"delivered {ROSA}": "250",
    }


TABLES = ("mailboxes", "aliases", "members", "senders", "internal")


def prepared_for(release: str, folder: Path) -> Prepared:
    site = read(ROOT / "inventories/directory/site.yml").site
    assert site is not None
    assert site.live
    site = replace(site, hosts=tuple(replace(host, os=release) for host in site.hosts))
    return prepare(site, (), (), folder, people=load_example().people)


def files(prepared: Prepared, place: Path, given: Path) -> None:
    """The directory's folder, and what a host has: as it was built, with the secrets as the roles put them in."""
    made = prepared.credentials
    place.mkdir()
    password = {account.login: account.password for account in made.accounts}
    host = prepared.plan.hosts[0]
    assert prepared.site.directory is not None
    # Of these two no plan could be made, but a directory may have them.
    held = replace(prepared, people=(*prepared.people, ODD, TWIN), truth=with_boxes(prepared)).directory_files()
    server = prepared.site.directory.servers[0]
    for name, content in {
        **held,
        "authority.pem": made.files[credentials.AUTHORITY],
        "certificate.pem": made.files[f"{server}.pem"],
        "key.pem": made.files[f"{server}.key"],
        "state": b"up",
    }.items():
        (place / name).write_bytes(content)
    action = load("action_plugins/transaction.py")
    secret = made.files[credentials.DIRECTORY].rstrip(b"\n")
    for component in ("postfix", "dovecot"):
        built = prepared.project / "hosts" / host.name / component / "etc"
        shutil.copytree(built, given / "etc", dirs_exist_ok=True)
    for file in (given / "etc/postfix/directory").iterdir():
        file.write_bytes(file.read_bytes() + b"bind_pw = " + secret + b"\n")
    setting = b"dnpass = " if host.os == "debian-12" else b"ldap_auth_dn_password = "
    for file in (given / "etc/dovecot").glob("directory*.conf"):
        file.write_bytes(file.read_bytes() + action.quoted(setting, setting + secret + b"\n"))
    (given / "etc/dovecot/passwords").write_bytes(made.files["passwords"])
    keys = given / "etc/ssl/mailwright"
    keys.mkdir(parents=True)
    for suffix in ("pem", "key"):
        (keys / f"{host.name}.{suffix}").write_bytes(made.files[f"{host.name}.{suffix}"])
    said = {
        "servers": prepared.site.directory.servers,
        "compiled": ["virtual_mailboxes", "virtual_aliases", "senders", "internal", "private"],
        "right": [password["rl204"], password["webforms"]],
        "up": {
            "tables": [
                ["mailboxes", ROSA],
                ["mailboxes", "*@college.ac.uk"],
                ["mailboxes", "@college.ac.uk"],
                ["mailboxes", "*)(uid=*@college.ac.uk"],
                ["mailboxes", "x)(|(mail=*@college.ac.uk"],
                ["mailboxes", "odd@college.ac.uk"],
                ["mailboxes", "Imran.Iqbal@college.ac.uk"],
                ["aliases", "R.Luxemburg@college.ac.uk"],
                ["members", "rl204@login.invalid"],
                ["members", "*@login.invalid"],
                ["members", "gone@login.invalid"],
                ["senders", ROSA],
                ["senders", "karlm@chem.college.ac.uk"],
                ["internal", "karlm@chem.college.ac.uk"],
                ["internal", "@chem.college.ac.uk"],
            ],
            "recipients": [
                ROSA,
                "R.Luxemburg@college.ac.uk",
                "nobody@college.ac.uk",
                "*@college.ac.uk",
                "rl204@login.invalid",
                "postmaster@college.ac.uk",
                "x@elsewhere.example",
            ],
            "logins": [
                ["rl204", password["rl204"]],
                ["RL204", password["rl204"]],
                ["rl204", "wrong"],
                ["rl204", ""],
                ["*", password["rl204"]],
                ["rl2*", password["rl204"]],
                ["*)(uid=*", password["rl204"]],
                ["webforms", password["webforms"]],
                ["webforms", "wrong"],
                [ROSA, password["rl204"]],
            ],
            "users": ["rl204", "RL204", ROSA, "webforms", "odd@college.ac.uk"],
            "deliveries": [ROSA.upper(), "nobody@college.ac.uk", "*"],
        },
        "down": {
            "tables": [["mailboxes", ROSA], ["members", "gone@login.invalid"]],
            "recipients": [ROSA, "nobody@college.ac.uk", "x@elsewhere.example"],
            "logins": [["rl204", password["rl204"]], ["webforms", password["webforms"]]],
            "users": [],
            "deliveries": [ROSA],
        },
        "slow": {"tables": [], "recipients": [ROSA], "logins": [], "users": [], "deliveries": []},
        "again": {
            "tables": [["mailboxes", ROSA]],
            "recipients": [ROSA, "nobody@college.ac.uk"],
            "logins": [["rl204", password["rl204"]], ["rl204", "wrong"]],
            "users": [ROSA],
            "deliveries": [ROSA],
        },
    }
    (given / "test").mkdir()
    (given / "test/said.json").write_text(json.dumps(said))
    shutil.copy(Path(__file__).parent / "directory_talk.py", given / "test/talk.py")


def with_boxes(prepared: Prepared) -> Plan:
    box = prepared.truth.mailboxes[0]
    further = (replace(box, login=one.login) for one in (ODD, TWIN))
    return replace(prepared.truth, mailboxes=(*prepared.truth.mailboxes, *further))


@contextmanager
def directory(place: Path) -> Iterator[str]:
    name = f"mailwright-native-directory-{time.monotonic_ns()}"
    program = ROOT / "generator/mailwright/rehearsal/ldap_server.py"
    argv = [*machine.podman(), "run", "-d", "--name", name, "--network=none", *machine.limits()]
    argv += [f"--volume={place}:/place", f"--volume={program}:/ldap_server.py:ro"]
    argv += [images.ensure_image(images.DIRECTORY, print), "python3", "/ldap_server.py", "/place"]
    subprocess.run(argv, check=True, capture_output=True)
    try:
        end = time.monotonic() + 300
        while not (place / "now").exists():
            assert time.monotonic() < end, subprocess.run(
                [*machine.podman(), "logs", name], check=False, capture_output=True, text=True
            )
            time.sleep(0.1)
        yield name
    finally:
        subprocess.run([*machine.podman(), "rm", "-f", "-t", "0", name], check=False, capture_output=True)


def talk(release: str, container: str, place: Path, given: Path) -> dict[str, Any]:
    argv = [*machine.podman(), "run", "--rm", f"--network=container:{container}", *machine.limits()]
    argv += [f"--volume={place}:/place", f"--volume={given}:/given:ro", images.ensure_image(release, print)]
    argv += ["sh", "-c", "set -e; cp -r /given/. /; exec python3 /test/talk.py"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
