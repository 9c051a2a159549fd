"""The description under judgement, with the look-ups that many rules share, each made once and on demand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from itertools import chain
from typing import Literal, NamedTuple

from mailwright.findings import Place
from mailwright.records import dataclass
from mailwright.site.addresses import domain, key
from mailwright.site.distribution import ATTRIBUTES, FURTHER
from mailwright.site.inner import Inner
from mailwright.site.model import AutomaticSender, DistributionList, Host, Person, Role, Site

Kind = Literal["published", "alias", "internal", "role", "also", "automatic", "list", "form"]
Holder = Person | Role | AutomaticSender | DistributionList


class Claim(NamedTuple):
    """``holder`` says that mail for ``address`` is theirs, as one of their ``kind`` of addresses."""

    kind: Kind
    address: str
    holder: Holder

    @property
    def where(self) -> Place:
        return self.holder.where

    @property
    def whose(self) -> str:
        return whose(self.holder)


@dataclass(frozen=True, slots=True)
class Reach:
    """Who gets a role's mail in the end: logins of people here, and addresses elsewhere, sorted."""

    people: tuple[str, ...]
    outside: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.people) + len(self.outside)


def whose(holder: Holder) -> str:
    """The holder in words."""
    match holder:
        case Person():
            return f"the person {holder.login}"
        case Role():
            return f"the role {holder.local}"
        case AutomaticSender():
            return f"the automatic sender {holder.login}"
        case DistributionList():
            return f"the list {holder.local}"


def _in_directory(name: str, site: Site) -> Person:
    """Stands for somebody of whom the directory knows more than a login or an address."""
    where = site.directory.where if site.directory is not None else site.where
    return Person(name, name, "", (), (), "", None, where)


def member_place(role: Role, index: int) -> Place:
    """Where the member stands in the description, or the role when that is not known."""
    return role.member_places[index] if index < len(role.member_places) else role.where


