"""How long logs are kept, where, for whom, and that nothing is sent without them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.plan.model import Plan, Retention
from mailwright.plan.retention import HELD, JOURNAL, LEFT

THREE_MONTHS = 92
"""Days: the note's own example of a period, and what a description has that says nothing (AUDIT-3)."""

_OTHERS = {LEFT: LEFT, HELD: HELD}
_LOGS = "mail logs"


@risk(
    "retention.shortened",
    Severity.MEDIUM,
    "AUDIT-3",
    "records are deleted sooner than before",
    "Ask first whether somebody needs what would go: a complaint that is open, or an order to keep it. Copy "
    "/var/log/mail with its seals elsewhere for that. The agreed period is logging.minimum_days; agree on another "
    "one before it is changed.",
)
def shortened(comparison: Comparison) -> Iterator[Hit]:
    """Logs, or other records of people, are kept for fewer days than before.

    What is older is deleted at the next rotation, and cannot be had back. Below the period that was agreed, and
    below the three months that the note names, complaints that come later cannot be answered: nobody knows any more
    who sent what.
    """
    agreed = any(one.id == "AUDIT-3.agreed-period" for one in comparison.broken)
    less: defaultdict[tuple[str, int, int], list[str]] = defaultdict(list)
    for one, other in _both(comparison):
        if other.days < one.days:
            less[_OTHERS.get(other.log, _LOGS), one.days, other.days].append(other.host)
    for (what, was, now), hosts in less.items():
        grave = what == _LOGS and (now < THREE_MONTHS or agreed)
        below = ", less than was agreed" if agreed else f", less than three months ({THREE_MONTHS} days)"
        yield Hit(
            f"{_kept(what)} for {words.number(now, 'day')} instead of {was:,}{below if grave else ''}, on "
            f"{words.some(dict.fromkeys(hosts))}; what is older is deleted",
            Severity.HIGH if grave else None,
            value=str(now),
        )


@risk(
    "retention.agreed",
    Severity.LOW,
    "AUDIT-3",
    "logs may be kept for fewer days than was agreed",
    "Agree on the shorter period first with those who would ask for the logs; three months are the note's example.",
)
def agreed(comparison: Comparison) -> Iterator[Hit]:
    """The agreed period becomes shorter, and what the hosts do stays as it is.

    Nothing is deleted because of it. But it is what holds a later change of logging.days: below the agreed period
    no description passes.
    """
    was, now = comparison.old.settings.minimum_days, comparison.new.settings.minimum_days
    said = any(one.id == "AUDIT-3.short-period" for one in comparison.broken)
    if 0 < now < was and not said and not any(True for _ in shortened.find(comparison)):
        yield Hit(
            f"it is agreed to keep logs for {words.number(now, 'day')} instead of {was:,}",
            value=str(now),
        )


@risk(
    "retention.raised",
    Severity.MEDIUM,
    "PRIV-1",
    "records of people are kept for longer than before",
    "Say in the privacy statement how long, and why, before it is so; ask the data protection officer. "
    "logging.days and minimum_days have to be within maximum_days.",
)
def raised(comparison: Comparison) -> Iterator[Hit]:
    """Logs of who wrote to whom are kept past their maximum, or the maximum itself is raised.

    They are personal data, and people were told when the last copy is gone. More days within the same maximum are
    nothing that anybody was not told of.
    """
    beyond = any(one.id == "AUDIT-3.maximum" for one in comparison.broken)
    past: defaultdict[tuple[str, int, int], list[str]] = defaultdict(list)
    more: defaultdict[tuple[str, int, int], list[str]] = defaultdict(list)
    for one, other in _both(comparison):
        what = _OTHERS.get(other.log, _LOGS)
        if other.days > other.maximum_days and (one.days, one.maximum_days) != (other.days, other.maximum_days):
            past[what, other.days, other.maximum_days].append(other.host)
        elif other.maximum_days > one.maximum_days:
            more[what, other.maximum_days, one.maximum_days].append(other.host)
    for (what, days, maximum), hosts in past.items():
        yield Hit(
            f"{_kept(what)} for {days:,} days on {words.some(dict.fromkeys(hosts))}, and have to be gone after "
            f"{maximum:,}",
            Severity.HIGH,
            value=str(days),
        )
    for (what, now, was), hosts in more.items():
        yield Hit(
            f"{what} may be kept for {now:,} days instead of {was:,}, on {words.some(dict.fromkeys(hosts))}",
            Severity.HIGH if beyond else None,
            value=str(now),
        )


