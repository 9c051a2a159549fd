"""The components, in the order in which they are put in place. A new one is a line here."""

from __future__ import annotations

from mailwright.components import (
    accounts,
    carddav,
    counter,
    customers,
    dovecot,
    filter,
    firewall,
    guard,
    logs,
    mailman,
    nullclient,
    postfix,
    time,
    tls,
    web,
    webmail,
)
from mailwright.components.model import Component

COMPONENTS: tuple[Component, ...] = (
    time.COMPONENT,
    tls.COMPONENT,
    logs.COMPONENT,
    firewall.COMPONENT,
    guard.COMPONENT,
    customers.COMPONENT,
    dovecot.COMPONENT,
    accounts.COMPONENT,
    counter.COMPONENT,
    filter.COMPONENT,
    postfix.COMPONENT,
    mailman.COMPONENT,
    nullclient.COMPONENT,
    web.COMPONENT,
    webmail.COMPONENT,
    carddav.COMPONENT,
)
