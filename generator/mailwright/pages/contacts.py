"""The contact sheet for Janet: who looks after the service, and how they are reached (AUDIT-5, AUDIT-6, ROLE-3)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mailwright.formats import html
from mailwright.pages.facts import because, vouched
from mailwright.pages.model import Cell, Fact, Section, Table, say
from mailwright.plan.contacts import SERVICE_DESK
from mailwright.plan.model import Contact, HostFacts, Plan


def sections(plan: Plan) -> Iterator[Section]:
    settings = plan.settings
    people: Fact = say("operators.none")
    if plan.contacts:
        people = Table("contacts", ("name", "mail", "telephone"), tuple(_contact(one) for one in plan.contacts))
    yield Section(
        "people", because("AUDIT-5", "Janet reaches those who run the service, by telephone too"), (people,)
    )
    rows: list[tuple[Cell, ...]] = [
        (say("organisation.name"), settings.organisation),
        (say("organisation.registry"), html.code(settings.registry) if settings.registry else say("unsaid")),
        (say("organisation.domains"), html.code(", ".join(settings.domains))),
        (say("organisation.timezone"), settings.timezone),
    ]
    desk = settings.service_desk
    if desk is not None and desk.hours:
        rows.append((say("organisation.hours"), desk.hours))
    yield Section(
        "organisation",
        because("AUDIT-6", "what the registry and Janet are to have"),
        (Table("organisation", ("what", "which"), tuple(rows)),),
    )
    yield Section(
        "roles",
        because("ROLE-3", "where Janet and its contractors write to, and get an answer"),
        (Table("roles", ("role", "mail"), tuple(_roles(plan))),),
    )
    yield Section(
        "mailers",
        because("AUDIT-5", "which systems a question may be about"),
        (_mailers(plan.with_function("mx", "submission")), *vouched(plan, "ROLE-3", "AUDIT-5", "AUDIT-6")),
        "contacts",
    )


@lru_cache(maxsize=64)
def _mailers(hosts: tuple[HostFacts, ...]) -> Table:
    rows = tuple((html.code(host.name), html.code(", ".join(map(str, host.addresses)))) for host in hosts)
    return Table("mailers", ("server", "addresses"), rows)


def _contact(one: Contact) -> tuple[Cell, ...]:
    name: Cell = say("desk.name") if one.name == SERVICE_DESK else one.name
    return (name, html.mail(one.email), html.telephone(one.telephone) if one.telephone else say("unsaid"))


def _roles(plan: Plan) -> Iterator[tuple[Cell, ...]]:
    """Role addresses by their name, those of the primary domain first; the mailers' own postmasters left out."""
    domains = {name: number for number, name in enumerate(plan.settings.domains)}
    found: dict[str, list[tuple[int, str]]] = {}
    for route in plan.routes:
        if route.kind == "role":
            local, _, domain = route.address.rpartition("@")
            if domain in domains:
                found.setdefault(local, []).append((domains[domain], route.address))
    order = sorted(found, key=lambda local: (local not in ("postmaster", "abuse"), local))
    for local in order:
        for _, address in sorted(found[local]):
            yield local, html.mail(address)