def _kept(what: str) -> str:
    return f"{what} {'is' if what == LEFT else 'are'} kept"


def _both(comparison: Comparison) -> Iterator[tuple[Retention, Retention]]:
    """What is kept before and after, but for the journal, which follows the log."""
    before = {row.key: row for row in comparison.old.retention}
    for row in comparison.new.retention:
        one = before.get(row.key)
        if one is not None and row.log != JOURNAL:
            yield one, row


@risk(
    "logs.copy",
    Severity.MEDIUM,
    "AUDIT-1",
    "the copy of mail logs on another host ends",
    "Add the new log host first (function log), apply, and leave the old one in the description until its copies "
    "have reached their last day, or copy /var/log/mail/hosts with its seals to the new one.",
)
def copy(comparison: Comparison) -> Iterator[Hit]:
    """A host's mail log is kept on that host alone, or its copies are left on a host that keeps them no more.

    Whoever breaks into a host can alter or delete its log; the copy on a log host is what shows it. A copy that
    begins anew on another host has nothing of the past.
    """
    hosts = {host.name for host in comparison.new.hosts}
    before, after = _copied(comparison.old), _copied(comparison.new)
    keepers: defaultdict[str, set[str]] = defaultdict(set)
    for client, server in after:
        keepers[client].add(server)
    bare: dict[str, None] = {}
    left: defaultdict[str, list[str]] = defaultdict(list)
    for client, server in sorted(before - after):
        if client in hosts and not keepers[client] and not (_keeps(comparison.new, client)):
            bare[client] = None
        elif client in hosts and not _keeps(comparison.new, server):
            left[server].append(client)
    if bare:
        are = "mail logs are" if len(bare) > 1 else "mail log is"
        yield Hit(f"the {are} copied to no other host any more: {words.some(bare)}")
    for server, clients in left.items():
        yield Hit(
            f"the copies that {server} has of the mail logs of {words.some(clients)} are looked after no more; "
            "another host has them from now on only",
            Severity.LOW,
        )


def _copied(plan: Plan) -> set[tuple[str, str]]:
    return {(link.client, link.server) for link in plan.links if link.service == "syslog"}


def _keeps(plan: Plan, name: str) -> bool:
    """Whether the host keeps the logs of others itself."""
    return any(host.name == name and "log" in host.functions for host in plan.hosts)


@risk(
    "logs.readers",
    Severity.MEDIUM,
    "AUDIT-4",
    "others may read who wrote to whom",
    "Look on each host who is in the group (`getent group NAME`). Best is a group for this alone, such as "
    "mailreaders, which begins empty; give single people mailwright-trace rather than the log.",
)
def readers(comparison: Comparison) -> Iterator[Hit]:
    """Another Unix group may read the mail logs.

    Its members see who writes to whom and when, and who they are is not in the description. General groups hold
    ordinary users, or programs that are open to the world.
    """
    general = any(one.id == "AUDIT-4.readers" for one in comparison.broken)
    others: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for one, other in _both(comparison):
        if other.readers not in (one.readers, OWN_GROUP) and other.log not in _OTHERS:
            others[one.readers, other.readers].append(other.host)
    for (was, now), hosts in others.items():
        yield Hit(
            f"the group {now} may read mail logs instead of {was}, on {words.some(dict.fromkeys(hosts))}",
            Severity.HIGH if general else None,
            value=now,
        )


OWN_GROUP = "mailreaders"
"""The group that the roles make for readers of mail logs, empty to begin with."""


@risk(
    "logs.space",
    Severity.LOW,
    "AUDIT-4",
    "mail goes on being sent with less room for its log",
    "`mailwright-space show` says how fast the log grows: leave room for some days. Best is a file system of its "
    "own for the log (docs/how-to.md).",
)
def space(comparison: Comparison) -> Iterator[Hit]:
    """Less room has to be free before sending stops.

    With little room a busy hour fills what is left, and mail is sent without a trace. What is kept free is what the
    log has while somebody makes room.
    """
    old, new = comparison.old.settings.log_free, comparison.new.settings.log_free
    if new < old:
        yield Hit(
            f"mail is sent until {words.size(new)} are free for logs, instead of {words.size(old)}",
            None if new >= 100_000_000 else Severity.MEDIUM,
        )
