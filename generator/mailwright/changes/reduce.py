"""Two sites without the people of whom a review has nothing to say: plans of what differs, not of 100,000 people.

People are left out on both sides where they are the same, nothing else names them, and nothing differs of which
rows of people are made (``_APART`` lists what may). Each table then has the rows of its other rows plus theirs,
which are the same on both sides: all that is made of a person alone depends on that person and on what is the same.
What depends on several people keeps them all:

- who shares a login or an address with somebody else, since the first of them may have it;
- who is named anywhere else in the description, in whatever way, by login or by any address;
- who is on a list because of a department or category;
- one of each kind (with further addresses, in a department, ...), so that no table is empty that has rows.

Placement on several stores depends on everybody: it is worked out before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace

from mailwright.plan import lists, mailboxes, names
from mailwright.plan.errors import Faults, PlanError
from mailwright.records import dataclass
from mailwright.site.addresses import key, local_part
from mailwright.site.inner import Inner
from mailwright.site.model import Person, Site
from mailwright.site.role_names import FACILITIES, REQUIRED, SYNONYMS

MANY = 1000
"""People of whom it is worth while: fewer are planned sooner than sorted out."""

_APART = frozenset(
    {
        "agreement",
        "attestations",
        "audit",
        "automatic_senders",
        "dkim",
        "logging",
        "networks",
        "organisation",
        "pages",
        "published",
        "roles",
        "smarthost",
        "submission",
        "time",
        "tls",
        "waivers",
        "webmail",
    }
)
"""Parts of a site of which no row of a person is made, but for people whom they name."""

_RESERVED = frozenset({*REQUIRED, *FACILITIES.values(), *SYNONYMS, "root", "mailer-daemon"})
"""Local parts that mean something without being described."""

_WORD = re.compile(r"[^\s<>()\[\]{},;:\"'`|]+")


@dataclass(frozen=True, slots=True)
class Reduced:
    """``old`` and ``new`` without the people whom a review can leave out.

    rows  table of the plan → how many rows these people have in it, on each side
    """

    old: Site
    new: Site
    rows: Mapping[str, int]


def reduce(old: Site, new: Site, many: int = MANY) -> Reduced:
    """Both sites, with fewer people where that is sure to say the same; else as they are.

    many  people on both sides together, below which nobody is left out
    """
    whole = Reduced(old, new, {})
    if len(old.people) + len(new.people) < many or _of_people(old) != _of_people(new):
        return whole
    one, other = _placed(old), _placed(new)
    if one is None or other is None:
        return whole
    before = {person.login: person for person in one}
    logins = {person.login for person in other}
    if len(before) < len(one) or len(logins) < len(other):
        return whole  # a login twice: no plan is made of it
    changed = [person for person in other if before.get(person.login) != person]
    away = _nobodys(one, changed, logins, (old, new))
    if not away:
        return whole
    return Reduced(
        replace(old, people=tuple(person for person in one if person.login not in away)),
        replace(new, people=tuple(person for person in other if person.login not in away)),
        _rows((before[login] for login in away), old),
    )


def _of_people(site: Site) -> tuple[object, ...]:
    """All of the site of which rows of people are made, but for the people."""
    kept = (field.name for field in fields(site) if field.compare)
    return (
        *(getattr(site, name) for name in kept if name not in _APART and name not in ("people", "domains")),
        *(domain.name for domain in site.domains),
    )


def _placed(site: Site) -> Sequence[Person] | None:
    """The people, each with the store that keeps their mail, where there are several. None: there is a fault."""
    stores = tuple(host.name for host in names.with_function(site, "store"))
    if len(stores) == 1 and not any(person.store for person in site.people):
        return site.people
    if not stores:
        return None
    faults = Faults()
    try:
        placed = mailboxes.placed(site, stores, faults)
        faults.done()
    except PlanError:
        return None
    return tuple(person if person.store else replace(person, store=placed[person.login]) for person in site.people)


def _nobodys(
    old: Sequence[Person], changed: Sequence[Person], logins: Container[str], sites: tuple[Site, Site]
) -> set[str]:
    """Logins of those who can be left out.

    changed  people of the new site who are not there, or not so, in the old one
    logins   of the new site
    """
    differ = {person.login for person in changed}
    site = sites[0]
    # With internal forms of addresses, x@one.example can be x@other.example in another form.
    form = local_part if site.internal_domains else str
    taken = {*_named(sites), *_RESERVED, *_further(site)}
    taken |= _twice([form(address) for person in (*old, *changed) for address in _addresses(person)])
    taken |= _twice([login.lower() for login in {person.login for person in (*old, *changed)}])
    attributes = [row.members.attributes for row in site.lists if row.members.attributes]
    found: set[str] = set()
    kinds: set[object] = set()
    for person in old:
        login = person.login
        if login in differ or login not in logins or login.lower() in taken:
            continue
        addresses = _addresses(person)
        if any(address in taken or address.rpartition("@")[0] in taken for address in addresses):
            continue
        if any(all(getattr(person, name) == value for name, value in pairs) for pairs in attributes):
            continue
        kind = _kind(person, addresses)
        if kind in kinds:
            found.add(login)
        else:
            kinds.add(kind)
    return found


def _twice(words: Sequence[str]) -> set[str]:
    """Those that are there more than once."""
    if len(set(words)) == len(words):
        return set()
    return {word for word, count in Counter(words).items() if count > 1}


def _addresses(person: Person) -> Collection[str]:
    """Each once, in look-up form."""
    if not person.aliases and not person.internal:
        return (key(person.address),)
    return {key(address) for address in (person.address, *person.aliases, *person.internal)}


def _kind(person: Person, addresses: Collection[str]) -> object:
    domains = [address.rpartition("@")[2] for address in addresses]
    return (
        domains[0] if len(domains) == 1 else frozenset(domains),
        bool(person.aliases),
        bool(person.internal),
        person.department,
        person.quota,
        person.store,
        person.category,
        person.listed,
    )


def _named(part: object) -> Iterator[str]:
    """Every word of sites but for their people, in small letters; of an address its local part too."""
    if isinstance(part, str):
        for word in _WORD.findall(part.lower()):
            bare = word.strip(".!?*_/\\")
            yield from (word, local_part(word), bare, local_part(bare))
    elif isinstance(part, tuple):
        for item in part:
            yield from _named(item)
    elif is_dataclass(part):
        for field in fields(part):
            if field.compare and field.name != "people":
                yield from _named(getattr(part, field.name))


def _further(site: Site) -> Iterator[str]:
    """Local parts that the lists have besides their names."""
    for row in site.lists:
        for word in lists.ADDRESSES:
            yield key(f"{row.local}-{word}")


def _rows(people: Iterable[Person], site: Site) -> Mapping[str, int]:
    """Table → how many rows are made of people who share no address."""
    inner = Inner(site)
    rows: Counter[str] = Counter()
    for person in people:
        rows["mailboxes"] += 1
        if site.address_book != "nobody" and (
            person.listed or (person.listed is None and site.address_book == "everybody")
        ):
            rows["book"] += 1
        if not person.aliases and not person.internal and not site.internal_domains:
            rows["plain"] += 1
            continue
        addresses = set(_addresses(person))
        forms = {form for address in addresses for form in inner.forms(address)}
        internal = {key(address) for address in person.internal} - {key(person.address)}
        rows["routes"] += len(addresses | forms)
        rows["senders"] += len(addresses | forms)
        rows["rewrites"] += len(internal | forms)
    plain = rows.pop("plain", 0)  # those with one address and nothing more
    rows["routes"] += plain
    rows["senders"] += plain
    return rows
