"""Networks of a description as a plan has them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from mailwright.site.model import IPNetwork, Network


def prefixes(described: Iterable[Network]) -> tuple[IPNetwork, ...]:
    """The same addresses in the fewest networks, ``ordered``: how a description splits them means nothing.

    Single addresses that lie in none of the networks stay single: each is a machine that somebody named.
    """
    return _fewest(frozenset(network.prefix for network in described))


@lru_cache(1024)
def _fewest(every: frozenset[IPNetwork]) -> tuple[IPNetwork, ...]:
    """The same for all of a provider's customers on shared hosts."""
    wide = [each for each in every if each.num_addresses > 1]
    networks: list[IPNetwork] = [
        *collapse_addresses(each for each in wide if isinstance(each, IPv4Network)),
        *collapse_addresses(each for each in wide if isinstance(each, IPv6Network)),
    ]
    alone = (
        each for each in every.difference(wide) if not any(each.network_address in network for network in networks)
    )
    return ordered((*networks, *alone))


def ordered(networks: Iterable[IPNetwork]) -> tuple[IPNetwork, ...]:
    """Each once, IPv4 first, by their addresses."""
    return tuple(sorted(set(networks), key=lambda network: (network.version, network.network_address)))
