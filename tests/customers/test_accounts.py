"""Logins of customers on shared hosts: mailwright-account, the report of throttling and fail2ban know them."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailwright import resources

PEOPLE = """\
# made
ada@college.ac.uk:::::::noauthenticate=y
bob@college.ac.uk:::::::noauthenticate=y
forms@college.ac.uk:::::::noauthenticate=y nologin=y
ada.byron@college.ac.uk:::::::user=ada@college.ac.uk noauthenticate=y
at/ada@college.ac.uk:::::/var/vmail/college.ac.uk/ada::userdb_quota_storage_size=1B
to/ada.byron@college.ac.uk:::::/var/vmail/college.ac.uk/ada::userdb_user=ada@college.ac.uk
"""
REALMS = '{"realms": {"college.ac.uk": {"customer": "college", "over": ""}}}'


def _module(name: str) -> ModuleType:
    for folder in ("accounts", "logs"):
        path = str(resources.folder("templates") / folder)
        if path not in sys.path:
            sys.path.append(path)
    return importlib.import_module(f"mailwright_accounts.{name}")


host, people, passwords, suspended, removed, command = (
    _module(name) for name in ("host", "people", "passwords", "suspended", "removed", "command")
)
SETTINGS = host.Settings(
    "mail.hosting.example",
    True,
    True,
    ("mail.hosting.example",),
    ("mail.hosting.example",),
    "here",
    "tables",
    90,
    10,
    (),
)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = host.Places(tmp_path)
    for folder in (
        "etc/dovecot/customers",
        "etc/postfix",
        "etc/mailwright/customers",
        "var/lib/mailwright-customers",
    ):
        (tmp_path / folder).mkdir(parents=True)
    for login in ("college.ac.uk/ada", "college.ac.uk/eve", "college.ac.uk/bob", "ada"):
        (tmp_path / "var/vmail" / login).mkdir(parents=True)
    made.logins.write_text("ada:::::::noauthenticate=y\n")
    made.passwords.write_text("ada:{CRYPT}platform\n")
    made.people("college.ac.uk").write_text(PEOPLE)
    (made.customers / "college.passwords").write_text("bob:{CRYPT}bob\n")
    (made.customers / "college.ac.uk.passwords").symlink_to("college.passwords")
    made.at("/var/lib/mailwright-customers/realms.json").write_text(REALMS)
    monkeypatch.setattr(host.os, "geteuid", lambda: 1000)
    for module in (command, removed):
        monkeypatch.setattr(module, "note", lambda *_: None)
    for module in (suspended, people, command):
        monkeypatch.setattr(module, "ask", lambda *_: (127, ""))
    monkeypatch.setattr(suspended, "end_sessions", lambda *_: None)
    return made


def act(places: Any, *argv: str) -> dict[str, Any]:
    asked = command.parser().parse_args(argv)
    found: dict[str, Any] = command._ACTS[asked.act](SETTINGS, places, asked)
    return found


def test_a_first_password_goes_into_the_customer_s_own_file(places: Any) -> None:
    said = act(places, "create", "Ada.Byron@college.ac.uk", "--random")
    assert said["login"] == "ada@college.ac.uk"
    lines = (places.customers / "college.passwords").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["bob", "ada"]
    assert (places.customers / "college.ac.uk.passwords").is_symlink()
    assert places.passwords.read_text() == "ada:{CRYPT}platform\n"
    with pytest.raises(host.AccountError, match="has a password already"):
        act(places, "create", "ada@college.ac.uk", "--random")
    assert act(places, "show", "ada@college.ac.uk")["state"] == "active"


def test_the_platform_s_own_login_of_the_same_name_is_another(places: Any) -> None:
    act(places, "password", "ada", "--random")
    assert "ada:" not in (places.customers / "college.passwords").read_text()
    assert act(places, "suspend", "ada@college.ac.uk", "--reason", "phished")["state"] == "suspended"
    assert act(places, "show", "ada")["state"] == "active"
    assert places.mailer.read_text() == "ada@college.ac.uk\n"
    assert act(places, "resume", "ada@college.ac.uk")["resumed"]


@pytest.mark.parametrize(
    "name", ["nobody@college.ac.uk", "ada@school.ac.uk", "to/x@college.ac.uk", "ada@../etc", "ada@"]
)
def test_nobody_else_is_known(places: Any, name: str) -> None:
    with pytest.raises(host.AccountError):
        act(places, "password", name, "--random")


def test_a_realm_s_logins_are_listed_by_themselves(places: Any) -> None:
    rows = act(places, "list", "--realm", "college.ac.uk")["accounts"]
    assert {row["login"]: row["state"] for row in rows} == {
        "ada@college.ac.uk": "no password",
        "bob@college.ac.uk": "active",
        "forms@college.ac.uk": "no password",
    }
    assert [row["login"] for row in act(places, "list")["accounts"]] == ["ada"]


def test_mail_of_customers_stays_and_one_s_goes_when_it_is_said(places: Any) -> None:
    assert removed.mailboxes(places) == ["ada"]
    assert "as long as its customer" in act(places, "remove", "eve@college.ac.uk")["say"][0]
    assert places.folder_of("eve@college.ac.uk").is_dir()
    with pytest.raises(host.AccountError, match="is described"):
        act(places, "remove", "bob@college.ac.uk", "--now", "--yes")
    assert act(places, "remove", "eve@college.ac.uk", "--now", "--yes")["purged"]
    assert not places.folder_of("eve@college.ac.uk").exists()
    assert places.folder_of("bob@college.ac.uk").is_dir()


def test_what_a_suspended_login_has_in_the_queue_is_found_by_its_fragment(places: Any) -> None:
    fragment = "sender ada.byron@college.ac.uk ada@college.ac.uk\nsender bob@college.ac.uk bob@college.ac.uk\n"
    places.at("/etc/mailwright/customers/college.tables").write_text(fragment)
    assert suspended.addresses_of(places, "ada@college.ac.uk") == {"ada.byron@college.ac.uk"}


LINE = (
    "2027-01-15T10:00:00.000000+00:00 mail rspamd[12]: <1a2b3c>; lua; mailwright.lua:700: throttled: "
    "login {login}, address 203.0.113.9, recipients 7"
)


def test_fail2ban_and_its_report_read_a_login_with_a_realm() -> None:
    folder = resources.folder("templates") / "guard"
    said = (folder / "throttle.filter.j2").read_text()
    form = re.search(r"^failregex = \^(.*)\$$", said, re.MULTILINE)
    assert form is not None
    pattern = form[1].replace("<F-ID>", "(?P<id>").replace("</F-ID>", ")")
    rest = LINE.format(login="ada@college.ac.uk").split(" ", 1)[1]  # fail2ban takes the time out
    found = re.fullmatch(pattern, f" {rest}")
    assert found is not None
    assert found["id"] == "ada@college.ac.uk"
    spec = importlib.util.spec_from_file_location("throttle_report", folder / "mailwright_throttle_report.py")
    assert spec is not None
    assert spec.loader is not None
    report = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(report)
    assert report.LOGIN.fullmatch("ada@college.ac.uk")
    assert report.LINE.fullmatch(LINE.format(login="ada@college.ac.uk"))[2] == "ada@college.ac.uk"
