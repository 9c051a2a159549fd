"""Suspending and counting, and hosts on which neither does what it should."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from mailwright.audit import accounts, webmail
from mailwright.audit.model import Account, Context
from mailwright.audit.roads import Person
from mailwright.audit.web import Page
from mailwright.findings import Status
from support.probing import failures, verdict
from support.web_site import Answer, web_site

PROBES = {probe.id: probe for probe in accounts.PROBES}


@dataclass
class Host:
    """The commands of a host. What it does wrong is what differs from the defaults."""

    counts: bool = True
    nobody: bool = False
    suspends: bool = True
    resumes: bool = True
    closed: bool = False  # nobody is let in at all
    broken: bool = False
    signed_in: int = 0
    out: str = ""  # who is suspended

    def run(self, _host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:
        del timeout
        if self.broken:
            return 127, "no such command"
        if argv[0] == "mailwright-usage":
            count = self.signed_in if self.counts else 0
            said = {"sign_ins": {"webmail": 0, "imap": count}, "active_users": 0 if self.nobody else 1}
            return 0, json.dumps(said)
        if argv[1] == "suspend" and self.suspends:
            self.out = argv[2]
        if argv[1] == "resume" and self.resumes:
            self.out = ""
        return 0, ""

    def tried(self, _context: Context, who: Person) -> Iterator[tuple[str, bool]]:
        for door in ("the store", "submission"):
            yield door, who.login != self.out and not self.closed


def look(id_: str, host: Host, monkeypatch: pytest.MonkeyPatch) -> tuple[Status, list[str]]:
    def signed_in(*_: object) -> tuple[object, Page]:
        host.signed_in += 1
        return object(), Page(200, "OK", "text/html", b"")

    monkeypatch.setattr(accounts, "_tried", host.tried)
    monkeypatch.setattr(accounts, "_WAIT", 0.0)
    monkeypatch.setattr(accounts, "_PAUSE", 0.0)
    monkeypatch.setattr(webmail, "signed_in", signed_in)
    with web_site(lambda _asked: Answer(404)) as context:
        mine = (Account("km217", "right"),)
        found, seen = verdict(PROBES[id_], replace(context, shell=host, accounts=mine))
        return found, failures(seen)


@pytest.mark.parametrize("id_", PROBES)
def test_where_all_is_well(id_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(id_, Host(), monkeypatch) == (Status.PASS, [])


@pytest.mark.parametrize(
    ("id_", "host", "wanted"),
    [
        ("accounts.usage", Host(counts=False), Status.FAIL),
        ("accounts.usage", Host(nobody=True), Status.FAIL),
        ("accounts.suspended", Host(suspends=False), Status.FAIL),
        ("accounts.suspended", Host(resumes=False), Status.NOT_PROVEN),
        ("accounts.suspended", Host(closed=True), Status.NOT_PROVEN),
    ],
)
def test_what_is_not_as_it_should_be(id_: str, host: Host, wanted: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    found, words = look(id_, host, monkeypatch)
    assert found is wanted, words


@pytest.mark.parametrize("id_", PROBES)
def test_commands_that_are_not_there(id_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="no such command"):
        look(id_, Host(broken=True), monkeypatch)
