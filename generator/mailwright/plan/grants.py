"""Who may relay, through which listener."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan import listeners
from mailwright.plan.model import Because, Grant
from mailwright.site.model import Site

_LOGIN = Because("REMOTE-1", "relaying after a login over TLS, from any network")
_NETWORK = Because("RELAY-2", "explicitly authorised by the description: networks.relay")


def rows(site: Site) -> Iterator[Grant]:
    """Grants; whoever has none is refused (RELAY-2, RELAY-3)."""
    prefixes = dict.fromkeys(network.prefix for network in site.networks.relay)
    for listener in listeners.rows(site):
        if listener.service in ("submission", "submissions"):
            yield Grant(listener.host, listener.port, "authenticated", _LOGIN)
        elif listener.service == "smtp":
            for prefix in prefixes:
                yield Grant(listener.host, listener.port, prefix, _NETWORK)
