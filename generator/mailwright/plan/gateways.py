"""The systems of others that serve some of the site's domains (GATE-1, GATE-2)."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan.model import Because, Gateway
from mailwright.site.model import Site

_BECAUSE = Because("GATE-1", "mail of a system behind the gateway passes the site's mailers, both ways")


def rows(site: Site) -> Iterator[Gateway]:
    """A row per gateway."""
    for gateway in site.gateways:
        yield Gateway(
            gateway.name,
            gateway.domains,
            gateway.next_hop,
            gateway.port,
            gateway.tls,
            gateway.recipients,
            tuple(dict.fromkeys(network.prefix for network in gateway.clients)),
            _BECAUSE,
        )
