"""The DNS records of two plans, as others ask for them and remember them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address

from mailwright.plan.model import Plan, Record
from mailwright.site.model import IPAddress


@dataclass(frozen=True)
class Zones:
    """The records of a plan, as somebody asks for them."""

    plan: Plan

    @cached_property
    def records(self) -> Mapping[tuple[str, str], tuple[Record, ...]]:
        """(Owner without its last dot, type) → the records."""
        found: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
        for row in self.plan.records:
            found[row.owner.rstrip(".").lower(), row.type].append(row)
        return {asked: tuple(rows) for asked, rows in found.items()}

    def get(self, owner: str, type_: str) -> tuple[Record, ...]:
        return self.records.get((owner, type_), ())

    def addresses(self, name: str) -> frozenset[IPAddress]:
        return frozenset(ip_address(row.value) for type_ in ("A", "AAAA") for row in self.get(name, type_))

    @cached_property
    def mailers(self) -> Mapping[str, tuple[str, ...]]:
        """Domain → where its mail goes, by the MX records, the first to be tried first."""
        found: dict[str, tuple[str, ...]] = {}
        for (owner, type_), rows in self.records.items():
            if type_ == "MX":
                ranked = sorted((int(rank), name) for rank, _, name in (row.value.partition(" ") for row in rows))
                found[owner] = tuple(name.rstrip(".").lower() for _, name in ranked if name != ".")
        return found


def differing(old: Zones, new: Zones, *types: str) -> Iterator[tuple[tuple[Record, ...], tuple[Record, ...]]]:
    """Old and new records of each name and type that differ in what they say, whichever zone they are in. One of
    the two may be empty."""
    for name, type_ in dict.fromkeys((*old.records, *new.records)):
        before, after = old.get(name, type_), new.get(name, type_)
        if type_ in types and {row.value for row in before} != {row.value for row in after}:
            yield before, after


def says_more(some: Iterable[Record], other: Iterable[Record]) -> bool:
    """Whether ``other`` says something that ``some`` does not: a value, or a term of an SPF record."""
    return not _terms(other) <= _terms(some)


def only_less(before: Iterable[Record], after: Iterable[Record]) -> bool:
    """Whether something is gone and nothing has come."""
    return says_more(after, before) and not says_more(before, after)


def _terms(rows: Iterable[Record]) -> set[str]:
    """Of MX and SRV records the host alone: another order is no other host, and ``.`` says that there is none."""
    found: set[str] = set()
    for row in rows:
        found.update(row.value.split() if row.type == "TXT" else row.value.split()[-1:])
    return found - {"."}


def spf(rows: Iterable[Record]) -> tuple[str, ...]:
    """The terms of the SPF record among the records of a name; empty without one."""
    said = (row.value.split() for row in rows if row.type == "TXT")
    return next((tuple(terms[1:]) or ("?all",) for terms in said if terms[:1] == ["v=spf1"]), ())
