"""Customers that leave: what has come, what is due next, and by when, for a check or a build to tell (SCALE-2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from mailwright.findings import Finding, Level, Place, Status
from mailwright.provider.model import Head

SOON = timedelta(days=30)
"""Before a day on which something ends it is told for so long."""

_STEPS = "`mailwright new-customer PROVIDER --steps {}` tells the steps, and which records to withdraw when."


def notes(head: Head, today: date) -> Iterator[Finding]:
    """What is to be said of a customer that leaves; nothing of one that stays, or has time.

    It is the same from one day that ``days`` knows to the next, so that a build need not look again each day.
    """
    said = head.leaving
    if said is None:
        return
    state = said.state(today)
    if state == "active":
        if said.stop - today <= SOON:
            yield _note(head, said.where, f"{head.id} leaves: mail is taken in and sent until {said.stop}")
    elif state == "stopped":
        message = f"{head.id} has left on {said.stop}: no mail is taken in or sent; it can be fetched until"
        yield _note(head, said.where, f"{message} {said.mail_until}, and is deleted then")
    elif state == "closed":
        message = f"{head.id} has left on {said.stop}, and its mail is deleted since {said.mail_until}"
        yield _note(head, said.where, f"{message}; its part of the log can be asked until {said.logs_until}")
    else:
        message = f"{head.id} is over since {said.logs_until}: when this is applied, hosts keep nothing of it"
        fix = f"Apply what is built, then take away {head.file.name} and its folder, and destroy its secrets."
        yield Finding("customer.over", "", Level.ADVICE, Status.FAIL, message, fix, said.where)


def _note(head: Head, where: Place, message: str) -> Finding:
    """Whether people have done their part (DNS) cannot be seen in a description."""
    return Finding("customer.leaves", "", Level.ADVICE, Status.NOT_PROVEN, message, _STEPS.format(head.id), where)
