"""The first lines of a review of customers: how grave, how many, and whether to approve it."""

from __future__ import annotations

from collections import Counter

from mailwright.changes import words
from mailwright.changes.model import Severity
from mailwright.changes.provider.model import LayerChange, ProviderReview
from mailwright.changes.verdict import ADVICE

NAMED = 3
"""How many customers are named where many are meant."""


def line(review: ProviderReview) -> str:
    """``HIGH RISK: 1 high and 2 medium; 187 of 190 customers change.``"""
    if not review.differs:
        if review.broken:
            return "It cannot be said what changes: see what cannot be used."
        if review.rewritten:
            count = len(review.rewritten)
            means = "is written otherwise and means" if count == 1 else "are written otherwise and mean"
            return f"No effect on any customer: {words.number(count, 'file')} {means} the same."
        return "Nothing changes: both folders make the same service of every customer."
    passed = sum(forced for _, forced in review.weights)
    let_pass = f"; {words.number(passed, 'risk')} let pass with a reason" if passed else ""
    if review.worst is None:
        return f"No risk found{let_pass}: {reach(review)}."
    return f"{str(review.worst).upper()} RISK: {counts(review)}{let_pass}; {reach(review)}."


def reach(review: ProviderReview) -> str:
    """``187 of 190 customers change``."""
    total = max(review.old.customers, review.new.customers)
    changed = len(review.changed)
    platforms = words.listed(one.name for one in review.platforms)
    if not changed:
        return (
            f"the platform {platforms} changes, and no customer does" if review.platforms else "no customer changes"
        )
    said = f"{changed:,} of {words.number(total, 'customer')} {'changes' if changed == 1 else 'change'}"
    kinds = Counter[str](came.fate for came in review.fates)
    more = [
        f"{kinds[fate]:,} {word}"
        for fate, word in (("added", "new"), ("removed", "gone"), ("moved", "moved"), ("leaving", "leaving"))
        if kinds[fate]
    ]
    said = f"{said} ({words.listed(more)})" if more else said
    return f"{said}, and the platform {platforms}" if review.platforms else said


def advice(review: ProviderReview) -> str:
    """Whether to approve it, in a sentence; empty where nothing differs."""
    if review.broken:
        return "Do not approve it before what cannot be used is mended: nobody knows what it would change."
    if not review.differs:
        return ""
    if review.worst is not None:
        return ADVICE[review.worst]
    return "No rule found a risk; see that these are the customers and the changes that were meant."


def counts(review: ProviderReview) -> str:
    """``1 high and 2 medium``: kinds of risks that nobody lets pass."""
    number = Counter(severity for severity, forced in review.weights if not forced)
    return words.listed(f"{number[severity]:,} {severity}" for severity in reversed(Severity) if number[severity])


def who(customers: tuple[str, ...], named: int = NAMED) -> str:
    """``187 customers (a, b, c and 184 more)``; one alone by its id."""
    if len(customers) == 1:
        return customers[0]
    if len(customers) <= named:
        return words.listed(customers)
    return f"{len(customers):,} customers ({words.some(customers, named)})"


def of_layer(change: LayerChange, named: int = NAMED) -> str:
    """``defaults line 24: /logging/days 92 → 120: 187 customers; 3 unaffected because they set their own (a, b)``.

    The value's pointer stands as a description has it.
    """
    value = " → ".join(word or "not said" for word in (change.old, change.new))
    parts = [_reached(change.affected, named)]
    if change.own:
        parts.append(_unaffected(change.own, "it sets its own", "they set their own", named))
    if change.covered:
        parts.append(_unaffected(change.covered, "another layer says it", "other layers say it", named))
    return f"{change.spot}: {change.pointer} {value}: {'; '.join(parts)}"


def _reached(customers: tuple[str, ...], named: int) -> str:
    if not customers:
        return "no customer"
    return who(customers, named) if len(customers) <= named else words.number(len(customers), "customer")


def _unaffected(customers: tuple[str, ...], one: str, more: str, named: int) -> str:
    why = one if len(customers) == 1 else more
    return f"{len(customers):,} unaffected because {why} ({words.some(customers, named)})"
