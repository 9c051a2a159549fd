"""Where this machine stands towards the site's hosts, and whether that is where it is said to stand."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from ipaddress import IPv4Address, IPv6Address, ip_address

from mailwright.audit.model import UnavailableError, Where
from mailwright.plan.model import Plan
from mailwright.records import dataclass
from mailwright.requirements.rules.dns import why_unreachable
from mailwright.site.model import IPAddress, IPNetwork

Ways = Mapping[IPAddress, IPAddress]
"""A host's address → our own on the way there."""


@dataclass(frozen=True, slots=True)
class Here:
    """This machine as a place to look from (``audit.model.Vantage``)."""

    name: Where
    addresses: tuple[IPv4Address | IPv6Address, ...]

    def enter(self) -> AbstractContextManager[None]:
        return nullcontext()

    def listen(self, *ports: int) -> AbstractContextManager[None]:
        raise UnavailableError(f"nobody listens on {', '.join(map(str, ports))} for an audit")


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of our place.

    addresses  our own towards the site's hosts
    outside    why it is not outside; empty: it is
    inside     why it is not inside; empty: it is
    doubt      why it is not known as whom the service sees us; empty: it is
    """

    addresses: tuple[IPAddress, ...]
    outside: str
    inside: str
    doubt: str

    def refused(self, where: Where) -> str:
        """Why nobody can look from there; empty: one can."""
        return {"outside": self.outside, "inside": self.inside}.get(where, "")


def ways(plan: Plan) -> Ways:
    """Our own address on the way to each address of the site's hosts to which there is one. No packet is sent."""
    found = {address: _own(address) for host in plan.hosts for address in host.addresses}
    return {address: own for address, own in found.items() if own is not None}


def standing(plan: Plan, known: Ways) -> Standing:
    """Compare our own addresses with the networks and hosts of the plan."""
    addresses = tuple(dict.fromkeys(known.values()))
    if not addresses:
        nowhere = "this machine has no road to any host of the description"
        return Standing((), nowhere, nowhere, "")
    at_home = next((f"this machine is {name} itself" for name in _hosts(plan, addresses)), "")
    if at_home:
        away = f"{at_home}, where a server trusts more than elsewhere: audit from another machine"
        return Standing(addresses, away, away, "")
    within = {address: network for address in addresses for network in _networks(plan) if address in network}
    outside = next((_not_outside(address, network) for address, network in within.items()), "")
    strangers = [address for address in addresses if address not in within]
    inside = f"{strangers[0]}, which this machine has, is in none of the site's networks" if strangers else ""
    if inside:
        inside += ": audit from one of them, or with --vantage outside"
    doubt = next(
        (_doubt(own, target) for target, own in known.items() if own not in within and _hidden(own, target)), ""
    )
    return Standing(addresses, outside, inside, doubt)


def _own(address: IPAddress) -> IPAddress | None:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as way:
            way.connect((str(address), 9))
            return ip_address(way.getsockname()[0].partition("%")[0])
    except OSError:  # no road in this family
        return None


def _hosts(plan: Plan, addresses: Iterable[IPAddress]) -> Iterator[str]:
    own = set(addresses)
    return (host.name for host in plan.hosts if not own.isdisjoint(host.addresses))


def _networks(plan: Plan) -> Iterator[IPNetwork]:
    settings = plan.settings
    yield from (*settings.campus_networks, *settings.management_networks, *settings.relay_networks)
    yield from (
        row.clients for row in plan.grants if not isinstance(row.clients, str) and not row.clients.is_loopback
    )


def _not_outside(address: IPAddress, network: IPNetwork) -> str:
    return (
        f"{address}, which this machine has, is in {network}, a network of the site: that is not outside; audit "
        "from elsewhere, or with --vantage inside"
    )


def _hidden(own: IPAddress, target: IPAddress) -> bool:
    return _private(own) and not _private(target)


def _private(address: IPAddress) -> bool:
    """Nobody elsewhere sees it; a link's own addresses (RFC 3927) are in no description, and so in no rule."""
    return bool(why_unreachable(address)) or address.is_link_local


def _doubt(own: IPAddress, target: IPAddress) -> str:
    return (
        f"{own}, which this machine has, is private and {target} is not: something in between translates addresses "
        "(NAT), so that it is not known whom the service sees; audit from a machine with an address of its own"
    )
