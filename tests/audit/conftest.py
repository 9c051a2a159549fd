"""Peers instead of hosts: a name server for the foreign domain, mailboxes that the peers filled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from mailwright.audit import mailboxes, smuggling
from mailwright.audit.model import Account, Context
from mailwright.audit.names import Resolver
from support.dns_peer import serving
from support.mail_peer import FOREIGN, Post


@pytest.fixture
def foreign_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    table = {
        (f"{FOREIGN}.", "MX"): [f"10 mx.{FOREIGN}."],
        (f"mx.{FOREIGN}.", "A"): ["203.0.113.25"],
        (f"mx.{FOREIGN}.", "AAAA"): ["2001:db8:ffff::25"],
    }
    with serving(table, monkeypatch) as resolver:
        yield resolver


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let probes look into the mailboxes of the peers, whose post is the context's correspondent."""

    def held(context: Context, login: str, mark: str) -> tuple[bytes, ...]:
        assert isinstance(context.correspondent, Post)
        return tuple(text for text in context.correspondent.boxes.get(login, ()) if mark.encode() in text)

    def holding(context: Context, login: str, marks: Iterable[str], timeout: float = 0) -> dict[str, int]:
        return {mark: len(held(context, login, f"Subject: {mark}")) for mark in marks}

    def messages(context: Context, account: Account, mark: str, timeout: float = 0) -> tuple[bytes, ...]:
        return held(context, account.login, mark)

    monkeypatch.setattr(smuggling, "_SILENCE", 0.03)  # peers on loopback answer at once
    monkeypatch.setattr(mailboxes, "holding", holding)
    monkeypatch.setattr(mailboxes, "messages", messages)
