"""What the lab's directory holds: the people whom a rehearsal is about, in the attributes that the site names."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mailwright.formats import ldap
from mailwright.site.addresses import domain, key
from mailwright.site.model import Directory, Person, Site

Pairs = list[tuple[str, str]]

# RFC 2849, 3: what may stand without base64.
_SAFE = re.compile(r"[\x01-\x09\x0b\x0c\x0e-\x1f\x21-\x39\x3b\x3d-\x7f][\x01-\x09\x0b\x0c\x0e-\x7f]*")


def invented(site: Site) -> tuple[Person, ...]:
    """People for a directory that a rehearsal cannot see: one for each login that the description names, and one
    for each contact's address, which must be somebody's."""
    named = [name for role in site.roles for name in (*role.members, *role.senders) if "@" not in name]
    named += [sender.replies for sender in site.automatic_senders if sender.replies and "@" not in sender.replies]
    automatic = {sender.login for sender in site.automatic_senders}
    logins = [login for login in dict.fromkeys(named) if login not in automatic]
    directory = site.directory
    where = directory.where if directory is not None else site.where
    has = directory.attributes if directory is not None else None
    primary = site.primary.name
    people = []
    for number, login in enumerate(logins or ["rehearsal1"], 1):
        # Names of letters alone, and none that shows the login (ADDR-1, ADDR-2).
        word = "".join("abcdefghij"[int(digit)] for digit in str(number))
        address = f"Rehearsal.Person-{word}@{primary}"
        aliases = (f"R.Person-{word}@{primary}",) if has and has.aliases else ()
        internal = (f"inside-{word}@{primary}",) if has and has.internal else ()
        people.append(Person(login, f"Rehearsal Person {word}", address, aliases, internal, "", None, where))
    for number, address in enumerate(_contacts(site), 1):
        login = f"rehearsal-contact{number}"
        people.append(Person(login, f"Rehearsal Contact {number}", address, (), (), "", None, where))
    return tuple(people)


def _contacts(site: Site) -> tuple[str, ...]:
    """Addresses of contacts and of the service desk in the site's domains that the description gives to nobody."""
    desk = site.organisation.service_desk
    given = [one.email for one in site.organisation.contacts] + ([desk.email] if desk is not None else [])
    taken = {
        key(f"{local}@{name}") for role in site.roles for name in role.domains for local in (role.local, *role.also)
    }
    taken |= {key(address) for sender in site.automatic_senders for address in sender.addresses}
    served = {item.name for item in site.domains} - {name for gateway in site.gateways for name in gateway.domains}
    free = {key(address): address for address in given if domain(address) in served and key(address) not in taken}
    return tuple(free.values())


def in_groups(people: Sequence[Person]) -> tuple[Person, ...]:
    """Who is in each group that the description names: every other one, so that there are others too."""
    return tuple(people[::2])


def groups(site: Site) -> tuple[str, ...]:
    """The names of the entries whose members are those of a list."""
    return tuple(dict.fromkeys(row.members.group for row in site.lists if row.members.group))


def files(
    directory: Directory,
    people: Sequence[Person],
    passwords: Mapping[str, str],
    bind_password: str,
    groups: Iterable[str] = (),
) -> dict[str, bytes]:
    """The folder of the server (ldap_server.py), but for its certificate. ``passwords``: by login."""
    told = tuple(satisfying(ldap.parse(directory.filter)))
    entries: dict[str, Pairs] = {}
    _ancestors(directory.base, entries)
    if directory.bind_dn:
        _ancestors(directory.bind_dn, entries)
        entries[_dn(directory.bind_dn)] += [("userPassword", bind_password)]
    for person in people:
        entries[entry(directory, person)] = _person(directory, person, told, passwords.get(person.login, ""))
    for group in groups:
        _ancestors(group, entries)
        entries[_dn(group)] += [("member", entry(directory, person)) for person in in_groups(people)]
    used = [pair for pairs in entries.values() for pair in pairs]
    scheme = "ldaps" if directory.tls == "ldaps" else "ldap"
    said = {
        "attributes": sorted({name for name, _value in used}),
        "classes": sorted({value for name, value in used if name.lower() == "objectclass"}),
        "readers": _dn(directory.bind_dn) if directory.bind_dn else "",
        "url": f"{scheme}://*:{directory.port}/",
    }
    return {
        "directory.json": json.dumps(said).encode(),
        "entries.ldif": "\n".join(_record(name, pairs) for name, pairs in entries.items()).encode("ascii"),
    }


def entry(directory: Directory, person: Person) -> str:
    """The name of somebody's entry."""
    return f"{directory.attributes.login}={person.login},{_dn(directory.base)}"


def satisfying(asked: ldap.Filter) -> Iterator[tuple[str, str]]:
    """Attributes and values with which an entry passes a filter. What must not be so is left out."""
    if asked.sign == "&":
        for part in asked.parts:
            yield from satisfying(part)
    elif asked.sign == "|":
        yield from satisfying(asked.parts[0])
    elif asked.sign in ("=", "~=", ">=", "<=") and asked.left:
        yield asked.left, "".join(asked.values) or "1"


def _person(
    directory: Directory, person: Person, told: Sequence[tuple[str, str]], password: str
) -> list[tuple[str, str]]:
    has = directory.attributes
    prefix = {name: "smtp:" for name in (has.aliases, has.internal) if name.lower() == ldap.PREFIXED}
    held = [("objectClass", "inetOrgPerson"), ("objectClass", "extensibleObject"), *told]
    held += [(has.login, person.login), (has.name, person.name), (has.address, person.address)]
    held += [(has.aliases, prefix.get(has.aliases, "") + address) for address in person.aliases]
    held += [(has.internal, prefix.get(has.internal, "") + address) for address in person.internal]
    held += [(has.quota, str(person.quota)) for _ in (1,) if person.quota is not None]
    held += [(has.store, person.store)]
    held += [("cn", person.name), ("sn", person.name.split()[-1]), ("userPassword", password)]
    return list({(name.lower(), value.lower()): (name, value) for name, value in held if name and value}.values())


def _dn(text: str) -> str:
    return str(ldap.dn(text))


def _ancestors(text: str, entries: dict[str, Pairs]) -> None:
    """The entry and all above it, outermost first."""
    parts = _dn(text).split(",")
    for start in range(len(parts) - 1, -1, -1):
        name = ",".join(parts[start:])
        pairs = [pair.partition("=") for pair in parts[start].split("+")]
        values = [
            (kind, re.sub(r"\\([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), value))
            for kind, _, value in pairs
        ]
        classes = [("objectClass", "organizationalRole"), ("objectClass", "extensibleObject")]
        entries.setdefault(name, [*classes, ("cn", "lab"), *values])


def _record(name: str, pairs: Pairs) -> str:
    return "".join(_line(key, value) for key, value in [("dn", name), *pairs])


def _line(key: str, value: str) -> str:
    if _SAFE.fullmatch(value) and not value.endswith(" "):
        return f"{key}: {value}\n"
    return f"{key}:: {base64.b64encode(value.encode()).decode('ascii')}\n"
