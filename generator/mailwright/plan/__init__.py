"""Site → Plan: one module per table, each with ``rows(site)``.

>>> plan = make(site)
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import TypeVar

from mailwright.plan import (
    book,
    border,
    clocks,
    contacts,
    gateways,
    grants,
    hosts,
    invariants,
    links,
    listeners,
    lists,
    mailboxes,
    openings,
    policies,
    publications,
    records,
    retention,
    rewrites,
    routes,
    senders,
    settings,
    web,
)
from mailwright.plan.errors import Faults, PlanError
from mailwright.plan.model import Plan
from mailwright.site.model import Site

__all__ = ["PlanError", "make"]

Row = TypeVar("Row")


OF_HOSTS = ("hosts", "listeners", "links", "grants", "policies", "openings", "border", "clocks")
"""Tables that are made of a site's hosts, networks, doors and clocks alone."""


def make(site: Site, shared: Plan | None = None) -> Plan:
    """The plan of a site: every table sorted by its rows' keys, which are unique.

    shared  of a site on a provider's shared hosts: the plan of the provider's own site there, which has the same
            tables OF_HOSTS. They are taken from it, because making them takes as long as all the rest.

    Raises PlanError, with every fault and its place, for a description from which no plan can be made.
    """
    faults = Faults()
    host_rows = _table(hosts.rows(site, faults)) if shared is None else shared.hosts
    mailbox_rows = _table(mailboxes.rows(site, faults))
    route_rows = _table(routes.rows(site, faults))
    sender_rows = _table(senders.rows(site, faults))
    gateway_rows = _table(gateways.rows(site, faults))
    list_rows = _table(lists.rows(site, faults))
    member_rows = _table(lists.members(site, faults))
    web_rows = _table(web.rows(site, faults))
    kept = retention.rows(site) if shared is None else retention.of_customer(site, shared, faults)
    retention_rows = _table(kept)
    if shared is None:
        links.check(site, faults)
    faults.done()
    plan = Plan(
        settings=settings.make(site),
        hosts=host_rows,
        mailboxes=mailbox_rows,
        routes=route_rows,
        senders=sender_rows,
        rewrites=_table(rewrites.rows(site)),
        gateways=gateway_rows,
        listeners=_table(listeners.rows(site)) if shared is None else shared.listeners,
        links=_table(links.rows(site)) if shared is None else shared.links,
        grants=_table(grants.rows(site)) if shared is None else shared.grants,
        policies=_table(policies.rows(site)) if shared is None else shared.policies,
        openings=_table(openings.rows(site)) if shared is None else shared.openings,
        border=_table(border.rows(site)) if shared is None else shared.border,
        records=_table(records.rows(site)),
        clocks=_table(clocks.rows(site)) if shared is None else shared.clocks,
        retention=retention_rows,
        publications=_table(publications.rows(site)),
        contacts=_table(contacts.rows(site)),
        promises=_table(contacts.promises(site)),
        waivers=_table(contacts.waivers(site)),
        lists=list_rows,
        members=member_rows,
        web=web_rows,
        book=_table(book.rows(site)),
    )
    for breach in invariants.breaches(plan, shared):
        message = f"{breach.requirement} would be broken: {breach.message}"
        fix = "this is a mistake of mailwright's own; nothing is built from such a plan"
        faults.add(breach.id, message, site.where, fix)
    faults.done()
    return plan


def _table(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=attrgetter("key")))
