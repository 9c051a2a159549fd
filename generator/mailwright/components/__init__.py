"""The components, in the order in which they are put in place. A new one is a line here."""

from __future__ import annotations

from mailwright.components import counter, dovecot, filter, firewall, guard, logs, nullclient, postfix, time, tls
from mailwright.components.model import Component

COMPONENTS: tuple[Component, ...] = (
    time.COMPONENT,
    tls.COMPONENT,
    logs.COMPONENT,
    firewall.COMPONENT,
    guard.COMPONENT,
    dovecot.COMPONENT,
    counter.COMPONENT,
    filter.COMPONENT,
    postfix.COMPONENT,
    nullclient.COMPONENT,
)
