"""Ports of hosts through a change: which are new, and how they are called."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from mailwright.changes import words
from mailwright.changes.words import listed
from mailwright.plan.model import Plan

Door = tuple[str, int]
"""A host's name and a port."""


def said(doors: Iterable[Door]) -> str:
    """``port 25 of mail.college.ac.uk``, ``ports 465 and 587 of smtp.college.ac.uk``."""
    ports: defaultdict[str, list[int]] = defaultdict(list)
    for host, port in sorted(set(doors)):
        ports[host].append(port)
    hosts: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
    for host, numbers in ports.items():
        hosts[tuple(numbers)].append(host)
    return listed(
        f"port{'s' if len(numbers) > 1 else ''} {listed(numbers)} of {words.some(names)}"
        for numbers, names in hosts.items()
    )


def does(doors: Collection[Door], one: str, more: str) -> str:
    """The verb that goes with them."""
    return more if len(set(doors)) > 1 else one


def grown(old: Collection[Door], new: Collection[Door]) -> tuple[Door, ...]:
    """Doors that are new, of ports that more hosts have than before: what only moves to another host is none."""
    then, now = Counter(port for _, port in old), Counter(port for _, port in new)
    return tuple(door for door in sorted(set(new) - set(old)) if now[door[1]] > then[door[1]])


def own_addresses(plan: Plan) -> frozenset[object]:
    """The addresses of the site's hosts."""
    return frozenset(address for host in plan.hosts for address in host.addresses)
