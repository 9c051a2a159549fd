"""Site → Plan: one module per table, each with ``rows(site)``.

>>> plan = make(site)
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import TypeVar

from mailwright.plan import (
    border,
    clocks,
    contacts,
    gateways,
    grants,
    hosts,
    invariants,
    links,
    listeners,
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
)
from mailwright.plan.errors import Faults, PlanError
from mailwright.plan.model import Plan
from mailwright.site.model import Site

__all__ = ["PlanError", "make"]

Row = TypeVar("Row")


def make(site: Site) -> Plan:
    """The plan of a site: every table sorted by its rows' keys, which are unique.

    Raises PlanError, with every fault and its place, for a description from which no plan can be made.
    """
    faults = Faults()
    host_rows = _table(hosts.rows(site, faults))
    mailbox_rows = _table(mailboxes.rows(site, faults))
    route_rows = _table(routes.rows(site, faults))
    sender_rows = _table(senders.rows(site, faults))
    gateway_rows = _table(gateways.rows(site, faults))
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
        listeners=_table(listeners.rows(site)),
        links=_table(links.rows(site)),
        grants=_table(grants.rows(site)),
        policies=_table(policies.rows(site)),
        openings=_table(openings.rows(site)),
        border=_table(border.rows(site)),
        records=_table(records.rows(site)),
        clocks=_table(clocks.rows(site)),
        retention=_table(retention.rows(site)),
        publications=_table(publications.rows(site)),
        contacts=_table(contacts.rows(site)),
        promises=_table(contacts.promises(site)),
    )
    for breach in invariants.breaches(plan):
        message = f"{breach.requirement} would be broken: {breach.message}"
        fix = "this is a mistake of mailwright's own; nothing is built from such a plan"
        faults.add(breach.id, message, site.where, fix)
    faults.done()
    return plan


def _table(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=attrgetter("key")))
