"""Accounts: what lands on which host, and the programs: passwords, suspension, who has left, what is counted."""

from __future__ import annotations

import base64
import gzip
import importlib
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailwright import resources
from mailwright.components import accounts
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.plan.retention import LEFT
from mailwright.site.model import Place, Webmail
from support.example import load_example, split

HOST = "mail.college.ac.uk"
TODAY = date(2026, 11, 24)


def _module(name: str) -> ModuleType:
    for folder in ("accounts", "logs"):
        path = str(resources.folder("templates") / folder)
        if path not in sys.path:
            sys.path.append(path)
    return importlib.import_module(f"mailwright_accounts.{name}")


host, people, passwords, suspended, removed, signins, server, usage, command = (
    _module(name)
    for name in (
        "host",
        "people",
        "passwords",
        "suspended",
        "removed",
        "signins",
        "server",
        "usage",
        "command",
    )
)

LOGINS = """\
# the site's logins
km217:::::::noauthenticate=y
rl204:::::::noauthenticate=y
far1:::::::noauthenticate=y elsewhere=/store2.college.ac.uk store=store2.college.ac.uk
webforms:::::::noauthenticate=y nologin=y
k.marx@chem.college.ac.uk:::::::user=km217 noauthenticate=y
"""


def settings(**parts: object) -> Any:
    said: dict[str, Any] = {
        "host": HOST,
        "store": True,
        "submission": True,
        "stores": (HOST, "store2.college.ac.uk"),
        "submissions": (HOST,),
        "passwords": "here",
        "people": "tables",
        "grace": 90,
        "length": 10,
        "clients": ("127.0.0.0/8",),
    }
    return host.Settings(**(said | parts))


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A host's files below a folder; who may read them is of no concern here, and nothing is logged or asked."""
    made = host.Places(tmp_path)
    for folder in ("etc/dovecot", "etc/postfix", "var/vmail", "var/lib/mailwright-accounts"):
        (tmp_path / folder).mkdir(parents=True)
    made.logins.write_text(LOGINS)
    made.passwords.write_text("# first passwords\nRL204:{CRYPT}old\n")
    monkeypatch.setattr(host.os, "geteuid", lambda: 1000)
    said: list[str] = []
    for module in (host, command, removed, server):
        monkeypatch.setattr(
            module, "note", lambda act, login, by, more="": said.append(f"{act} {login} {by}{more}")
        )
    for module in (suspended, people, command):
        monkeypatch.setattr(module, "ask", lambda *_: (127, ""))
    made.__dict__["said"] = said
    return made


# ---- what lands on hosts


def test_the_example_has_no_password_server_and_one_with_webmail_has() -> None:
    site = load_example()
    plan = make(site)
    (one,) = plan.hosts
    paths = {file.path for file in accounts.files(plan, one)}
    assert {accounts.PROGRAM, accounts.USAGE} <= paths
    assert accounts.SERVER not in paths
    assert accounts.variables(plan, one) == {"accounts_parts": ["accounts", "mail", "usage"]}
    functions = ("mx", "submission", "store", "web")
    webmail = Webmail("", "#123456", None, Place("site.yml", 1, 1, "/webmail"))
    with_webmail = make(replace(site, hosts=(replace(site.hosts[0], functions=functions),), webmail=webmail))
    (one,) = with_webmail.hosts
    files = {file.path: file for file in accounts.files(with_webmail, one)}
    assert accounts.SERVER in files
    assert "passwords" in accounts.variables(with_webmail, one)["accounts_parts"]  # type: ignore[operator]
    said = json.loads(files["/etc/mailwright/accounts.json"].text)
    assert f"{one.addresses[0]}/32" in said["clients"]
    assert host.Settings(**said).length == 10
    (left,) = {row.days for row in with_webmail.retention if row.log == LEFT}
    assert host.Settings(**said).grace == left  # which the privacy statement tells


def test_each_host_of_a_split_site_has_its_part() -> None:
    plan = make(split())
    parts = {
        one.name.partition(".")[0]: accounts.variables(plan, one)["accounts_parts"]
        for one in plan.hosts
        if accounts.COMPONENT.runs_on(plan, one)
    }
    assert parts["store1"] == ["accounts", "mail", "usage"]
    assert all("mail" not in said for name, said in parts.items() if not name.startswith("store"))  # type: ignore[operator]


