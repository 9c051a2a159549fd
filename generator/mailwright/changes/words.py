"""How things are called in sentences for people."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from mailwright.changes.model import RiskRule, Severity
from mailwright.changes.personal import personal
from mailwright.plan.model import EVERYWHERE, Plan
from mailwright.plan.names import LOGINS
from mailwright.site.addresses import domain, key, local_part
from mailwright.site.model import IPNetwork

NAMED = 5
"""So many of a group are named in a sentence; the others are counted."""

SEVERITIES = {
    Severity.HIGH: "mail is lost, strangers relay or read it, somebody acts as somebody else, or a duty is broken",
    Severity.MEDIUM: "people notice a failure for a while, or protection gets weaker and another one still holds",
    Severity.LOW: "worth a look",
}
"""What a risk of that weight means."""

FUNCTIONS = {
    "mx": "receiving mail from outside (mx)",
    "submission": "submission (mail of people who log in)",
    "store": "keeping the mailboxes (store)",
    "log": "keeping a copy of all mail logs (log)",
    "lists": "distribution lists (lists)",
    "web": "webmail and pages (web)",
}

SERVICES = {
    "smtp": "mail from other mailers (SMTP)",
    "submission": "submission with STARTTLS",
    "submissions": "submission over TLS",
    "imaps": "mailboxes by IMAP over TLS",
    "pop3s": "mailboxes by POP over TLS",
    "managesieve": "users' filters (ManageSieve)",
    "ssh": "management (SSH)",
    "lmtp": "delivery to mailboxes (LMTP)",
    "syslog": "logs of other hosts (syslog)",
    "lists": "posts to lists from the other mailers",
    "https": "web pages over TLS (HTTPS)",
    "passwords": "changes of passwords from webmail",
}


_SENTENCE = re.compile(r"(?<=[.])\s+(?=[A-Z])")

_NOBODYS = frozenset({"role", "automatic", "list"})
"""Kinds of routes whose addresses are no person's."""


def listed(things: Iterable[object]) -> str:
    """``a, b and c``; ``nobody`` for none."""
    words = [str(thing) for thing in things]
    if len(words) < 2:
        return words[0] if words else "nobody"
    return f"{', '.join(words[:-1])} and {words[-1]}"


def some(things: Iterable[object], named: int = NAMED) -> str:
    """``a, b and c``, or ``a, b, c and 7 more``."""
    every = [str(thing) for thing in things]
    if len(every) <= named:
        return listed(every)
    return f"{', '.join(every[:named])} and {len(every) - named:,} more"


def few(names: Sequence[str], things: str, named: int = 3) -> str:
    """``a, b and c``, or ``7 hosts``: where nothing is gained by the names of the first."""
    return listed(names) if len(names) <= named else f"{len(names):,} {things}"


def size(octets: int) -> str:
    """``5 GB``, ``25 MB``, or the exact number."""
    for unit, name in ((1000**4, "TB"), (1000**3, "GB"), (1000**2, "MB"), (2**30, "GiB"), (2**20, "MiB")):
        if octets and octets % unit == 0:
            return f"{octets // unit} {name}"
    return f"{octets} bytes"


def number(count: int, one: str, more: str = "") -> str:
    """``1 change``, ``1,200 changes``. ``more``: where the plural has more than an ``s``."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def duration(seconds: int) -> str:
    """``1 hour 30 minutes``: days, hours, minutes and seconds, without those of which there are none."""
    parts = []
    for unit, thing in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        count, seconds = divmod(seconds, unit)
        if count:
            parts.append(number(count, thing))
    return " ".join(parts) or "0 seconds"


def why(rule: RiskRule) -> str:
    """Why it matters, in a sentence: the one below the first line of the rule's page; all is in ``explain``."""
    title, _, reason = (rule.find.__doc__ or rule.title).strip().partition("\n\n")
    return sentence(reason or title)


def sentence(page: str) -> str:
    """The first sentence, in one line."""
    return _SENTENCE.split(" ".join(page.split()), maxsplit=1)[0]


def networks(plan: Plan, prefixes: Sequence[IPNetwork]) -> str:
    """Who sits there: everybody, the site's hosts by their names, and networks as they are."""
    rest = tuple(dict.fromkeys(prefixes))
    if set(rest) >= set(EVERYWHERE):
        return "everybody"
    if rest and set(rest) == set(plan.settings.management_networks):
        return "the management networks"
    names: dict[str, None] = {}
    for prefix in rest:
        single = prefix.network_address if prefix.num_addresses == 1 else None
        host = next((host.name for host in plan.hosts if single in host.addresses), None) if single else None
        names[host or str(prefix)] = None
    return listed(names)


def nobodys(*plans: Plan) -> frozenset[str]:
    """Addresses, in look-up form, that are no person's: of roles, programs and lists, and of the service desk.

    Every other address of a description is taken to be somebody's, and so is one that was or becomes a person's.
    """
    ours: set[str] = set()
    peoples: set[str] = set()
    for plan in plans:
        for row in plan.routes:
            (ours if row.kind in _NOBODYS else peoples).add(row.address)
        ours.update(row.address for row in plan.lists)
        desk = plan.settings.service_desk
        if desk is not None:
            ours.add(key(desk.email))
    return frozenset(ours - peoples - {""})


def programs(*plans: Plan) -> frozenset[str]:
    """Logins that are no person's."""
    automatic = {row.login for plan in plans for row in plan.senders if row.automatic}
    return frozenset(automatic - {row.login for plan in plans for row in plan.mailboxes})


def address(value: str, nobodys: Collection[str], instead: str = "") -> str:
    """An address in a sentence: marked where it is somebody's; ``instead``: ``an address in college.ac.uk``."""
    if key(value) in nobodys:
        return value
    return personal(value, instead or f"an address in {domain(value)}")


def those(values: Iterable[str], nobodys: Collection[str]) -> str:
    """Whom something reaches, or who may do something, in one list; people among them are marked, and counted.

    Values without ``@`` are words (``anyone``).
    """
    values = tuple(values)
    others, people = _apart(values, nobodys)
    said = listed(map(_said, values))
    return personal(said, _counted(others, people)) if people else said


def instead(now: Iterable[str], then: Iterable[str], nobodys: Collection[str]) -> str:
    """``A and B instead of C``, and without the people ``2 people instead of 1``."""
    now, then = tuple(now), tuple(then)
    said = f"{listed(map(_said, now))} instead of {listed(map(_said, then))}"
    new, old = _apart(now, nobodys), _apart(then, nobodys)
    if not new[1] and not old[1]:
        return said
    if new == old:
        counted = "somebody else" if new == ((), 1) else f"{_counted(*new)}, others than before"
    elif new[1] and old[1] and not new[0] and not old[0]:
        counted = f"{_counted(*new)} instead of {old[1]}"
    else:
        counted = f"{_counted(*new)} instead of {_counted(*old)}"
    return personal(said, counted)


def _said(value: str) -> str:
    return f"whoever has the login {local_part(value)}" if domain(value) == LOGINS else value


def _apart(values: Sequence[str], nobodys: Collection[str]) -> tuple[tuple[str, ...], int]:
    """Those that are no person's, and the number of the others."""
    others = tuple(value for value in values if "@" not in value or key(value) in nobodys)
    return others, len(values) - len(others)


def _counted(others: Sequence[str], people: int) -> str:
    return listed([*others, *([number(people, "person", "people")] if people else [])])
