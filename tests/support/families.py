"""Sites that have addresses of one family alone."""

from __future__ import annotations

from dataclasses import replace

from mailwright.site.model import Network, Site


def of_family(site: Site, version: int) -> Site:
    """The site as if it had only IPv4 or only IPv6: its networks and the addresses of its hosts."""
    networks = replace(
        site.networks,
        campus=_kept(site.networks.campus, version),
        management=_kept(site.networks.management, version),
        relay=_kept(site.networks.relay, version),
    )
    hosts = tuple(
        replace(host, addresses=tuple(address for address in host.addresses if address.version == version))
        for host in site.hosts
    )
    return replace(site, networks=networks, hosts=hosts)


def _kept(networks: tuple[Network, ...], version: int) -> tuple[Network, ...]:
    return tuple(network for network in networks if network.prefix.version == version)
