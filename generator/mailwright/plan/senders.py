"""Who may send as which address."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan.errors import Faults
from mailwright.plan.model import Because, Sender
from mailwright.site.addresses import key
from mailwright.site.inner import Inner
from mailwright.site.model import Site

_PUBLISHED = Because("ADDR-7", "From: is the published address of the one who logged in")
_ALIAS = Because("ADDR-7", "a further address of the one who logged in")
_INTERNAL = Because("INT-4", "an internal address, which leaves in its published form")
_ROLE = Because("ROLE-4", "a role account sends with a valid and fitting originator")
_AUTOMATIC = Because("ADDR-7", "an automatic process, which the note excepts")


def rows(site: Site, faults: Faults) -> Iterator[Sender]:
    """Senders of people, roles and automatic processes; each pair once, the first reason stands.

    Fault: a role's sender who is nobody's login. (Of a live directory that is not known.)
    """
    logins = {person.login for person in site.people} | {sender.login for sender in site.automatic_senders}
    seen: set[tuple[str, str]] = set()
    inner = Inner(site)
    for said in _said(site):
        if (said.address, said.login) not in seen:
            seen.add((said.address, said.login))
            yield said
        for form in inner.forms(said.address):
            if (form, said.login) not in seen:
                seen.add((form, said.login))
                yield Sender(said.login, form, _INTERNAL, said.automatic, "internal", form)
    for role in () if site.live else site.roles:
        for login in role.senders:
            if login not in logins:
                faults.add(
                    "unknown-login",
                    f"{login} may send as the role {role.local}, but is nobody's login",
                    role.where,
                    "name a person's login",
                )


def _said(site: Site) -> Iterator[Sender]:
    for sender in site.automatic_senders:
        for address in sender.addresses:
            yield Sender(sender.login, key(address), _AUTOMATIC, True, "automatic", address)
    for person in site.people:
        yield Sender(person.login, key(person.address), _PUBLISHED, False, "published", person.address)
        for alias in person.aliases:
            yield Sender(person.login, key(alias), _ALIAS, False, "alias", alias)
        for internal in person.internal:
            yield Sender(person.login, key(internal), _INTERNAL, False, "internal", internal)
    for role in site.roles:
        for domain in role.domains:
            for local in (role.local, *role.also):
                address = f"{local}@{domain}"
                for login in role.senders:
                    yield Sender(login, key(address), _ROLE, False, "role", address)
