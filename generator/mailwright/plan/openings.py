"""What each host's firewall lets through; all else is dropped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_network

from mailwright.plan import links, listeners, lists, names, web
from mailwright.plan.model import EVERYWHERE, Because, Opening
from mailwright.plan.networks import ordered, prefixes
from mailwright.site.model import IPNetwork, Site

_MANAGEMENT = Because("SCALE-1", "management access, from the management networks alone")
_OUT = Because("RELAY-1", "only the mailer sends to port 25 outside")
_TO_MAILERS = Because("RELAY-1", "what this host's own processes send goes to the site's mailers and nowhere else")

_OF_THE_SITE = frozenset({"lmtp", "syslog", "lists", "passwords"})  # for other hosts of the site alone


def rows(site: Site) -> Iterator[Opening]:
    """An opening in for each listener, to those who may come, and one out for the mailer's own user.

    A host that is no mailer reaches port 25 of the site's mailers alone. An opening to the host's own loopback
    address closes that port to all other users of the host.
    """
    hosts = {host.name: host for host in site.hosts}
    clients: defaultdict[tuple[str, int], list[IPNetwork]] = defaultdict(list)
    mailers: defaultdict[str, list[IPNetwork]] = defaultdict(list)
    for link in links.rows(site):
        clients[link.server, link.port] += map(ip_network, hosts[link.client].addresses)
        if link.service == "smtp":
            mailers[link.client] += map(ip_network, hosts[link.server].addresses)
    management = prefixes(site.networks.management)
    for listener in listeners.rows(site):
        if listener.service == "ssh":
            yield Opening(listener.host, "in", "tcp", listener.port, management, _MANAGEMENT)
        elif listener.service in _OF_THE_SITE:
            peers = ordered(clients[listener.key])
            yield Opening(listener.host, "in", "tcp", listener.port, peers, listener.because)
        else:
            yield Opening(listener.host, "in", "tcp", listener.port, EVERYWHERE, listener.because)
    for host in names.sending(site):
        yield Opening(host.name, "out", "tcp", 25, EVERYWHERE, _OUT, user="postfix")
    for client, servers in mailers.items():
        yield Opening(client, "out", "tcp", 25, ordered(servers), _TO_MAILERS, user="postfix")
    yield from lists.openings(site)
    yield from web.openings(site)
