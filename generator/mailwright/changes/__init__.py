"""What a change of the description means: the differences of two plans, in words.

>>> changes = compare(old, new)

One function per group of tables yields Changes; ``SECTIONS`` lists them, what matters most to people first.
How a review of them is printed is in ``text``, ``markdown``, ``html``, ``json_`` and ``sarif``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from mailwright.changes import described, hosts, judgement, network, people, services, settings
from mailwright.changes.model import THRESHOLD, Change, Comparison
from mailwright.changes.renamed import called, renamed
from mailwright.findings import Finding
from mailwright.plan.model import Plan
from mailwright.records import dataclass

__all__ = ["SECTIONS", "Change", "Section", "compare", "comparison"]


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
    Section("Lists", ("lists", "members"), services.lists),
    Section("Address book", ("book",), services.book),
    Section("On the web", ("web",), services.web),
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
    Section("Waivers", ("waivers",), settings.waivers),
    Section("Contacts, and what people vouch for", ("contacts", "promises"), settings.contacts),
    Section(
        "Settings",
        ("domains", "internal_domains", "smarthost", "directory", *described.PARTS, "audit", "settings"),
        settings.changes,
    ),
)


def compare(old: Plan, new: Plan) -> tuple[Change, ...]:
    """Every difference that makes a difference: reasons that are worded otherwise do not, and a host that is called
    otherwise does so once."""
    names = renamed(old, new)
    before = called(old, names)
    changes = (change for section in SECTIONS for change in section.changes(before, new))
    return (*hosts.renamed(old, new, names), *changes)


def comparison(
    old: Plan,
    new: Plan,
    sizes: Mapping[str, int],
    today: date,
    broken: tuple[Finding, ...] = (),
    threshold: float = THRESHOLD,
) -> Comparison:
    """What risk rules judge, of two plans as they were made."""
    names = renamed(old, new)
    changes = () if old is new else compare(old, new)
    return Comparison(called(old, names), new, changes, sizes, today, broken, threshold, names)