def test_a_host_that_counts_says_whose_mail_it_does_not_see() -> None:
    """Without a log host a store sees no message that another mailer took in."""
    site = split()
    alone = make(replace(site, hosts=tuple(one for one in site.hosts if "log" not in one.functions)))

    def elsewhere(plan: Plan, wanted: str) -> object:
        one = next(one for one in plan.hosts if wanted in one.functions)
        text = next(file.text for file in accounts.files(plan, one) if file.path == "/etc/mailwright/usage.json")
        return json.loads(text).get("elsewhere")

    assert elsewhere(make(site), "log") is None
    assert elsewhere(make(site), "store") is None  # it counts nothing itself
    mailers = sorted(one.name for one in alone.hosts if not {"mx", "submission"}.isdisjoint(one.functions))
    assert len(mailers) == 3
    assert elsewhere(alone, "store") == mailers


def test_every_part_of_the_package_lands() -> None:
    there = {path.stem for path in (resources.folder("templates") / "accounts/mailwright_accounts").glob("*.py")}
    assert there == set(accounts.PARTS)


# ---- passwords


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "fewer than 10"),
        ("km217-and-more", "login"),
        ("the-old-password-one", "old one"),
        ("aaaaaaaaaaaaaaab", "five different"),
        ("password12", "everybody tries"),
        ("asdfghjklzxc", "rows of the keyboard"),
        ("poiuytrewqmnb", "rows of the keyboard"),
        ("1234567890123", "digits"),
        ("Password123456", "everybody tries"),
        ("letmein12345678", "everybody tries"),
        ("qwerty123456", "rows of the keyboard"),
        ("1q2w3e4r5t", "rows of the keyboard"),
        ("1qaz2wsx3edc", "rows of the keyboard"),
        ("abc123abc123", "over and over"),
        ("Walrus1walrus2", "over and over"),
        ("with\ta control sign", "typed"),
        ("x1y2z" * 200, "512 octets"),
    ],
)
def test_a_weak_password_is_refused(password: str, why: str) -> None:
    assert why in passwords.fault(password, "km217", "The-Old-Password-One")


@pytest.mark.parametrize("password", ["correct horse battery", "Häuser-am-Mühlbach", "x9!kD2#mQp", "7k3m9p2x4q"])
def test_a_good_password_is_taken(password: str) -> None:
    assert passwords.fault(password, "km217", "something else") == ""


def test_a_made_up_password_is_good_and_another_one_each_time() -> None:
    made = {passwords.made_up() for _ in range(50)}
    assert len(made) == 50
    assert {passwords.fault(one, "km217") for one in made} == {""}


def test_a_hash_is_yescrypt_with_a_salt_of_its_own() -> None:
    one, other = passwords.hashed("correct horse"), passwords.hashed("correct horse")
    assert one.startswith("{CRYPT}$y$")
    assert one != other
    assert "horse" not in one


_AT_ONCE = """
import ctypes, sys, threading
sys.path.insert(0, sys.argv[1])
from mailwright_accounts.passwords import hashed
made = {}
def change(who):
    for number in range(3):
        said = f"{who}, number {number}"
        made[said] = hashed(said).removeprefix("{CRYPT}").encode()
people = [threading.Thread(target=change, args=(f"person {each}",)) for each in range(8)]
for one in people:
    one.start()
for one in people:
    one.join()
library = ctypes.CDLL("libcrypt.so.1")
library.crypt.restype, library.crypt.argtypes = ctypes.c_char_p, (ctypes.c_char_p, ctypes.c_char_p)
print(sum(library.crypt(said.encode(), hash_) == hash_ for said, hash_ in made.items()))
"""


def test_those_who_change_their_passwords_at_once_have_their_own() -> None:
    """The password server has a thread for each; a process of its own, since it crashed."""
    folder = str(resources.folder("templates") / "accounts")
    argv = [sys.executable, "-I", "-B", "-c", _AT_ONCE, folder]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "24\n"), done.stderr


