"""Probes of running hosts. ``PROBES`` is all of them, in the order in which reports show them."""

from __future__ import annotations

from mailwright.audit import (
    addresses,
    clock,
    firewall,
    identity,
    journal,
    ports,
    relay,
    smuggling,
    store,
    submission,
    trail,
    transport,
)
from mailwright.audit.model import Probe

PROBES: tuple[Probe, ...] = (
    *identity.PROBES,
    *addresses.PROBES,
    *relay.PROBES,
    *submission.PROBES,
    *smuggling.PROBES,
    *transport.PROBES,
    *store.PROBES,
    *clock.PROBES,
    *trail.PROBES,
    *firewall.PROBES,
    *ports.PROBES,
    *journal.PROBES,
)
