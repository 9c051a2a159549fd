"""Who may relay, through which listener."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_network

from mailwright.plan import links, listeners, lists
from mailwright.plan.model import Because, Grant
from mailwright.plan.networks import prefixes
from mailwright.site.model import IPAddress, IPNetwork, Site

_LOGIN = Because("REMOTE-1", "relaying after a login over TLS, from any network")
_NETWORK = Because("RELAY-2", "explicitly authorised by the description: networks.relay")

_GATEWAY = Because("GATE-2", "outgoing mail of the system behind the gateway passes here")
_SATELLITE = Because("SCALE-1", "what the site's other hosts send themselves: bounces of filters, cron's letters")


def rows(site: Site) -> Iterator[Grant]:
    """Grants; whoever has none is refused (RELAY-2, RELAY-3)."""
    granted: dict[IPNetwork, Because] = {}
    for gateway in site.gateways:
        for network in prefixes(gateway.clients):
            granted.setdefault(network, _GATEWAY)
    for network in prefixes(site.networks.relay):
        granted.setdefault(network, _NETWORK)
    addresses = {host.name: host.addresses for host in site.hosts}
    satellites: defaultdict[str, list[IPAddress]] = defaultdict(list)
    for link in links.rows(site):
        if link.service == "smtp":
            satellites[link.server] += addresses[link.client]
    for listener in listeners.rows(site):
        if listener.service in ("submission", "submissions"):
            yield Grant(listener.host, listener.port, "authenticated", _LOGIN)
        elif listener.service == "smtp":
            own = {ip_network(address): _SATELLITE for address in satellites[listener.host]}
            for prefix, because in (granted | own).items():
                yield Grant(listener.host, listener.port, prefix, because)
    yield from lists.grants(site)
