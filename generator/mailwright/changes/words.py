"""How things are called in sentences for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailwright.plan.model import EVERYWHERE, Plan
from mailwright.site.model import IPNetwork

FUNCTIONS = {
    "mx": "receiving mail from outside (mx)",
    "submission": "submission (mail of people who log in)",
    "store": "keeping the mailboxes (store)",
    "log": "keeping a copy of all mail logs (log)",
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
}


def listed(things: Iterable[object]) -> str:
    """``a, b and c``; ``nobody`` for none."""
    words = [str(thing) for thing in things]
    if len(words) < 2:
        return words[0] if words else "nobody"
    return f"{', '.join(words[:-1])} and {words[-1]}"


def size(octets: int) -> str:
    """``5 GB``, ``25 MB``, or the exact number."""
    for unit, name in ((1000**3, "GB"), (1000**2, "MB"), (2**30, "GiB"), (2**20, "MiB")):
        if octets and octets % unit == 0:
            return f"{octets // unit} {name}"
    return f"{octets} bytes"


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
