"""The first lines of a review: how grave it is, how much changes and where, and whether to approve it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mailwright.changes import words
from mailwright.changes.model import Review, Risk, Severity

NOTHING = "Nothing changes: both descriptions make the same service."
SAME = "Both descriptions make the same service."
NO_EFFECT = "No effect on any host"
_NAMED = 4
"""How many hosts are named in the first line; more are counted."""

ADVICE = {
    Severity.HIGH: "Do not approve it as it is, unless each high risk is meant and is made the safe way.",
    Severity.MEDIUM: "Approve it only when each risk is meant and is made the safe way.",
    Severity.LOW: "Approve it when this is what was meant.",
}
_FINE = "Nothing speaks against it; see that these are the changes that were meant."
_READ = "No rule found a risk. Approve it when you have read below who gets mail, and who sends as whom."
_WHO_GETS_MAIL = frozenset({"routes", "senders", "rewrites", "lists", "members", "gateways", "internal_domains"})
"""Tables of which only whoever knows the people can say whether a change is right."""


def line(review: Review) -> str:
    """The verdict: ``HIGH RISK: 1 high and 2 medium; 14 changes, on mail.college.ac.uk.``"""
    if not differs(review):
        return NOTHING
    if not (review.changes or review.files or review.risks):
        return f"The build was edited: {words.number(review.edited, 'file')} in it. {SAME}"
    worst = review.worst
    passed = sum(bool(one.forced) for one in review.risks)
    let_pass = f"; {words.number(passed, 'risk')} let pass with a reason" if passed else ""
    if worst is not None:
        found = [one for one in review.risks if not one.forced]
        said = f"{str(worst).upper()} RISK: {counts(found)}{let_pass}; {_changes(review)}"
        return f"{said}, on {_hosts(review)}." if review.hosts else f"{said}. {NO_EFFECT}."
    if not review.hosts:
        return f"{NO_EFFECT}: {_changes(review)}{let_pass}."
    return f"No risk found: {_changes(review)}, on {_hosts(review)}{let_pass}."


def advice(review: Review) -> str:
    """Whether to approve it, in a sentence; empty where nothing differs."""
    if not differs(review):
        return ""
    if not (review.changes or review.files or review.risks):
        return "See what was done there and why; a new build takes it back."
    if review.worst is not None:
        said = ADVICE[review.worst]
    else:
        said = _FINE if _WHO_GETS_MAIL.isdisjoint(change.table for change in review.changes) else _READ
    return f"{said} Its order matters: see the steps at the end." if review.steps else said


def differs(review: Review) -> bool:
    """Whether the two sides differ in anything that a review speaks of."""
    return bool(review.changes or review.files or review.risks or review.edited)


def counts(risks: Iterable[Risk]) -> str:
    """``1 high, 2 medium and 3 let pass``, of at least one."""
    number = Counter("let pass" if one.forced else str(one.severity) for one in risks)
    ranked = (*(str(severity) for severity in reversed(Severity)), "let pass")
    return words.listed(f"{number[what]:,} {what}" for what in ranked if number[what])


def _changes(review: Review) -> str:
    if review.changes:
        return words.number(len(review.changes), "change")
    return "1 file differs" if len(review.files) == 1 else f"{len(review.files):,} files differ"


def _hosts(review: Review) -> str:
    return words.few(review.hosts, "hosts", _NAMED)
