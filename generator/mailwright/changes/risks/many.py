"""Many things at once: most often an export that broke off, or a line that does more than its writer thought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailwright.changes.model import Comparison, Hit, Severity, differences, risk
from mailwright.changes.risks.ends import comparable
from mailwright.plan.model import Plan
from mailwright.records import dataclass

FEW = 10
"""Below so many rows, a share says nothing."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table that people fill; what its rows are called; the tables from which most of them follow; and how grave
    it is when many vanish."""

    name: str
    rows: str
    follows: tuple[str, ...] = ()
    gone: Severity = Severity.HIGH


TABLES = (
    _Table("mailboxes", "mailboxes"),
    _Table("routes", "addresses", ("mailboxes",)),
    _Table("senders", "pairs of a login and an address that it may send as", ("mailboxes", "routes")),
    _Table("rewrites", "internal addresses", ("mailboxes", "routes")),
    _Table("book", "entries of the address book", ("mailboxes", "routes"), Severity.MEDIUM),  # no mail is lost
    _Table("lists", "lists"),
    _Table("members", "members of lists", ("mailboxes", "routes", "lists")),
    _Table("gateways", "gateways"),
    _Table("waivers", "waivers"),
)
"""Rows of the other tables follow from hosts and domains, which have rules of their own: one is many of them."""

_OF_HOSTS = frozenset({"host"})
_OF_PEOPLE = frozenset({"mailboxes", "routes", "senders", "rewrites", "book", "members"})


@risk(
    "many.rows",
    Severity.HIGH,
    "",
    "much of one kind changes at once",
    "Look at the number, and ask whether somebody expected it. Compare the file (people.csv, or the one that is "
    "named) with the one before: is it whole? Where it is meant, say so with --force and the reason, or make it "
    "in several steps.",
)
def rows(comparison: Comparison) -> Iterator[Hit]:
    """More of a table than is usual vanishes, differs or appears in one change.

    An export that broke off, a filter that matches too much, a column that moved: each makes a description that is
    valid and wrong. Counted are tables of ten rows or more, and what does not follow from another table that is
    named already. What appears weighs less than what vanishes.
    """
    people = comparable(comparison.old, comparison.new)
    named: set[str] = set()
    for table in TABLES:
        if table.name in _OF_PEOPLE and not people:
            continue
        size = comparison.sizes.get(table.name, 0) - _of_lists(comparison.old, table.name)
        if size < FEW or not named.isdisjoint(table.follows):
            continue
        before, after = _rows(comparison.old, table.name), _rows(comparison.new, table.name)
        gone = sum(key not in after for key in before)
        other = sum(key in after and _differs(row, after[key]) for key, row in before.items())
        come = sum(key not in before for key in after)
        limit = comparison.threshold * size
        if max(gone + other, come) <= limit:
            continue
        named.add(table.name)
        said = ((gone, "vanishes", "vanish"), (other, "changes", "change"), (come, "is new", "are new"))
        counts = ", ".join(f"{count:,} {one if count == 1 else more}" for count, one, more in said if count)
        severity = table.gone if gone > limit else Severity.MEDIUM if gone + other > limit else Severity.LOW
        yield Hit(f"of {size:,} {table.rows}, {counts}", severity)


def _of_lists(plan: Plan, table: str) -> int:
    """The addresses of lists, nine each, which follow from the lists and are not counted."""
    return sum(row.kind == "list" for row in plan.routes) if table == "routes" else 0


def _rows(plan: Plan, table: str) -> Mapping[Any, Any]:
    """The rows that are counted, by their keys."""
    return {row.key: row for row in getattr(plan, table) if table != "routes" or row.kind != "list"}


def _differs(old: object, new: object) -> bool:
    """Whether two rows differ in more than their host: what moves to another one is said by the rules of that."""
    return not _OF_HOSTS.issuperset(differences(old, new))
