"""Probes of running hosts. ``PROBES`` is all of them, in the order in which reports show them.

``for_site`` gives those that mean something at one site: what it does not have cannot be probed.
"""

from __future__ import annotations

from mailwright.audit import (
    accounts,
    addresses,
    away,
    border,
    carddav,
    certificates,
    clients,
    clock,
    contacts,
    firewall,
    gateway,
    identity,
    issuers,
    journal,
    links,
    lists,
    logs_kept,
    mta_sts,
    outage,
    pages,
    ports,
    publications,
    relay,
    smuggling,
    store,
    submission,
    trail,
    transport,
    webmail,
    zone,
)
from mailwright.audit.model import Probe
from mailwright.plan.model import Plan

PROBES: tuple[Probe, ...] = (
    *zone.PROBES,
    *identity.PROBES,
    *addresses.PROBES,
    *contacts.PROBES,
    *relay.PROBES,
    *submission.PROBES,
    *smuggling.PROBES,
    *transport.PROBES,
    *certificates.PROBES,
    *mta_sts.PROBES,
    *issuers.PROBES,
    *gateway.PROBES,
    *store.PROBES,
    *clock.PROBES,
    *trail.PROBES,
    *logs_kept.PROBES,
    *border.PROBES,
    *firewall.PROBES,
    *links.PROBES,
    *ports.PROBES,
    *lists.PROBES,
    *webmail.PROBES,
    *accounts.PROBES,
    *carddav.PROBES,
    *clients.PROBES,
    *pages.PROBES,
    *publications.PROBES,
    *outage.PROBES,
    *away.PROBES,
    *journal.PROBES,
)


def for_site(plan: Plan) -> tuple[Probe, ...]:
    """The probes whose condition the site meets."""
    return tuple(probe for probe in PROBES if probe.only is None or probe.only.holds(plan))


def for_live(plan: Plan) -> tuple[Probe, ...]:
    """Those of them that a service which people use can be asked: they change nothing there."""
    return tuple(probe for probe in for_site(plan) if not probe.harm)
