"""Breaches that somebody lets pass until a day: new ones, longer ones, and those that are over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.personal import personal
from mailwright.findings import Level
from mailwright.plan.model import Plan, Waived
from mailwright.requirements import lookup

_WAIT = (
    "Mend what it is about in the same change if that can be done today; if not, agree on a day that is near, and "
    "name as owner who will do it."
)


@risk("waiver.added", Severity.LOW, "", "somebody lets a breach pass", _WAIT)
def added(comparison: Comparison) -> Iterator[Hit]:
    """What a rule complains of is let pass until a day.

    Until then `check` ends well with the breach, and only those who read the waivers know of it. Less than before
    is let pass where a waiver of a whole requirement becomes one of a single rule.
    """
    for row in _counting(comparison.new, comparison.today):
        if _until(comparison.old, row.rule) is None:
            yield Hit(_said(row), _weight(row), value=row.rule)


@risk("waiver.extended", Severity.LOW, "", "a breach is let pass for longer", _WAIT)
def extended(comparison: Comparison) -> Iterator[Hit]:
    """The last day of a waiver is moved to a later one, also of one that had run out.

    What was to be mended by then is not. A waiver that is extended again and again is a decision that nobody has
    made.
    """
    for row in _counting(comparison.new, comparison.today):
        before = _until(comparison.old, row.rule)
        if before is not None and row.until > before:
            over = ", and had run out" if before < comparison.today else ""
            yield Hit(f"{_said(row)}; it was until {before.isoformat()}{over}", _weight(row), value=row.rule)


@risk(
    "waiver.expired",
    Severity.MEDIUM,
    "",
    "nobody lets a breach pass any more, and it is still there",
    "Mend what the rule complains of (`mailwright explain RULE`) and take the waiver out; or agree on a new day.",
)
def expired(comparison: Comparison) -> Iterator[Hit]:
    """A waiver is over or taken out, and what it let pass is as it was.

    The breach fails again in every check and report. A waiver that is taken out because the breach was mended is
    what it was made for; one that had run out on both sides is a matter of `check`, and of no change.
    """
    today = comparison.today
    standing = lapsed(comparison)
    for rule in sorted({row.rule for plan in (comparison.old, comparison.new) for row in plan.waivers}):
        before, after = _until(comparison.old, rule), _until(comparison.new, rule)
        if after is not None and after >= today:
            continue
        if after is not None:
            if before is None or before >= today:
                yield Hit(f"the waiver of {rule} ends on {after.isoformat()}, which is over", value=rule)
        elif rule in standing:
            yield Hit(f"nobody waives {rule} any more, and the breach still stands")


def lapsed(comparison: Comparison) -> tuple[str, ...]:
    """Rules and requirements of which the old description lets a breach pass, and the new one does not."""
    failing = {part for one in comparison.broken for part in (one.id, one.requirement)}
    rules = dict.fromkeys(row.rule for row in _counting(comparison.old, comparison.today))
    return tuple(rule for rule in rules if rule in failing and not _waives(comparison, rule))


def _waives(comparison: Comparison, rule: str) -> bool:
    until = _until(comparison.new, rule)
    return until is not None and until >= comparison.today


def _counting(plan: Plan, today: date) -> Iterator[Waived]:
    """The waivers that count, of several for one rule the one that ends last."""
    last = {row.rule: row for row in plan.waivers if row.until >= today}  # sorted by their ends
    return iter(last.values())


def _until(plan: Plan, rule: str) -> date | None:
    """Until when a rule or requirement is waived, by itself or with its whole requirement; None: never."""
    whole = rule.partition(".")[0]
    return max((row.until for row in plan.waivers if row.rule in (rule, whole)), default=None)


def _said(row: Waived) -> str:
    owner, reason = personal(row.owner, "somebody"), personal(f": {row.reason.rstrip('.')}", "")
    return f"{owner} lets a breach of {row.rule} pass until {row.until.isoformat()}{reason}"


def _weight(row: Waived) -> Severity:
    return Severity.LOW if lookup.level_of(row.rule) is Level.ADVICE else Severity.MEDIUM
