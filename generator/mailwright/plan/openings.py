"""What each host's firewall lets through; all else is dropped."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan import listeners, names
from mailwright.plan.model import EVERYWHERE, Because, Opening
from mailwright.site.model import Site

_MANAGEMENT = Because("SCALE-1", "management access, from the management networks alone")
_OUT = Because("RELAY-1", "only the mailer sends to port 25 outside")


def rows(site: Site) -> Iterator[Opening]:
    """An opening in for each listener, and one out for the mailer's own user."""
    management = tuple(dict.fromkeys(network.prefix for network in site.networks.management))
    for listener in listeners.rows(site):
        if listener.service == "ssh":
            yield Opening(listener.host, "in", "tcp", listener.port, management, _MANAGEMENT)
        else:
            yield Opening(listener.host, "in", "tcp", listener.port, EVERYWHERE, listener.because)
    for host in names.sending(site):
        yield Opening(host.name, "out", "tcp", 25, EVERYWHERE, _OUT, user="postfix")
