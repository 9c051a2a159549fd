"""Who gets mail in the end: the routes of a plan, followed to people, lists and other systems.

Counted as the rules about roles do it (``requirements.subject.Subject.reach``): roles, further addresses and lists
on the way are followed, and somebody who is reached twice is one.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailwright.plan.model import Plan
from mailwright.plan.names import LOGINS
from mailwright.records import dataclass
from mailwright.site.addresses import domain, key, local_part

PEOPLES = frozenset({"mailbox", "alias", "internal"})
"""Kinds of routes that a live directory has in place of the tables."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Who gets the mail for an address.

    people   logins here; in a live directory also addresses of which it knows whose they are
    outside  addresses outside the organisation's domains, in lower case
    behind   addresses whose mail goes to a system of the organisation that is not described here, such as one
    behind a gateway: nothing is known of who reads it
    """

    people: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.people) + len(self.outside) + len(self.behind)


class Ends:
    """Finds the ends of the addresses of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._routes = {row.address: row for row in plan.routes}
        self._lists: dict[str, Sequence[str]] = {
            row.address: [] if row.known == "build" else row.owners for row in plan.lists
        }
        for member in plan.members:
            named = self._lists.get(member.list)
            if isinstance(named, list):
                named.append(member.member)
        self._live = plan.live is not None
        self._domains = frozenset(plan.settings.domains)
        self._taken = self._domains | frozenset(plan.settings.alias_names)
        self._gateways = frozenset(name for row in plan.gateways for name in row.domains)

    def of(self, address: str) -> Reach:
        """Who gets mail for the address. Nobody where it leads nowhere, or back to itself."""
        people: set[str] = set()
        outside: set[str] = set()
        behind: set[str] = set()
        seen = {address}
        waiting = [address]
        while waiting:
            one = waiting.pop()
            route = self._routes.get(key(one))
            onward: Sequence[str] = ()
            if route is None:
                self._end(one, people, outside, behind)
            elif route.kind == "mailbox":
                people.update(route.targets)
            elif route.kind == "gateway":  # known there by an address that may be no longer the organisation's
                if self.outside(route.targets[0]):
                    outside.add(key(route.targets[0]))
                else:
                    behind.add(route.address)
            elif route.kind == "list":
                onward = self._lists.get(route.address, ())
            else:
                onward = route.targets
            waiting += [target for target in onward if target not in seen]
            seen.update(onward)
        return Reach(frozenset(people), frozenset(outside), frozenset(behind))

    def outside(self, address: str) -> bool:
        """Whether the address is in none of the organisation's domains, nor below one of them."""
        labels = domain(address).split(".")
        names = {".".join(labels[start:]) for start in range(len(labels))}
        return names.isdisjoint(self._domains) and domain(address) not in self._taken

    def _end(self, address: str, people: set[str], outside: set[str], behind: set[str]) -> None:
        name = domain(address)
        if not name:
            people.add(address)
        elif name == LOGINS:
            people.add(local_part(address))
        elif name in self._gateways:
            behind.add(key(address))
        elif name in self._taken:
            if self._live:  # the directory may have it
                people.add(key(address))
        elif self.outside(address):
            outside.add(key(address))
        else:
            behind.add(key(address))


def asked_elsewhere(plan: Plan) -> frozenset[str]:
    """Domains whose addresses stand in no table: a system behind a gateway, or the directory, is asked for each."""
    return frozenset(name for row in plan.gateways if row.known == "live" for name in row.domains)


def kept_domains(old: Plan, new: Plan) -> frozenset[str]:
    """Mail domains that take mail before and after, also where they are only a form used inside from now on."""
    names = frozenset(old.settings.domains) & frozenset(new.settings.own_names)
    return names | (frozenset(old.settings.own_names) & frozenset(new.settings.domains))


def comparable(old: Plan, new: Plan) -> bool:
    """Whether people stand in the tables of both plans."""
    return old.live is None and new.live is None


def owners(plan: Plan) -> dict[str, str]:
    """Address → login, of people's addresses."""
    owners = {row.address: row.targets[0] for row in plan.routes if row.kind == "mailbox"}
    for row in plan.routes:
        if row.kind in PEOPLES and row.kind != "mailbox" and row.targets[0] in owners:
            owners[row.address] = owners[row.targets[0]]
    return owners
