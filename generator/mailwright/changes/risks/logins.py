"""Logins that stand for somebody else than before."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks import phrases
from mailwright.changes.risks.ends import owners
from mailwright.plan.model import Plan


@risk(
    "login.reused",
    Severity.HIGH,
    "AUDIT-1",
    "somebody gets the mailbox and the password of another person",
    "Give the new person a login that nobody ever had. Where it has to be this one: take the old person out "
    "first, apply, `mailwright-account remove LOGIN --now --yes`, take the line out of the seed, and then "
    "describe the new person.",
)
def reused(comparison: Comparison) -> Iterator[Hit]:
    """A login belongs to somebody with another name and other addresses.

    Mail and password belong to the login: the new person reads the other's mail, the other may still sign in and
    write as the new one, and in the log the two are one. Somebody who marries keeps a part of the name, or an old
    address.
    """
    found = handed_on(comparison.old, comparison.new)
    if found:
        before, after = (
            {row.login: row.name for row in plan.mailboxes} for plan in (comparison.old, comparison.new)
        )
        people = [f"{login} ({before[login]}, now {after[login]})" for login in sorted(found)]
        yield Hit(
            f"{words.number(len(found), 'login stands', 'logins stand')} for somebody else from now on, who gets "
            f"the mail that is there{phrases.people(people)}"
        )


def handed_on(old: Plan, new: Plan) -> frozenset[str]:
    """Logins that are there before and after, and have no word of the name and no address in common."""
    before = {row.login: row.name for row in old.mailboxes}
    others = {
        row.login
        for row in new.mailboxes
        if row.login in before and _words(row.name).isdisjoint(_words(before[row.login]))
    }
    if not others:
        return frozenset()
    had, have = _addresses(old, others), _addresses(new, others)
    return frozenset(login for login in others if had[login].isdisjoint(have[login]))


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", name.casefold()))


def _addresses(plan: Plan, logins: set[str]) -> defaultdict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for address, login in owners(plan).items():
        if login in logins:
            found[login].add(address)
    return found