def test_a_password_takes_the_place_of_the_old_one_alone(places: Any) -> None:
    with host.locked(places):
        passwords.put(places, "rl204", "{CRYPT}new")
        passwords.put(places, "km217", "{CRYPT}first")
    assert places.passwords.read_text() == "# first passwords\nrl204:{CRYPT}new\nkm217:{CRYPT}first\n"
    assert places.passwords.stat().st_mode & 0o777 == 0o640
    with host.locked(places):
        passwords.drop(places, "rl204")
    assert places.passwords.read_text() == "# first passwords\nkm217:{CRYPT}first\n"


def test_two_changes_in_a_second_have_two_times(places: Any) -> None:
    """Dovecot reads a file anew when its time in whole seconds, or its size, is another one."""
    times = []
    for number in range(3):
        host.write(places.passwords, f"rl204:{number}\n")
        times.append(int(places.passwords.stat().st_mtime))
    assert len(set(times)) == 3


# ---- suspension


def test_suspending_writes_all_lists_and_resuming_empties_them(places: Any) -> None:
    with host.locked(places):
        assert suspended.add(places, "km217", "phished", "anna")
        assert not suspended.add(places, "km217", "again", "bert")
    assert places.suspended.read_text().endswith("\nkm217:::::::nopassword=y\n")
    assert places.mailer.read_text() == "km217\n"
    assert suspended.known(places)["km217"].reason == "phished"
    with host.locked(places):
        assert suspended.take(places, "km217")
        assert not suspended.take(places, "km217")
    assert "km217" not in places.suspended.read_text()
    assert places.mailer.read_text() == ""


def run(places: Any, *argv: str, **parts: object) -> dict[str, Any]:
    asked = command.parser().parse_args(argv)
    answer: dict[str, Any] = command._ACTS[asked.act](settings(**parts), places, asked)
    return answer


def test_the_command_suspends_and_says_where_else(places: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspended, "end_sessions", lambda *_: None)
    answer = run(places, "suspend", "KM217", "--reason", "phished")
    assert answer["also_on"] == ["store2.college.ac.uk"]
    assert any(line.startswith("suspended km217 ") and "reason=phished" in line for line in places.said)
    assert run(places, "show", "km217")["state"] == "suspended"
    assert run(places, "show", "km217")["suspended_reason"] == "phished"
    assert run(places, "resume", "km217")["resumed"]
    assert run(places, "show", "km217")["state"] == "no password"
    with pytest.raises(host.AccountError, match="not described"):
        run(places, "suspend", "nobody", "--reason", "x")


