"""Several stores and a host for submission alone, Dovecot of both releases: who is asked about a login."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from mailwright.components import dovecot
from mailwright.plan import make
from support.example import split, split_hosts
from support.native import RELEASES, run

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)

OWN, OTHER = (
    next(row.address for row in make(split()).routes if row.kind == "mailbox" and row.targets == (login,))
    for login in ("ab011", "ah205")
)
DOVECOT = ("store1", "store2", "smtp")


@cache
def seen(release: str) -> dict[str, object]:
    plan = make(replace(split(), hosts=split_hosts(os=release)))
    files = {"/test/talk.py": (Path(__file__).parent / "stores_talk.py").read_text()}
    for label in DOVECOT:
        host = plan.host(f"{label}.college.ac.uk")
        files |= {f"/site/{host.name}{file.path}": file.text for file in dovecot.files(plan, host)}
    files["/test/talk.py"] = (
        files["/test/talk.py"].replace("own@college.ac.uk", OWN).replace("other@college.ac.uk", OTHER)
    )
    done = run(release, ["python3", "/test/talk.py"], files, before=(("ip", "link", "set", "lo", "up"),))
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads(done.stdout)
    return found


def of(release: str, protocol: str) -> dict[str, object]:
    return {
        name.removeprefix(protocol + " "): value
        for name, value in seen(release).items()
        if name.startswith(protocol + " ") and "while" not in name
    }


@each_release
@pytest.mark.parametrize("protocol", ["imap", "pop", "sieve"])
def test_each_store_opens_every_mailbox_with_its_own_password_alone(release: str, protocol: str) -> None:
    opened = {name for name, said in of(release, protocol).items() if said in ("in", "OK")}
    assert opened == {
        f"{store} {name} {password}"
        for store in ("store1", "store2")
        for name, password in (("ab011", "of-own"), ("ah205", "of-other"), (OWN, "of-own"), (OTHER, "of-other"))
    }


@each_release
def test_a_wrong_password_is_called_wrong_through_the_proxy_too(release: str) -> None:
    refused = {said for said in of(release, "imap").values() if said != "in"}
    assert refused == {"[AUTHENTICATIONFAILED] Authentication failed."}


@each_release
def test_submission_asks_the_store_that_keeps_the_mail(release: str) -> None:
    """The lines that stand in a password file for another host's login open nothing."""
    answers = of(release, "smtp")
    assert {name for name, (answer, _soon) in answers.items() if answer == "OK"} == {  # type: ignore[misc]
        "smtp ab011 of-own",
        "smtp ah205 of-other",
        f"smtp {OTHER} of-other",
        "smtp webforms of-automatic",
    }
    assert {answer for answer, _soon in answers.values()} == {"OK", "FAIL"}  # type: ignore[misc]
    assert all(soon for _answer, soon in answers.values())  # type: ignore[misc]
    assert seen(release)["any service"][0].startswith("FAIL")  # type: ignore[index]


@each_release
def test_a_store_that_is_down_is_a_matter_of_time(release: str) -> None:
    assert seen(release)["smtp while the store is down"] == ["FAIL temporarily", True]


@each_release
def test_mail_comes_over_tls_for_own_mailboxes_alone(release: str) -> None:
    assert seen(release)["deliveries"] == {"starttls": True, "own": 250, "of the other": 550, "delivered": 250}


@each_release
def test_only_these_doors(release: str) -> None:
    assert {host: seen(release)[f"doors {host}"] for host in DOVECOT} == {
        "store1": [24, 993, 995, 4190],
        "store2": [24, 993, 995, 4190],
        "smtp": [],
    }


@each_release
def test_the_store_s_log_has_the_client_s_address_and_not_the_proxy_s(release: str) -> None:
    log = str(seen(release)["log store2"])
    clients = set(re.findall(r"imap-login: Info: Log(?:in|ged in): user=<ah205>.* rip=(\S+),", log))
    assert clients == {"127.0.0.99", "127.0.0.98", "203.0.113.77"}  # by store1, without it, by the submission host
