"""What a change of the description means: the differences of two plans, in words.

>>> changes = compare(old, new)

One function per group of tables yields Changes; ``SECTIONS`` lists them, what matters most to people first.
How a list of them is printed is in ``text`` and ``json_``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mailwright.changes import hosts, judgement, network, people, settings
from mailwright.changes.model import Change
from mailwright.plan.model import Plan

__all__ = ["SECTIONS", "Change", "Section", "compare"]


@dataclass(frozen=True, slots=True)
class Section:
    """``changes`` yields the changes of the ``tables``, in the order in which people read them."""

    title: str
    tables: tuple[str, ...]
    changes: Callable[[Plan, Plan], Iterator[Change]]


SECTIONS: tuple[Section, ...] = (
    Section("What each host does", ("functions", "hosts"), hosts.changes),
    Section("Mailboxes", ("mailboxes",), people.mailboxes),
    Section("Addresses", ("routes",), people.routes),
    Section("Addresses that are rewritten on the way out", ("rewrites",), people.rewrites),
    Section("Who may send as whom", ("senders",), people.senders),
    Section("Who may relay", ("grants",), judgement.grants),
    Section("What is asked before mail is taken", ("policies",), judgement.policies),
    Section("Systems behind gateways", ("gateways",), judgement.gateways),
    Section("Services", ("listeners",), network.listeners),
    Section("Ports in the hosts' firewalls", ("openings",), network.openings),
    Section("Ports at the border", ("border",), network.border),
    Section("Talk between hosts", ("links",), network.links),
    Section("DNS records", ("records",), network.records),
    Section("Logs", ("retention",), settings.retention),
    Section("Clocks", ("clocks",), settings.clocks),
    Section("Documents", ("publications",), settings.publications),
    Section("Contacts, and what people vouch for", ("contacts", "promises"), settings.contacts),
    Section(
        "Settings",
        ("domains", "internal_domains", "smarthost", "directory", "settings"),
        settings.changes,
    ),
)


def compare(old: Plan, new: Plan) -> tuple[Change, ...]:
    """Every difference that makes a difference: reasons that are worded otherwise do not."""
    return tuple(change for section in SECTIONS for change in section.changes(old, new))