def test_the_command_sets_first_and_new_passwords(places: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []
    monkeypatch.setattr(suspended, "end_sessions", lambda login, *_: ended.append(login))
    new = run(places, "create", "k.marx@chem.college.ac.uk", "--random")["password"]
    assert passwords.fault(new, "km217") == ""
    assert not any(new in line for line in places.said)
    with pytest.raises(host.AccountError, match="has a password already"):
        run(places, "create", "km217", "--random")
    assert ended == []
    run(places, "password", "km217", "--random")
    assert ended == ["km217"]
    with pytest.raises(host.AccountError, match="kept on store2"):
        run(places, "password", "far1", "--random")
    with pytest.raises(host.AccountError, match="in the directory"):
        run(places, "password", "km217", "--random", passwords="directory")
    monkeypatch.setattr(command.sys, "stdin", __import__("io").StringIO("short\n"))
    with pytest.raises(host.AccountError, match="no good password"):
        run(places, "password", "km217", "--stdin")


def test_the_list_has_everybody_once(places: Any) -> None:
    rows = {row["login"]: row["state"] for row in run(places, "list")["accounts"]}
    assert rows == {"km217": "no password", "rl204": "active", "far1": "active", "webforms": "no password"}


# ---- those who have left


def box(places: Any, login: str) -> Path:
    folder: Path = places.mail / login
    (folder / "Maildir/new").mkdir(parents=True)
    (folder / "Maildir/new/1").write_text("mail")
    return folder


def sweep(places: Any, day: date, **parts: object) -> Any:
    with host.locked(places):
        return removed.sweep(settings(**parts), places, day)


@pytest.fixture
def gone(places: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(suspended, "end_sessions", lambda *_: None)
    for login in ("km217", "far1", "old1"):
        box(places, login)
    box(places, ".set-aside")
    return places


def test_mail_of_who_has_left_is_kept_for_the_grace_and_then_deleted(gone: Any) -> None:
    with host.locked(gone):
        passwords.put(gone, "old1", "{CRYPT}x")
    (left,), purged = sweep(gone, TODAY)
    assert (left.login, left.until, purged) == ("old1", TODAY + timedelta(days=90), [])
    assert sweep(gone, TODAY + timedelta(days=89))[1] == []
    assert (gone.mail / "old1").is_dir()
    assert sweep(gone, TODAY + timedelta(days=90)) == ([], ["old1"])
    assert sorted(path.name for path in gone.mail.iterdir()) == [".set-aside", "far1", "km217"]
    assert "old1" not in gone.passwords.read_text()
    assert [line.split()[0] for line in gone.said] == ["left", "purged"]


def test_who_comes_back_has_their_mail_and_a_new_grace(gone: Any) -> None:
    sweep(gone, TODAY)
    gone.logins.write_text(LOGINS + "old1:::::::noauthenticate=y\n")
    assert sweep(gone, TODAY + timedelta(days=100)) == ([], [])
    assert (gone.mail / "old1/Maildir/new/1").read_text() == "mail"
    gone.logins.write_text(LOGINS)
    (left,), _ = sweep(gone, TODAY + timedelta(days=101))
    assert left.since == TODAY + timedelta(days=101)


def test_nothing_is_deleted_where_the_list_is_away_or_would_have_too_many_go(gone: Any) -> None:
    gone.logins.unlink()
    with pytest.raises(host.AccountError, match="not there"):
        sweep(gone, TODAY)
    gone.logins.write_text(LOGINS)
    for number in range(11):
        box(gone, f"many{number}")
    sweep(gone, TODAY)
    with pytest.raises(host.AccountError, match="12 logins"):
        sweep(gone, TODAY + timedelta(days=90))
    assert (gone.mail / "many0").is_dir()


def test_a_directory_that_does_not_answer_deletes_nobody(gone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "ask", lambda *_: (75, ""))
    with pytest.raises(host.AccountError, match="does not answer"):
        sweep(gone, TODAY, people="directory")
    monkeypatch.setattr(people, "ask", lambda argv, *_: (67 if argv[-1] == "old1" else 0, "home\n"))
    assert [one.login for one in sweep(gone, TODAY, people="directory")[0]] == ["old1"]


def test_removing_at_once_is_for_those_who_have_left(gone: Any) -> None:
    with pytest.raises(host.AccountError, match="is described"):
        run(gone, "remove", "km217", "--now", "--yes")
    assert "until" in run(gone, "remove", "old1")
    with pytest.raises(host.AccountError, match="--yes"):
        run(gone, "remove", "old1", "--now")
    assert run(gone, "remove", "old1", "--now", "--yes")["purged"]
    assert not (gone.mail / "old1").exists()
    assert (gone.mail / "km217").is_dir()


# ---- the password server


class Dovecot:
    """Says as Dovecot does whether a password is right: rl204's is ``the right one``."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.temporary = False
        self.asked: list[str] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self.path)
        self._listening.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listening.accept()
            except OSError:
                return
            stream = peer.makefile("rwb", buffering=0)
            stream.readline()
            stream.readline()
            stream.write(b"VERSION\t1\t2\nMECH\tPLAIN\nSPID\t1\nDONE\n")
            line = stream.readline().decode()
            self.asked.append(line)
            said = base64.b64decode(line.rpartition("resp=")[2]).decode().split("\0")
            if self.temporary:
                stream.write(b"FAIL\t1\tuser=rl204\ttemp\n")
            elif said == ["", "rl204", "the right one"]:
                stream.write(b"OK\t1\tuser=rl204\n")
            else:
                stream.write(b"FAIL\t1\tuser=x\n")
            peer.close()

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def dovecot(tmp_path: Path) -> Iterator[Dovecot]:
    made = Dovecot(tmp_path / "auth")
    yield made
    made.close()


def talk(places: Any, dovecot: Dovecot, *lines: str) -> list[str]:
    one = server.Talk(settings(), places, "198.51.100.80", dovecot.path)
    return [one.answer(line)[:3] for line in lines]


def test_somebody_changes_their_password(places: Any, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspended, "end_sessions", lambda *_: None)
    monkeypatch.setattr(server, "SETTLED", 0)
    places.logins.write_text(LOGINS + "rosa@college.ac.uk:::::::user=rl204 noauthenticate=y\n")
    lines = ("USER Rosa@college.ac.uk", "PASS the right one", "NEWPASS a quite other one", "QUIT")
    assert talk(places, dovecot, *lines) == ["300", "200", "200", "200"]
    (line,) = (line for line in places.passwords.read_text().splitlines() if line.startswith("rl204:"))
    assert line.startswith("rl204:{CRYPT}$y$")
    assert "rip=198.51.100.80" in dovecot.asked[0]
    assert not any("one" in line for line in places.said)


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        (("USER rl204", "PASS wrong", "NEWPASS a quite other one"), ["300", "500", "500"]),
        (("NEWPASS a quite other one",), ["500"]),
        (("USER rl204", "NEWPASS a quite other one"), ["300", "500"]),
        (
            ("USER rl204", "PASS the right one", "USER km217", "NEWPASS a quite other one"),
            ["300", "200", "300", "500"],
        ),
        (("USER rl204", "PASS the right one", "NEWPASS rl204rl204"), ["300", "200", "500"]),
        (("USER rl204", "PASS the right one", "NEWPASS the right one"), ["300", "200", "500"]),
        (("USER ../../etc/x", "PASS x"), ["500", "500"]),
        (("USER stranger@college.ac.uk", "PASS x"), ["500", "500"]),
        (("USER far1", "PASS the right one"), ["300", "500"]),
        (("VRFY x",), ["500"]),
    ],
)
def test_nobody_else_does(places: Any, dovecot: Dovecot, lines: tuple[str, ...], answers: list[str]) -> None:
    before = places.passwords.read_text()
    assert talk(places, dovecot, *lines) == answers
    assert places.passwords.read_text() == before


@pytest.mark.parametrize("act", ["password", "suspend", "purge"])
def test_what_an_operator_does_meanwhile_stays(
    places: Any, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """Whoever has got hold of the old password does not undo that it was taken from them."""
    monkeypatch.setattr(suspended, "end_sessions", lambda *_: None)
    monkeypatch.setattr(server, "SETTLED", 0)
    one = server.Talk(settings(), places, "198.51.100.80", dovecot.path)
    assert [one.answer(line)[:3] for line in ("USER rl204", "PASS the right one")] == ["300", "200"]
    with host.locked(places):
        if act == "password":
            passwords.put(places, "rl204", "{CRYPT}the operator's")
        elif act == "suspend":
            suspended.add(places, "rl204", "phished", "root")
        else:
            passwords.drop(places, "rl204")
    before = places.passwords.read_text()
    assert one.answer("NEWPASS a quite other one")[:3] == "500"
    assert one.answer("NEWPASS a quite other one")[:3] == "500"
    assert places.passwords.read_text() == before


def test_three_wrong_ones_end_it_and_so_does_a_dovecot_that_cannot_say(places: Any, dovecot: Dovecot) -> None:
    one = server.Talk(settings(), places, "198.51.100.80", dovecot.path)
    one.answer("USER rl204")
    for _ in range(3):
        assert not one.over
        one.answer("PASS wrong")
    assert one.over
    dovecot.temporary = True
    one = server.Talk(settings(), places, "198.51.100.80", dovecot.path)
    one.answer("USER rl204")
    assert "later" in one.answer("PASS the right one")
    assert one.over


def served(places: Any, **realms: tuple[str, str]) -> None:
    """Customers that are not over: their realm and state."""
    rows = {name: {"realm": realm, "state": state} for name, (realm, state) in realms.items()}
    places.at(removed.SERVED).write_text(json.dumps({"customers": rows}))


def shared(places: Any, *realms: str, broken: str = "") -> None:
    """The host is one that customers share, and has mail of one of each realm."""
    for path in (removed.SHARED, removed.FRAGMENTS + "/valley.tables", removed.REALMS):
        places.at(path).parent.mkdir(parents=True, exist_ok=True)
        places.at(path).write_text("{}")
    rows = {realm: {"customer": realm.partition(".")[0], "over": ""} for realm in realms}
    places.at(removed.REALMS).write_text(broken or json.dumps({"realms": rows}))
    served(places)
    for realm in realms:
        box(places, f"{realm}/ab1")


def test_mail_of_customers_is_no_login_s_that_has_left(places: Any) -> None:
    shared(places, "valley.ac.uk", "hill.sch.uk")
    box(places, "old1")
    (left,), _ = sweep(places, TODAY)
    assert left.login == "old1"
    assert sweep(places, TODAY + timedelta(days=1000))[1] == ["old1"]
    assert (places.mail / "valley.ac.uk/ab1").is_dir()
    with pytest.raises(host.AccountError, match="customer's realm"):
        removed.purge(places, "hill.sch.uk", "root")
    assert (places.mail / "hill.sch.uk/ab1").is_dir()


@pytest.mark.parametrize("broken", ["", "[]", "{", '{"realms": 3}'])
def test_where_realms_are_in_doubt_nobody_has_left(places: Any, broken: str) -> None:
    shared(places, "valley.ac.uk", broken=broken or "x")
    if not broken:
        places.at(removed.REALMS).unlink()
    with pytest.raises(host.AccountError, match="nothing is taken to have left"):
        sweep(places, TODAY + timedelta(days=1000))
    assert (places.mail / "valley.ac.uk/ab1").is_dir()


def test_a_shared_host_that_no_customer_has_come_to_has_none(places: Any) -> None:
    shared(places)
    places.at(removed.REALMS).unlink()
    places.at(removed.FRAGMENTS + "/valley.tables").unlink()
    assert removed.realms(places) == frozenset()


def ends(places: Any, realm: str, day: str) -> None:
    said = json.loads(places.at(removed.REALMS).read_text())
    said["realms"][realm]["over"] = day
    places.at(removed.REALMS).write_text(json.dumps(said))


def test_mail_of_a_customer_goes_when_its_last_day_is_over_and_was_known_to_be(places: Any) -> None:
    shared(places, "valley.ac.uk", "hill.sch.uk")
    assert removed.let_go(places, TODAY) == []
    ends(places, "hill.sch.uk", TODAY.isoformat())
    assert removed.let_go(places, TODAY) == []  # it is the last day
    assert removed.let_go(places, TODAY + timedelta(days=1)) == []
    assert removed.let_go(places, TODAY + timedelta(days=7)) == []
    assert (places.mail / "hill.sch.uk/ab1").is_dir()
    assert removed.let_go(places, TODAY + timedelta(days=8)) == ["hill.sch.uk"]
    assert [path.name for path in places.mail.iterdir()] == ["valley.ac.uk"]
    assert removed.let_go(places, TODAY + timedelta(days=9)) == []
    assert [line.split()[0] for line in places.said] == ["over", "purged"]


@pytest.mark.parametrize(
    ("name", "state", "stays"),
    [
        ("hill", "active", True),
        ("hill", "stopped", True),
        ("hill", "closed", False),
        ("heir", "active", True),
        ("heir", "closed", True),
    ],
)
def test_mail_of_a_realm_that_is_served_stays_whatever_is_said_of_it(
    places: Any, name: str, state: str, stays: bool
) -> None:
    shared(places, "hill.sch.uk")
    ends(places, "hill.sch.uk", "2025-01-01")
    served(places, **{name: ("hill.sch.uk", state), "other": ("other.ac.uk", "active")})
    removed.let_go(places, TODAY)
    assert (removed.let_go(places, TODAY + timedelta(days=30)) == []) is stays
    assert (places.mail / "hill.sch.uk/ab1").is_dir() is stays


@pytest.mark.parametrize("broken", [None, "", "{}", '{"customers": {"hill": 3}}'])
def test_where_it_is_in_doubt_who_is_served_nothing_is_deleted(places: Any, broken: str | None) -> None:
    shared(places, "hill.sch.uk")
    removed.let_go(places, TODAY)
    ends(places, "hill.sch.uk", "2025-01-01")
    places.at(removed.SERVED).unlink()
    if broken is not None:
        places.at(removed.SERVED).write_text(broken)
    for days in (0, 30):
        with pytest.raises(host.AccountError, match="no customer is taken to be over"):
            removed.let_go(places, TODAY + timedelta(days=days))
    assert (places.mail / "hill.sch.uk/ab1").is_dir()


def secrets_of(places: Any, name: str, realm: str) -> Path:
    """The customer has passwords, and one of its logins is suspended, as is one of another."""
    path: Path = places.customers / f"{name}.passwords"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("ab1:{CRYPT}x\n")
    suspended.save(
        places, {f"ab1@{realm}": suspended.Suspension("", "", ""), "km217": suspended.Suspension("", "", "")}
    )
    return path


@pytest.mark.parametrize("before", ["mail", "no mail", "half deleted"])
def test_who_is_over_is_forgotten_with_passwords_and_suspensions(places: Any, before: str) -> None:
    shared(places, "hill.sch.uk")
    ends(places, "hill.sch.uk", "2025-01-01")
    passwords = secrets_of(places, "hill", "hill.sch.uk")
    folder = places.mail / "hill.sch.uk"
    if before == "half deleted":
        folder.rename(places.mail / ".deleted.hill.sch.uk")
    elif before == "no mail":
        shutil.rmtree(folder)
    removed.let_go(places, TODAY)
    removed.let_go(places, TODAY + timedelta(days=6))
    assert passwords.exists()
    assert set(suspended.known(places)) == {"ab1@hill.sch.uk", "km217"}
    removed.let_go(places, TODAY + timedelta(days=7))
    assert not passwords.exists()
    assert set(suspended.known(places)) == {"km217"}
    assert list(places.mail.iterdir()) == []


def test_passwords_of_who_has_the_name_now_stay(places: Any) -> None:
    shared(places, "hill.sch.uk")
    ends(places, "hill.sch.uk", "2025-01-01")
    served(places, hill=("new.sch.uk", "active"))
    passwords = secrets_of(places, "hill", "new.sch.uk")
    for days in (0, 7, 8):
        removed.let_go(places, TODAY + timedelta(days=days))
    assert passwords.exists()
    assert "ab1@new.sch.uk" in suspended.known(places)
    assert not (places.mail / "hill.sch.uk").exists()


@pytest.mark.parametrize("day", ["", "soon", "2027-11-24"])
def test_a_customer_that_stays_or_was_put_right_keeps_its_mail(places: Any, day: str) -> None:
    shared(places, "valley.ac.uk")
    ends(places, "valley.ac.uk", "2025-11-24")  # meant was 2027
    assert removed.let_go(places, TODAY) == []
    ends(places, "valley.ac.uk", day)
    assert removed.let_go(places, TODAY + timedelta(days=5)) == []
    ends(places, "valley.ac.uk", "2025-11-24")
    assert removed.let_go(places, TODAY + timedelta(days=8)) == []  # the days begin anew
    assert (places.mail / "valley.ac.uk/ab1").is_dir()


def test_what_a_customers_folder_links_to_is_not_deleted(places: Any, tmp_path: Path) -> None:
    shared(places, "valley.ac.uk")
    box(places, "km217")
    (places.mail / "old.ac.uk").symlink_to(places.mail / "km217")
    said = json.loads(places.at(removed.REALMS).read_text())
    for realm in ("old.ac.uk", "../etc", "."):
        said["realms"][realm] = {"customer": "old", "over": "2025-01-01"}
    places.at(removed.REALMS).write_text(json.dumps(said))
    removed.let_go(places, TODAY)
    assert removed.let_go(places, TODAY + timedelta(days=30)) == []
    assert (places.mail / "km217/Maildir/new/1").exists()
    assert places.at("/etc").is_dir()


# ---- what is counted

LINES = (Path(__file__).parents[1] / "support/usage.log").read_text()


@pytest.fixture
def counted(tmp_path: Path) -> Any:
    log = tmp_path / "mail.log"
    earlier, today = (
        LINES.encode().rpartition(b"2026-11-24")[0],
        LINES.encode()[LINES.encode().rfind(b"2026-11-24") :],
    )
    (tmp_path / "mail.log-20261124.gz").write_bytes(gzip.compress(earlier[:900]) + gzip.compress(earlier[900:]))
    log.write_bytes(today)
    return usage.Settings(HOST, {HOST: str(log)}, frozenset({"198.51.100.25"}), True, True)


def test_a_day_is_counted(counted: Any) -> None:
    day = usage.read(counted, [TODAY - timedelta(days=1)])[TODAY - timedelta(days=1)]
    assert day.counts == Counter(
        imap=2,
        pop3=1,
        webmail=1,
        submission=1,
        out_messages=1,
        out_octets=1000,
        in_messages=1,
        in_octets=2000,
        delivered=1,
        sent_on=1,
    )
    assert day.active == {"km217", "rl204", "sr120"}
    assert day.stores == {HOST: {"mailboxes": 40, "octets": 1048576, "full": 2}}


def test_months_outlive_the_log_and_name_nobody(counted: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert usage.night(counted, state, TODAY) == 54  # all that are over; of one there is a log
    assert usage.night(counted, state, TODAY) == 0
    said = usage.report(counted, state, "2026-11", TODAY)
    assert said["days"] == 2
    assert usage.report(counted, state, "2026-10", TODAY)["days"] == 0
    assert (said["active_users"], said["sign_ins"]["imap"], said["storage"]["over_90_percent"]) == (3, 3, 2)
    for path in state.glob("*.json"):
        assert not any(login in path.read_text() for login in ("km217", "rl204", "sr120"))
    open_month = json.loads((state / "2026-11.json").read_text())
    assert open_month["key"]
    for path in tmp_path.glob("mail.log*"):
        path.unlink()
    usage.night(counted, state, date(2026, 12, 2))
    closed = json.loads((state / "2026-11.json").read_text())
    assert (closed["key"], closed["active"], closed["number"]) == ("", [], 3)
    later = usage.report(counted, state, "2026-11", date(2027, 6, 1))
    assert (later["active_users"], later["messages"]["in"]) == (3, 1)
    assert usage.report(counted, state, "2020-01", TODAY)["days"] == 0


def test_the_report_for_people_has_every_sum(counted: Any, tmp_path: Path) -> None:
    usage.night(counted, tmp_path / "state", TODAY)
    words = "\n".join(usage.text(usage.report(counted, tmp_path / "state", "2026-11", TODAY)))
    for what in ("active users", "sign-ins, webmail", "messages in", "mailboxes", "over 90 %"):
        assert what in words


def test_the_report_says_whose_mail_is_not_in_it(
    counted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage.night(counted, tmp_path / "state", TODAY)
    monkeypatch.setattr(usage, "STATE", tmp_path / "state")
    for elsewhere, wanted in (((), False), (("mx2.college.ac.uk",), True)):
        monkeypatch.setattr(usage, "read_settings", lambda found=elsewhere: replace(counted, elsewhere=found))
        assert usage.main(["--month", "2026-11"]) == 0
        assert ("mx2.college.ac.uk" in capsys.readouterr().out) is wanted
        assert usage.main(["--month", "2026-11", "--json"]) == 0
        assert json.loads(capsys.readouterr().out).get("not_counted") == (list(elsewhere) or None)


def test_the_last_sign_in_is_found(counted: Any) -> None:
    log = next(iter(counted.logs.values()))
    assert signins.last_sign_in("rl204", log) == "2026-11-23T08:00:01.1+00:00 imap from 2001:db8::7"
    assert signins.last_sign_in("km217", log).startswith("2026-11-24")
    assert signins.last_sign_in("evil", log) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Successful login for km217 (ID: 1) from 198.51.100.7 in session 1a2b",
        "<1a2b> Successful login for km217 (ID: 1) from 2001:db8::7 (X-Real-IP: in session x) in session 1a2b",
    ],
)
def test_roundcube_says_who_signed_in(text: str) -> None:
    found = signins.WEBMAIL.fullmatch(text)
    assert found
    assert found[1] == "km217"
    assert signins.WEBMAIL.fullmatch(text.replace("Successful", "Failed")) is None


def test_what_doveadm_says_of_a_quota() -> None:
    table = "Quota name\tType\tValue\tLimit\t%\nUser quota\tSTORAGE\t10\t100\t10\nUser quota\tMESSAGE\t1\t-\t0\n"
    assert people.parse_quota(table) == people.Quota(10240, 102400)
    assert people.parse_quota(table.replace("\t100\t", "\t-\t")).limit == 0
    assert people.parse_quota("") is None
