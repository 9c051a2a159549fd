"""What is asked before a message is taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Literal

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks.doors import Door, does, said
from mailwright.plan.model import Plan, Policy, Stage
from mailwright.plan.policies import (
    GATEWAY_ASK,
    GATEWAY_RETURN,
    GATEWAY_SENDER,
    POSTER,
    PRIVATE,
    SIGNED,
    SPACE_CHECK,
)
from mailwright.records import dataclass


def name(check: str) -> str:
    """A check by what it asks: where and in which format its table is kept does not matter.

    >>> name("check_recipient_access lmdb:/etc/postfix/private")
    'check_recipient_access private'
    """
    word, _, argument = check.partition(" ")
    return f"{word} {argument.rpartition('/')[2]}".rstrip()


RECIPIENTS = frozenset({"reject_unlisted_recipient", name(GATEWAY_ASK[1])})
"""Checks whose loss recipients.unchecked says."""

BINDINGS = frozenset(
    {
        "milter:from-is-the-logins",
        "milter:own-from-exists",
        "milter:sender-is-the-logins",
        name(GATEWAY_SENDER[1]),
        "reject_sender_login_mismatch",
    }
)
"""Checks whose loss senders.loosened says."""

_OF_RELAYING = frozenset({name(SPACE_CHECK), *(check for _, check, _ in SIGNED)})
_GRAVE: frozenset[Stage] = frozenset({"connect", "relay"})
_GRANTED = frozenset({"permit_mynetworks", "permit_sasl_authenticated"})

Kind = Literal["permit", "refuse", "either"]
Stages = Mapping[Stage, tuple[Policy, ...]]


@dataclass(frozen=True, slots=True)
class _Turned:
    """At ``stage`` the check ``first`` now comes before ``second``."""

    stage: Stage
    first: str
    second: str
    severity: Severity


@risk(
    "policies.order",
    Severity.HIGH,
    "RELAY-2",
    "checks come in another order, and the order decides",
    "Do not apply it before somebody has read the stage line by line: the first check that says yes ends it. Build "
    "with the mailwright that was used before, and ask what the new order is for.",
)
def order(comparison: Comparison) -> Iterator[Hit]:
    """Where a permit comes to stand before a check, whoever it lets through is not asked any more.

    A mailer goes through the checks of a stage from the top and stops at the first that says yes or no. Checks that
    only refuse may change places, and so may those that only permit: what is refused in the end stays the same.
    """
    where: defaultdict[_Turned, list[Door]] = defaultdict(list)
    for door, before, after in _both(comparison):
        for stage in before.keys() & after.keys():
            names = [tuple(name(row.check) for row in rows) for rows in (before[stage], after[stage])]
            if turned := _turned(stage, names[0], names[1]):
                where[turned].append(door)
    for turned, found in sorted(where.items(), key=lambda item: (item[1], item[0].stage)):
        comes = f"{said(found)} {does(found, 'comes', 'come')}, at the stage {turned.stage}, to {turned.second}"
        so = (
            "whoever the one lets through is not asked the other"
            if turned.severity is Severity.HIGH
            else "who was let through before may be refused"
        )
        yield Hit(f"{comes} only after {turned.first}, so {so}", turned.severity)


def _turned(stage: Stage, before: tuple[str, ...], after: tuple[str, ...]) -> _Turned | None:
    """The worst that the new order does; None where it makes no difference."""
    rank = {check: place for place, check in enumerate(before)}
    found: list[_Turned] = []
    for first, second in combinations(after, 2):
        kinds = _kind(first), _kind(second)
        if second not in rank or (kinds[0] == kinds[1] and kinds[0] != "either"):
            continue
        # Of those with a grant relay.widened says whom they let through.
        granted = stage == "relay" and first in _GRANTED
        new = first not in rank and kinds[0] == "permit" and not granted
        if new or rank.get(first, -1) > rank[second]:
            severity = Severity.MEDIUM if kinds[0] == "refuse" or kinds[1] == "permit" else Severity.HIGH
            found.append(_Turned(stage, first, second, severity))
    return max(found, key=lambda one: one.severity, default=None)


def _kind(check: str) -> Kind:
    if check.startswith("permit"):
        return "permit"
    return "refuse" if check.startswith(("reject", "defer", "milter:")) else "either"


@risk(
    "policies.removed",
    Severity.HIGH,
    "RELAY-2",
    "a check before mail is taken is gone",
    "Keep the check, and ask what takes its place. Build with the mailwright that was used before until that is "
    "known.",
)
def removed(comparison: Comparison) -> Iterator[Hit]:
    """A listener is still there, and does not ask any more what it asked.

    Whatever the check kept out comes in from then on. Permits are no checks: where one goes, fewer may. What was
    asked for the sake of a network, gateway, list or directory that is gone as well is not missed.
    """
    for found, row in _by_check(comparison):
        if name(row.check) not in RECIPIENTS | BINDINGS:
            severity = Severity.HIGH if row.stage in _GRAVE else Severity.MEDIUM
            yield Hit(loss(found, row), severity)


@risk(
    "recipients.unchecked",
    Severity.HIGH,
    "RELAY-2",
    "unknown recipients are not refused any more before mail is taken",
    "Keep a list: let the system behind the gateway export who is there, and name the CSV file under recipients of "
    "the gateway. If it has to be asked, first see it refuse somebody unknown (probe gateway.recipients).",
)
def unchecked(comparison: Comparison) -> Iterator[Hit]:
    """Mail for somebody who does not exist is taken in, and a bounce goes to whoever the sender claims to be.

    Spammers make the sender up, so the bounces hit strangers, and the mailer's address lands on block lists. A
    gateway that is asked in place of a list still refuses, while the system behind it runs and is honest.
    """
    for found, row in _by_check(comparison):
        if name(row.check) in RECIPIENTS:
            incoming = any(port == 25 for _, port in found)
            yield Hit(loss(found, row), Severity.HIGH if incoming else Severity.MEDIUM)
    asked = {domain for row in comparison.old.gateways if row.recipients == "ask" for domain in row.domains}
    known = set(comparison.old.settings.domains) - asked
    for gateway in comparison.new.gateways:
        domains = [domain for domain in gateway.domains if domain in known]
        if gateway.recipients == "ask" and domains:
            sentence = (
                f"who has an address in {words.some(domains)} is not known to the mailers any more: they ask "
                f"{gateway.next_hop} for each message, and take in what that does not refuse"
            )
            yield Hit(sentence, Severity.MEDIUM, value=gateway.name)


def loss(found: list[Door], row: Policy) -> str:
    """That the doors lost the check."""
    does_not = f"{does(found, 'does', 'do')} not see to this any more"
    return f"{said(found)} {does_not}: {row.because.reason} ({row.check})"


def _by_check(comparison: Comparison) -> Iterator[tuple[list[Door], Policy]]:
    """Each check that some doors lost, with these doors."""
    where: defaultdict[tuple[str, Stage], list[Door]] = defaultdict(list)
    rows: dict[tuple[str, Stage], Policy] = {}
    for door, row in lost(comparison):
        rows.setdefault((row.check, row.stage), row)
        where[row.check, row.stage].append(door)
    for key, found in where.items():
        yield found, rows[key]


def lost(comparison: Comparison) -> Iterator[tuple[Door, Policy]]:
    """Checks that a listener had and has no more, and that it would still need.

    A check that moved to another stage is there; a bare ``reject`` counts in its own stage.
    """
    for door, before, after in _both(comparison):
        kept = {_place(row) for rows in after.values() for row in rows}
        for rows in before.values():
            for row in rows:
                if _kind(row.check) == "permit" or _place(row) in kept:
                    continue
                if not _needless(comparison.new, door, name(row.check)):
                    yield door, row


def _place(row: Policy) -> tuple[str, str]:
    return (row.stage if row.check == "reject" else "", name(row.check))


def _needless(plan: Plan, door: Door, check: str) -> bool:
    """Whether the check was for the sake of something that is not there any more."""
    if check in _OF_RELAYING:
        return all((row.host, row.port) != door for row in plan.grants)
    if check in (name(GATEWAY_SENDER[1]), name(GATEWAY_RETURN[1])):
        return not any(row.clients for row in plan.gateways)
    if check == name(GATEWAY_ASK[1]):
        return all(row.recipients != "ask" for row in plan.gateways)
    if check == name(PRIVATE[1]):
        return plan.live is None
    return check == POSTER[1] and not plan.lists


def _both(comparison: Comparison) -> Iterator[tuple[Door, Stages, Stages]]:
    """Doors that are there before and after, and their checks then and now."""
    before, after = _stages(comparison.old), _stages(comparison.new)
    there = after.keys() | {row.key for row in comparison.new.listeners}
    for door in sorted(there):
        if then := before.get(door):
            yield door, then, after.get(door, {})


def _stages(plan: Plan) -> dict[Door, dict[Stage, tuple[Policy, ...]]]:
    found: defaultdict[Door, dict[Stage, tuple[Policy, ...]]] = defaultdict(dict)
    for row in plan.policies:  # sorted by their positions
        stages = found[row.host, row.port]
        stages[row.stage] = (*stages.get(row.stage, ()), row)
    return dict(found)
