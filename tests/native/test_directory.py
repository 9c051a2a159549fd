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
def seen(release: str) -> dict[str, object]:
    need("podman", root=True)
    with TemporaryDirectory(prefix="mailwright-native-") as name:
        folder = Path(name)
        prepared = prepared_for(release, folder)
        place, given = folder / "place", folder / "given"
        files(prepared, place, given)
        with directory(place) as container:
            return talk(release, container, place, given)


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
        "users": ["rl204", "RL204", ROSA, "*", "webforms", "odd@college.ac.uk"],
        "deliveries": [ROSA.upper(), "nobody@college.ac.uk"],
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
        end = time.monotonic() + 30
        while not (place / "now").exists():
            assert time.monotonic() < end, subprocess.run(
                [*machine.podman(), "logs", name], check=False, capture_output=True, text=True
            )
            time.sleep(0.1)
        yield name
    finally:
        subprocess.run([*machine.podman(), "rm", "-f", "-t", "0", name], check=False, capture_output=True)


def talk(release: str, container: str, place: Path, given: Path) -> dict[str, object]:
    argv = [*machine.podman(), "run", "--rm", f"--network=container:{container}", *machine.limits()]
    argv += [f"--volume={place}:/place", f"--volume={given}:/given:ro", images.ensure_image(release, print)]
    argv += ["sh", "-c", "set -e; cp -r /given/. /; exec python3 /test/talk.py"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found
