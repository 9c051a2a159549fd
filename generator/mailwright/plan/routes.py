"""Where mail for each of the site's addresses goes."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.findings import Place
from mailwright.plan import lists, names
from mailwright.plan.errors import Faults
from mailwright.plan.model import Because, Route
from mailwright.site.addresses import domain, key
from mailwright.site.inner import Inner
from mailwright.site.model import Gateway, Role, Site
from mailwright.site.role_names import REQUIRED

_PUBLISHED = Because("ADDR-5", "a published address is valid for delivery")
_ALIAS = Because("ADDR-5", "a further address of the same person")
_INTERNAL = Because("INT-4", "an internal address that may have escaped is still deliverable")
_FORM = Because("INT-4", "a form of address that is used inside and may have escaped is still deliverable")
_BEHIND = Because("GATE-1", "somebody behind a gateway: the system there knows this address")
_BEHIND_INTERNAL = Because("INT-4", "what the system behind a gateway calls somebody is still deliverable")
_REQUIRED = Because("ROLE-1", "postmaster and abuse exist in every domain")
_ROLE = Because("ROLE-2", "a role address")
_ALSO = Because("ROLE-4", "another name for a role")
_AUTOMATIC = Because("ADDR-5", "what an automatic process sends from is valid for delivery")
_LIST = Because("LIST-1", "a distribution list")
_LIST_FURTHER = Because("LIST-1", "an address of a list: its owners, requests to it, and bounces of what it sent")
_SYSTEM = Because("ADDR-5", "the mail system's own messages come from a valid address")
_POSTMASTER = Because("ROLE-1", "a form of address that is used inside has a postmaster too")
_MAILER = Because("ROLE-1", "a mailer has a postmaster under its own name too (RFC 5321, 4.5.1)")


def rows(site: Site, faults: Faults) -> Iterator[Route]:
    """Routes of people, of those listed behind gateways, roles, automatic senders, lists and of the mail system
    itself, and of all of them in the forms of address that are used inside.

    Faults: an address that two facts claim for different targets; a role's member or an automatic sender's
    ``replies`` that is nobody's login.
    """
    published = {person.login: key(person.address) for person in site.people}
    routes: dict[str, Route] = {}
    described = tuple(_described(site, published, faults))
    for route, where in (*described, *_inside(site, described)):
        before = routes.setdefault(route.address, route)
        if before is not route and before.targets != route.targets:
            faults.add(
                "address-twice",
                f"{route.address} is said to reach {', '.join(before.targets)} and also {', '.join(route.targets)}",
                where,
                "give the address to one of them; addresses are compared without regard to case",
            )
    yield from routes.values()
    for route in _of_the_system(site, routes):
        if route.address not in routes:
            yield route


def _described(site: Site, published: dict[str, str], faults: Faults) -> Iterator[tuple[Route, Place]]:
    for person in site.people:
        address = published[person.login]
        yield Route(address, "mailbox", (person.login,), _PUBLISHED), person.where
        for alias in person.aliases:
            if key(alias) != address:
                yield Route(key(alias), "alias", (address,), _ALIAS), person.where
        for internal in person.internal:
            if key(internal) != address:
                yield Route(key(internal), "internal", (address,), _INTERNAL), person.where
    for gateway in site.gateways:
        yield from _behind(site, gateway)
    for role in site.roles:
        yield from _of_role(site, role, published, faults)
    for sender in site.automatic_senders:
        target = _target(site, sender.replies, published)
        if target is None:
            faults.add(
                "unknown-login",
                f"replies to the automatic sender {sender.login} go to {sender.replies}, which is nobody's login",
                sender.where,
                "name a person's login or an address",
            )
            continue
        for address in sender.addresses:
            if key(address) != target:
                yield Route(key(address), "automatic", (target,), _AUTOMATIC), sender.where
    for row in site.lists:
        yield Route(key(row.address), "list", (key(row.address),), _LIST), row.where
        for word in lists.ADDRESSES:
            further = key(f"{row.local}-{word}@{row.domain}")
            yield Route(further, "list", (further,), _LIST_FURTHER), row.where


def _inside(site: Site, described: tuple[tuple[Route, Place], ...]) -> Iterator[tuple[Route, Place]]:
    """The same in the forms of address that are used inside, those that are internal themselves too."""
    if not site.internal_domains:
        return
    inner = Inner(site)
    for route, where in described:
        targets = route.targets if route.kind in ("alias", "internal", "automatic") else (route.address,)
        for form in inner.forms(route.address):
            yield Route(form, "internal", targets, _FORM), where


def _behind(site: Site, gateway: Gateway) -> Iterator[tuple[Route, Place]]:
    for listed in gateway.people:
        address, internal = key(listed.address), listed.internal
        if names.own(site, internal):
            internal = key(internal)
        if address == key(internal):
            internal = address
        yield Route(address, "gateway", (internal,), _BEHIND), listed.where
        if internal != address and domain(internal) in gateway.domains:
            yield Route(internal, "gateway", (internal,), _BEHIND_INTERNAL), listed.where


def _of_role(site: Site, role: Role, published: dict[str, str], faults: Faults) -> Iterator[tuple[Route, Place]]:
    reached: set[str] = set()
    for index, member in enumerate(role.members):
        target = _target(site, member, published)
        if target is None:
            places = role.member_places
            faults.add(
                "unknown-login",
                f"the role {role.local} reaches {member}, which is nobody's login",
                places[index] if index < len(places) else role.where,
                "name a person's login or an address",
            )
        else:
            reached.add(target)
    targets = tuple(sorted(reached))
    for name in role.domains:
        because = _REQUIRED if role.local.lower() in REQUIRED else _ROLE
        yield Route(key(f"{role.local}@{name}"), "role", targets, because), role.where
        for local in role.also:
            yield Route(key(f"{local}@{name}"), "role", targets, _ALSO), role.where


def _target(site: Site, member: str, published: dict[str, str]) -> str | None:
    """The full address that ``member`` (a login or an address) stands for; None for an unknown login.

    Whether a login is known to a live directory is not seen here: it stands under its private address.
    """
    if "@" not in member:
        return f"{member}@{names.LOGINS}" if site.live else published.get(member)
    return key(member) if names.own(site, member) else member


def _of_the_system(site: Site, routes: dict[str, Route]) -> Iterator[Route]:
    """root, mailer-daemon, and the postmaster of each mailer's own name: all reach the postmaster."""
    main = f"postmaster@{site.primary.name}"
    if main not in routes:  # a breach of ROLE-1, which its rule reports
        return
    yield Route(f"root@{site.primary.name}", "automatic", (main,), _SYSTEM)
    for item in site.domains:
        own = f"postmaster@{item.name}"
        yield Route(f"mailer-daemon@{item.name}", "automatic", (own if own in routes else main,), _SYSTEM)
    for inner in site.internal_domains:
        own = f"postmaster@{inner.published}"
        yield Route(f"postmaster@{inner.name}", "role", (own if own in routes else main,), _POSTMASTER)
    inside = {inner.name for inner in site.internal_domains}
    for name in names.mailers(site):
        if name not in inside:
            yield Route(f"postmaster@{name}", "role", (main,), _MAILER)
