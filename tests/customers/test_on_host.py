"""A shared host with its customers' tables, asked as its services ask: Dovecot and Postfix of both releases."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from support.native import RELEASES, run
from support.shared_host import LATER, customers_of, files, fragments

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)

ASKED = {
    "sign in": [
        (login, password, service)
        for service in ("imap", "smtp")
        for login, password in (
            ("mpoole@hill.sch.uk", "of-mpoole-school"),
            ("mpoole@hill.sch.uk", "of-mpoole-trust"),
            ("mpoole@riverside.ac.uk", "of-mpoole-trust"),
            ("Mary.Poole@hill.sch.uk", "of-mpoole-school"),
            ("mark.poole@riverside.ac.uk", "of-mpoole-trust"),
            ("mpoole", "of-mpoole-school"),
            ("mpoole@valley.ac.uk", "of-mpoole-school"),
            ("tbell@hill.sch.uk", "of-tbell-school"),
            ("aowen", "of-aowen"),
            ("ada.owen@hosting.example", "of-aowen"),
            ("aowen@hill.sch.uk", "of-aowen"),
            ("aowen@hosting.example", "of-aowen"),
            ("lmarsh@abbey.ac.uk", "of-lmarsh-abbey"),
            ("lena.marsh@abbey.ac.uk", "of-lmarsh-abbey"),
            ("forms@valley.ac.uk", "of-forms-college"),
            ("mpoole@..", "of-mpoole-school"),
            ("mpoole@hill.sch.uk.", "of-mpoole-school"),
            ("to/mary.poole@hill.sch.uk", ""),
        )
    ],
    "users": [
        "mpoole@hill.sch.uk",
        "mary.poole@hill.sch.uk",
        "mpoole@riverside.ac.uk",
        "aowen",
        "ada.owen@hosting.example",
        "lmarsh@abbey.ac.uk",
        "forms@valley.ac.uk",
        "nobody@hill.sch.uk",
    ],
    "deliver": [
        "mary.poole@hill.sch.uk",
        "mpoole@hill.sch.uk",
        "ada.owen@hosting.example",
        "lena.marsh@abbey.ac.uk",
        "nobody@hill.sch.uk",
        "nobody@hosting.example",
    ],
    "postmap": [
        ("hill.sch.uk", "domains"),
        ("abbey.ac.uk", "domains"),
        ("mary.poole@hill.sch.uk", "mailboxes"),
        ("lena.marsh@abbey.ac.uk", "mailboxes"),
        ("head@hill.sch.uk", "aliases"),
        ("head@hill.sch.uk", "senders"),
        ("mpoole@hill.sch.uk", "mailboxes"),
    ],
}


@cache
def seen(release: str, later: bool = False) -> dict[str, Any]:
    given = {
        **files(release),
        "/test/talk.py": (Path(__file__).parent / "talk.py").read_text(),
        "/test/asked.json": json.dumps(ASKED),
        "/test/logins.json": json.dumps(
            {
                head.id: [
                    *(row.login for row in plan.mailboxes),
                    *{row.login for row in plan.senders if row.automatic},
                ]
                for head, plan in customers_of()
            }
        ),
        **{
            f"/test/fragments/{name}.tables": text for name, text in fragments(*((LATER,) if later else ())).items()
        },
    }
    done = run(release, ["python3", "/test/talk.py"], given, before=(("ip", "link", "set", "lo", "up"),))
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def of(release: str, kind: str, later: bool = False) -> dict[str, Any]:
    return {
        name.removeprefix(kind + " "): value
        for name, value in seen(release, later).items()
        if name.startswith(kind + " ")
    }


@each_release
def test_nothing_is_refused_and_the_second_time_nothing_is_written(release: str) -> None:
    assert seen(release)["assembled"]["broken"] == {}
    assert seen(release)["again"] == {"written": [], "removed": [], "broken": {}}


@each_release
def test_a_login_opens_with_its_own_password_in_its_own_realm_alone(release: str) -> None:
    opened = {name: login for name, login in of(release, "imap").items() if login != "refused"}
    assert opened == {
        "mpoole@hill.sch.uk of-mpoole-school": "mpoole@hill.sch.uk",
        "Mary.Poole@hill.sch.uk of-mpoole-school": "mpoole@hill.sch.uk",
        "mpoole@riverside.ac.uk of-mpoole-trust": "mpoole@riverside.ac.uk",
        "mark.poole@riverside.ac.uk of-mpoole-trust": "mpoole@riverside.ac.uk",
        "aowen of-aowen": "aowen",
        "ada.owen@hosting.example of-aowen": "aowen",
        "lmarsh@abbey.ac.uk of-lmarsh-abbey": "lmarsh@abbey.ac.uk",
        "lena.marsh@abbey.ac.uk of-lmarsh-abbey": "lmarsh@abbey.ac.uk",
        "forms@valley.ac.uk of-forms-college": "forms@valley.ac.uk",
    }, seen(release)["log"]


@each_release
def test_who_leaves_fetches_mail_and_sends_none(release: str) -> None:
    now, then = of(release, "smtp"), of(release, "smtp", later=True)
    assert set(now) == set(then)
    lost = {name for name, said in now.items() if said != then[name]}
    assert lost == {"lmarsh@abbey.ac.uk of-lmarsh-abbey", "lena.marsh@abbey.ac.uk of-lmarsh-abbey"}
    assert {then[name] for name in lost} == {"refused"}
    assert of(release, "imap") == of(release, "imap", later=True)


@each_release
def test_mailboxes_are_below_their_realm(release: str) -> None:
    assert of(release, "user") == {
        "mpoole@hill.sch.uk": "/var/vmail/hill.sch.uk/mpoole",
        "mary.poole@hill.sch.uk": "/var/vmail/hill.sch.uk/mpoole",
        "mpoole@riverside.ac.uk": "/var/vmail/riverside.ac.uk/mpoole",
        "aowen": "/var/vmail/aowen",
        "ada.owen@hosting.example": "/var/vmail/aowen",
        "lmarsh@abbey.ac.uk": "/var/vmail/abbey.ac.uk/lmarsh",
        "forms@valley.ac.uk": "nobody",
        "nobody@hill.sch.uk": "nobody",
    }, seen(release)["log"]


@each_release
def test_mail_is_delivered_by_published_address_and_never_by_login(release: str) -> None:
    assert of(release, "deliver") == {
        "mary.poole@hill.sch.uk": 250,
        "mpoole@hill.sch.uk": 550,
        "ada.owen@hosting.example": 250,
        "lena.marsh@abbey.ac.uk": 250,
        "nobody@hill.sch.uk": 550,
        "nobody@hosting.example": 550,
    }, seen(release)["log"]
    assert of(release, "deliver", later=True)["lena.marsh@abbey.ac.uk"] == 550
    folders = {path.rpartition("/Maildir")[0] for path in seen(release)["mail"]}
    assert folders == {"/var/vmail/hill.sch.uk/mpoole", "/var/vmail/abbey.ac.uk/lmarsh"}


@each_release
def test_postfix_finds_what_the_customer_said(release: str) -> None:
    assert of(release, "domains") == {"hill.sch.uk": "school", "abbey.ac.uk": "abbey"}
    assert of(release, "mailboxes")["mary.poole@hill.sch.uk"] == "mpoole@hill.sch.uk"
    assert of(release, "mailboxes")["mpoole@hill.sch.uk"] == ""
    assert of(release, "aliases") == {"head@hill.sch.uk": "tom.bell@hill.sch.uk"}
    assert of(release, "senders") == {"head@hill.sch.uk": "tbell@hill.sch.uk"}
    gone = {**of(release, "domains", later=True), **of(release, "mailboxes", later=True)}
    assert (gone["abbey.ac.uk"], gone["lena.marsh@abbey.ac.uk"]) == ("", "")
    code, said = seen(release)["postconf"]
    assert code == 0
    assert "warning: " not in said
    assert "cdb:/etc/postfix/customers/domains" in said


@each_release
def test_the_program_asks_the_services_itself(release: str) -> None:
    code, said = seen(release)["check"]
    assert code == 0, said
    warned = [line.split("warning: ")[1] for line in said.splitlines() if "warning: " in line]
    assert {line.split()[0] for line in warned} == {"college", "school", "trust"}, said
    assert all("has no DKIM key on this host" in line for line in warned)
    assert "the tables answer as they should" in said
    assert "school" in seen(release)["list"]


@each_release
def test_a_site_that_becomes_a_platform_is_not_asked_before_its_services_read_customers_files(release: str) -> None:
    code, said = seen(release)["check as a site"]
    assert code == 0, said
    code, said = seen(release)["check without Dovecot"]  # the positive twin: its configuration has them
    assert code == 1
    assert "Dovecot says nothing of joan.west@harbour.ac.uk, and not /var/vmail/harbour.ac.uk/jwest" in said
    assert "Postfix says" not in said
