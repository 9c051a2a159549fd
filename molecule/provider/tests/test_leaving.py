"""A customer that leaves, by its dates: mail is fetched and not taken; then the logins go; then it is over."""

from __future__ import annotations

import imaplib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from mailwright.audit import letters, mailboxes, posting, roads
from mailwright.provider import tables
from mailwright.provider.model import Leaving

STORE = "mail.hosting.example"
LEAVER = "abbey"


def leaving(customers: Any, *days: int) -> str:
    """The fragment of the customer, who leaves so many days from now: mail, mailboxes, logs."""
    one = next(one for one in customers.platform.prepared.hosted if one.head.id == LEAVER)
    today = date.today()
    dates = Leaving(*(today + timedelta(days=each) for each in days), where=one.head.where)
    head = replace(one.head, leaving=dates)
    return tables.render(one.plan, head, head.state(today))


def answer(customers: Any, recipient: str) -> int:
    context = customers.platform.stage.context()
    codes = set()
    for door in roads.doors(context, "outside", "smtp"):
        content = letters.letter(letters.token(), f"<{posting.outsider(context)}>", f"<{recipient}>")
        codes.add(posting.delivered_directly(context, door, posting.outsider(context), recipient, content).code)
    assert len(codes) == 1
    return codes.pop()


def submits(customers: Any, account: Any) -> bool:
    context = customers.platform.stage.context()
    door = roads.doors(context, "outside", "submission")[0]
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
        return dialogue.login(account.login, account.password).code == 235


def fetches(customers: Any, account: Any) -> bool:
    context = customers.platform.stage.context()
    door = roads.doors(context, "outside", "imaps")[0]
    with roads.vantage(context, "outside").enter(), mailboxes.connected(context, door) as session:
        try:
            session.login(account.login, account.password)
            return bool(session.select("INBOX", readonly=True)[1][0] != b"0")
        except imaplib.IMAP4.error:
            return False


def test_one_step_after_the_other(customers: Any, as_built: Callable[[], Any]) -> None:
    guest = customers.guest(LEAVER)
    who = roads.anybody(customers.platform.context(guest))
    other = roads.anybody(customers.platform.context(customers.guest("school")))
    mark = letters.token()
    content = letters.letter(mark, "<x@foreign.example>", f"<{who.published}>")
    context = customers.platform.context(guest)
    door = roads.doors(context, "outside", "smtp")[0]
    assert posting.delivered_directly(context, door, "x@foreign.example", who.published, content).accepted
    assert mailboxes.holding(context, who.login, (mark,))[mark] == 1
    assert (submits(customers, who.account), fetches(customers, who.account)) == (True, True)
    folder = f"/var/vmail/{guest.realm}"
    for days, state, fetched in (((-1, 10, 20), "stopped", True), ((-20, -1, 20), "closed", False)):
        done = customers.apply(customers.build(abbey=leaving(customers, *days)))
        assert done.status == 0, done.words
        assert state in customers.on(STORE, "mailwright-customers", "list")
        assert answer(customers, who.published) in (550, 554)
        assert (submits(customers, who.account), fetches(customers, who.account)) == (False, fetched)
        assert answer(customers, other.published) == 250
        customers.on(STORE, "test", "-d", folder)
    early = leaving(customers, -20, -10, 20).replace("state closed", "state over")
    refused = customers.judged(abbey="\n".join(early.split("\n")[:7]) + "\n")
    assert set(refused) == {LEAVER}, "the host's own clock says that it is not over yet"
    done = customers.apply(customers.build(abbey=leaving(customers, -20, -10, -1)))
    assert done.status == 0, done.words
    assert "over" in customers.on(STORE, "mailwright-customers", "list")
    assert (submits(customers, who.account), fetches(customers, who.account)) == (False, False)
    as_built()
    assert answer(customers, who.published) == 250


@pytest.mark.usefixtures("as_built")
def test_nobody_else_s_dates_are_touched(customers: Any) -> None:
    listed = customers.on(STORE, "mailwright-customers", "list")
    assert listed.count("active") == len(customers.platform.prepared.guests)