@dataclass(frozen=True)
class Subject:
    """The site, and the day on which it is judged."""

    site: Site
    today: date

    @cached_property
    def domains(self) -> frozenset[str]:
        return frozenset(item.name for item in self.site.domains)

    @cached_property
    def team(self) -> frozenset[str]:
        """Addresses of the provider's people, where the site is a provider's customer; in look-up form."""
        shared = self.site.sharing.team if self.site.sharing is not None else ()
        return frozenset(key(address) for address in (*self.site.team, *shared))

    def hosts(self, function: str) -> tuple[Host, ...]:
        """The hosts that have the function."""
        return tuple(host for host in self.site.hosts if function in host.functions)

    @cached_property
    def senders(self) -> tuple[Host, ...]:
        """The hosts that send mail to the Internet."""
        return tuple(host for host in self.site.hosts if {"mx", "submission"} & set(host.functions))

    @cached_property
    def logins(self) -> dict[str, Person]:
        """People by login. Whoever a description names and only a directory knows is taken to be there."""
        known = {person.login: person for person in self.site.people}
        return {**self._taken_to_be_there, **known}

    @cached_property
    def _taken_to_be_there(self) -> dict[str, Person]:
        """Of a live directory: a person for each login that a role or an automatic sender names."""
        if not self.site.live:
            return {}
        named = [name for role in self.site.roles for name in (*role.members, *role.senders)]
        named += [sender.replies for sender in self.site.automatic_senders]
        return {name: _in_directory(name, self.site) for name in named if name and "@" not in name}

    @cached_property
    def _claimed(self) -> tuple[dict[str, Claim], tuple[tuple[Claim, Claim], ...]]:
        owners: dict[str, Claim] = {}
        clashes: list[tuple[Claim, Claim]] = []
        for claim in chain(self._claims(), self._forms()):
            first = owners.setdefault(key(claim.address), claim)
            if first.holder is not claim.holder:
                clashes.append((first, claim))
        return owners, tuple(clashes)

    def _claims(self) -> Iterator[Claim]:
        for person in self.site.people:
            yield Claim("published", person.address, person)
            for address in person.aliases:
                yield Claim("alias", address, person)
            for address in person.internal:
                yield Claim("internal", address, person)
        for role in self.site.roles:
            for name in role.domains:
                yield Claim("role", f"{role.local}@{name}", role)
                for local in role.also:
                    yield Claim("also", f"{local}@{name}", role)
        for sender in self.site.automatic_senders:
            for address in sender.addresses:
                yield Claim("automatic", address, sender)
        for row in self.site.lists:
            yield Claim("list", row.address, row)
            for word in FURTHER:
                yield Claim("list", f"{row.local}-{word}@{row.domain}", row)

    def _forms(self) -> Iterator[Claim]:
        """The same in the forms of address that are used inside."""
        if not self.site.internal_domains:
            return
        inner = Inner(self.site)
        for claim in self._claims():
            for form in inner.forms(claim.address):
                yield Claim("form", form, claim.holder)

    @property
    def owners(self) -> dict[str, Claim]:
        """Look-up form of each address of the site → who has it; the first of several."""
        return self._claimed[0]

    @cached_property
    def clashes(self) -> tuple[tuple[Claim, Claim], ...]:
        """Pairs of (first, later) claims of different holders to one address, whatever its case.

        It is no clash when an automatic sender uses an address whose mail goes where its own replies go.
        """
        return tuple(pair for pair in self._claimed[1] if not self._agree(*pair))

    def _agree(self, first: Claim, later: Claim) -> bool:
        if not isinstance(later.holder, AutomaticSender):
            return False
        replies = self.resolve(later.holder.replies)
        if isinstance(first.holder, AutomaticSender):
            return replies is not None and replies == self.resolve(first.holder.replies)
        return replies is first.holder

    def resolve(self, member: str) -> Holder | str | None:
        """What a role's member or a reply address stands for: its holder, an outside address as it is, or None."""
        if "@" not in member:
            return self.logins.get(member)
        claim = self.owners.get(key(member)) or self._of_the_system(key(member))
        if claim is not None:
            return claim.holder
        if domain(member) in self.domains:  # nobody's here; a directory may have it
            return _in_directory(member, self.site) if self.site.live else None
        return member if domain(member) else None

    def _of_the_system(self, address: str) -> Claim | None:
        """The mail system gives root and mailer-daemon to the postmaster, unless the description has them."""
        local, _, name = address.rpartition("@")
        has = {"mailer-daemon": self.domains, "root": {self.site.primary.name}}
        if name in has.get(local, ()):
            return self.owners.get(f"postmaster@{name}") or self.owners.get(f"postmaster@{self.site.primary.name}")
        return None

    def next_of(self, holder: Holder) -> tuple[str, ...]:
        """Where mail of this holder goes next; nothing for a person, whose mailbox is the end."""
        match holder:
            case Role():
                return holder.members
            case AutomaticSender():
                return (holder.replies,)
            case DistributionList():
                return self.members(holder)
            case Person():
                return ()

    def members(self, row: DistributionList) -> tuple[str, ...]:
        """Who is on a list, as far as the description says; its owners, where they look after that themselves."""
        if row.members.by_owners or row.members.group:
            return row.owners
        if not row.members.attributes:
            return row.members.named
        first, *rest = (self._having.get(pair, {}) for pair in row.members.attributes)
        return tuple(login for login in first if all(login in other for other in rest))

    @cached_property
    def _having(self) -> dict[tuple[str, str], dict[str, None]]:
        """A department or category → the logins of everybody who has it."""
        found: dict[tuple[str, str], dict[str, None]] = {}
        for name in ATTRIBUTES:
            for person in self.site.people:
                found.setdefault((name, getattr(person, name)), {})[person.login] = None
        return found

    @cached_property
    def _reaches(self) -> dict[int, Reach]:
        return {}

    def reach(self, role: Role) -> Reach:
        """Who gets the role's mail after every role and automatic sender on the way is followed."""
        if id(role) not in self._reaches:  # several rules ask, and chains of roles can be long
            self._reaches[id(role)] = self._follow(role)
        return self._reaches[id(role)]

    def _follow(self, role: Role) -> Reach:
        people: set[str] = set()
        outside: set[str] = set()
        seen: set[int] = {id(role)}
        waiting: list[Holder] = [role]
        while waiting:
            for member in self.next_of(waiting.pop()):
                match self.resolve(member):
                    case None:
                        pass
                    case str() as address:
                        outside.add(key(address))
                    case Person() as person:
                        people.add(person.login)
                    case holder:
                        if id(holder) not in seen:
                            seen.add(id(holder))
                            waiting.append(holder)
        return Reach(tuple(sorted(people)), tuple(sorted(outside)))
