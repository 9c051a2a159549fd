"""Who stands where in the lab: a pure plan of nodes, addresses and routes, made real by ``network``.

Two bridges, joined by a router: ``site`` for everything of the site, ``world`` for the simulated Internet. One
bridge is enough for a site of many prefixes, because a host takes for its neighbours only what is in its own
prefix and reaches the rest through the router. The router has no address of the site's: its own are link-local,
so they are in nobody's way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)
from typing import Literal, TypeVar

from mailwright.plan.model import HostFacts
from mailwright.records import dataclass
from mailwright.rehearsal.errors import LabError
from mailwright.rehearsal.neighbours import Neighbour
from mailwright.site.model import IPAddress, IPNetwork

Interface = IPv4Interface | IPv6Interface
Bridge = Literal["site", "world"]
Family = TypeVar("Family", IPv4Network, IPv6Network)

ROUTER_V4 = IPv4Address("169.254.0.1")
ROUTER_V6 = IPv6Address("fe80::1")

# Documentation and benchmarking ranges, of which the first that the site does not use becomes the world.
_WORLD_V4 = tuple(map(IPv4Network, ("203.0.113.0/24", "198.51.100.0/24", "198.18.0.0/24", "198.19.0.0/24")))
_WORLD_V6 = tuple(map(IPv6Network, ("2001:db8:ffff::/64", "2001:db8:fffe::/64", "3fff:0:0:ffff::/64")))

# Last number of each address in the world's ranges.
_ROUTER, _NAMES, _RESOLVER, _MAIL, _OUTSIDE, _FIRST_CLOCK = 1, 2, 53, 25, 66, 120
_LAST_CLOCK = 199
_FIRST_NEIGHBOUR, _LAST_NEIGHBOUR = 200, 250


@dataclass(frozen=True, slots=True)
class Node:
    """A network namespace with one interface on one bridge.

    name       unique in the lab: a host's full name, or what a client is: ``outside``, ``management`` ...
    addresses  each with the length of its on-link prefix, preferred one first
    container  it is a container with systemd; else a bare namespace that only probes stand in
    """

    name: str
    bridge: Bridge
    addresses: tuple[Interface, ...]
    container: bool

    @property
    def ips(self) -> tuple[IPAddress, ...]:
        return tuple(address.ip for address in self.addresses)

    def only(self, version: int) -> tuple[IPAddress, ...]:
        return tuple(ip for ip in self.ips if ip.version == version)


@dataclass(frozen=True, slots=True)
class Clock:
    """A time server that the site names, and the world's addresses that answer for it."""

    name: str
    addresses: tuple[IPAddress, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """The whole lab. ``site_routes`` are the prefixes that the router reaches on the site's bridge."""

    hosts: tuple[Node, ...]
    clients: tuple[Node, ...]  # management, and campus and relay where there is room for them
    outside: Node
    world: Node
    router: tuple[Interface, ...]  # the router's addresses on the world's bridge
    site_routes: tuple[IPNetwork, ...]
    names: tuple[IPAddress, ...]  # authoritative name server
    resolver: tuple[IPAddress, ...]
    mail: tuple[IPAddress, ...]  # the foreign mail host
    clocks: tuple[Clock, ...]
    neighbours: tuple[Node, ...] = ()  # systems of others that the description names, by that name

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (*self.hosts, *self.neighbours, *self.clients, self.outside, self.world)

    def node(self, name: str) -> Node:
        for node in self.nodes:
            if node.name == name:
                return node
        raise LabError(f"There is no {name!r} in this lab.", f"It has {', '.join(n.name for n in self.nodes)}.")


@dataclass(frozen=True, slots=True)
class _Ranges:
    v4: IPNetwork
    v6: IPNetwork

    def both(self, last: int) -> tuple[Interface, Interface]:
        """The same digits in both families: 203.0.113.25 and 2001:db8:ffff::25 are easily seen to be one."""
        return (
            ip_interface(f"{self.v4.network_address + last}/{self.v4.prefixlen}"),
            ip_interface(f"{self.v6.network_address + int(str(last), 16)}/{self.v6.prefixlen}"),
        )


def topology(
    hosts: Sequence[HostFacts],
    campus: Sequence[IPNetwork],
    management: Sequence[IPNetwork],
    relay: Sequence[IPNetwork] = (),
    time_servers: Sequence[str] = (),
    neighbours: Sequence[Neighbour] = (),
) -> Topology:
    """The lab for these hosts and networks.

    time_servers  names or addresses; one that is itself a described host gets no address in the world

    Raises LabError where no lab can be made: no hosts, an address given twice, no management network, or a site
    that leaves no range for the world.
    """
    if not hosts:
        raise LabError("The description has no hosts.", "Describe at least one host.")
    if not management:
        raise LabError("The description names no management network.", "Say from where SSH is let in.")
    networks = tuple(dict.fromkeys((*campus, *management)))
    described = [address for host in hosts for address in host.addresses]
    doubled = {str(address) for address in described if described.count(address) > 1}
    if doubled:
        raise LabError(f"Two hosts have the same address: {', '.join(sorted(doubled))}.", "Give each its own.")

    host_nodes = tuple(
        Node(host.name, "site", tuple(_on_link(address, networks) for address in host.addresses), container=True)
        for host in hosts
    )
    near = _near(neighbours, (*campus, *management), (*management, *relay), described)
    theirs = tuple(network for one in neighbours for network in one.among)
    occupied = {*described, *(ip for ips in near.values() for ip in ips)}
    clients: list[Node] = []
    for name, within, without in (
        ("management", management, relay),
        ("campus", campus, (*management, *relay, *theirs)),
        ("relay", relay, management),
    ):
        taken = {*occupied, *(ip for client in clients for ip in client.ips)}
        # A client that belongs to nothing else is the best; where the networks are the same ones, any will do.
        found = _clients(within, without, taken) or _clients(within, (), taken)
        if found:
            clients.append(Node(name, "site", tuple(_on_link(ip, networks) for ip in found), container=False))
    if not any(client.name == "management" for client in clients):
        raise LabError(
            "The management networks have no address left for the machine that deploys.",
            "A management network must hold at least one address that is not a described host's.",
        )

    used: list[IPNetwork] = [*networks, *relay, *(_single(address) for address in occupied)]
    used += [_single(address) for server in time_servers if (address := _as_address(server)) is not None]
    ranges = _Ranges(_free(_WORLD_V4, used), _free(_WORLD_V6, used))
    neighbour_nodes = _neighbours(neighbours, near, networks, ranges)
    on_link = [
        interface.network
        for node in (*host_nodes, *clients, *neighbour_nodes)
        if node.bridge == "site"
        for interface in node.addresses
    ]
    clocks = _clocks(time_servers, {host.name for host in hosts}, set(described), ranges)
    world = [*ranges.both(_MAIL), *ranges.both(_NAMES), *ranges.both(_RESOLVER)]
    world += [_on_link(address, (ranges.v4, ranges.v6)) for clock in clocks for address in clock.addresses]
    return Topology(
        hosts=host_nodes,
        clients=tuple(clients),
        outside=Node("outside", "world", ranges.both(_OUTSIDE), container=False),
        world=Node("world", "world", tuple(dict.fromkeys(world)), container=True),
        router=ranges.both(_ROUTER),
        site_routes=tuple(dict.fromkeys((*networks, *on_link))),
        names=_ips(ranges.both(_NAMES)),
        resolver=_ips(ranges.both(_RESOLVER)),
        mail=_ips(ranges.both(_MAIL)),
        clocks=clocks,
        neighbours=neighbour_nodes,
    )


def _near(
    neighbours: Sequence[Neighbour],
    site: Sequence[IPNetwork],
    avoided: Sequence[IPNetwork],
    described: Iterable[IPAddress],
) -> dict[str, tuple[IPAddress, ...]]:
    """The addresses of the neighbours on the site, and of those in the world that the description gives one."""
    taken = set(described)
    found: dict[str, tuple[IPAddress, ...]] = {}
    for one in neighbours:
        if one.where == "site" or one.among:
            within = one.among or site
            picked = _clients(within, () if one.among else avoided, taken) or _clients(within, (), taken)
            literal = _as_address(one.name)
            if literal is not None and literal not in (*picked, *taken):
                picked.append(literal)
            if not picked:
                raise LabError(
                    f"There is no address left for {one.name}.",
                    "Its own must not be a described host's, and the campus must have one to spare.",
                )
            found[one.name] = tuple(picked)
            taken.update(picked)
    return found


def _neighbours(
    neighbours: Sequence[Neighbour],
    near: dict[str, tuple[IPAddress, ...]],
    networks: Sequence[IPNetwork],
    ranges: _Ranges,
) -> tuple[Node, ...]:
    nodes = []
    for last, one in enumerate(neighbours, _FIRST_NEIGHBOUR):
        if last > _LAST_NEIGHBOUR:
            raise LabError("The description names more systems of others than the lab has addresses for.")
        known = near.get(one.name)
        on_link = networks if one.where == "site" else ()
        addresses = tuple(_on_link(ip, on_link) for ip in known) if known else ranges.both(last)
        nodes.append(Node(one.name, one.where, addresses, container=True))
    return tuple(nodes)


def _clocks(
    servers: Sequence[str],
    host_names: set[str],
    described: set[IPAddress],
    ranges: _Ranges,
) -> tuple[Clock, ...]:
    clocks = []
    for server in dict.fromkeys(servers):
        literal = _as_address(server)
        if server.rstrip(".").lower() in host_names or literal in described:
            continue
        if literal is not None:
            clocks.append(Clock(server, (literal,)))
            continue
        last = _FIRST_CLOCK + len(clocks)
        if last > _LAST_CLOCK:
            raise LabError("The description names more time servers than the lab has addresses for.")
        clocks.append(Clock(server.rstrip(".").lower(), _ips(ranges.both(last))))
    return tuple(clocks)


def _ips(interfaces: Iterable[Interface]) -> tuple[IPAddress, ...]:
    return tuple(interface.ip for interface in interfaces)


def _as_address(text: str) -> IPAddress | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _single(address: IPAddress) -> IPNetwork:
    return ip_network(address)


def _within(address: IPAddress, network: IPNetwork) -> bool:
    return address.version == network.version and address in network


def _on_link(address: IPAddress, networks: Iterable[IPNetwork]) -> Interface:
    """The address with its prefix: the narrowest of the site's networks that holds it, or itself alone."""
    lengths = [network.prefixlen for network in networks if _within(address, network)]
    return ip_interface(f"{address}/{max(lengths, default=address.max_prefixlen)}")


def _free(ranges: Sequence[IPv4Network] | Sequence[IPv6Network], used: Iterable[IPNetwork]) -> IPNetwork:
    taken = tuple(used)
    for candidate in ranges:
        if not any(candidate.version == other.version and candidate.overlaps(other) for other in taken):
            return candidate
    raise LabError(
        "The site's networks leave no range for the simulated Internet.",
        f"Leave one of {', '.join(map(str, ranges))} to it: are the campus prefixes really so wide?",
    )


def _clients(within: Sequence[IPNetwork], without: Sequence[IPNetwork], taken: set[IPAddress]) -> list[IPAddress]:
    """One address of each family for which there is one in ``within``, outside ``without`` and not taken."""
    found = []
    for version in (4, 6):
        for network in within:
            if network.version == version:
                address = _pick(network, without, taken)
                if address is not None:
                    found.append(address)
                    break
    return found


def _pick(network: IPNetwork, without: Sequence[IPNetwork], taken: set[IPAddress]) -> IPAddress | None:
    pieces: list[IPNetwork] = [network]
    for other in without:
        pieces = [rest for piece in pieces for rest in _minus(piece, other)]
    edges = {network.network_address}  # also IPv6's subnet-router anycast address
    if network.version == 4:
        edges.add(network.broadcast_address)
    if network.num_addresses <= 2:
        edges = set()
    for piece in sorted(pieces, key=lambda piece: (piece.prefixlen, piece.network_address)):
        # From the middle, where neither routers nor the first servers of a network are; then all around.
        start = piece.num_addresses // 2
        for step in range(min(piece.num_addresses, len(taken) + len(edges) + 1)):
            address = piece.network_address + (start + step) % piece.num_addresses
            if address not in taken and address not in edges:
                return address
    return None


def _minus(network: IPNetwork, other: IPNetwork) -> list[IPNetwork]:
    if isinstance(network, IPv4Network) and isinstance(other, IPv4Network):
        return list(_rest(network, other))
    if isinstance(network, IPv6Network) and isinstance(other, IPv6Network):
        return list(_rest(network, other))
    return [network]


def _rest(network: Family, other: Family) -> list[Family]:
    if not network.overlaps(other):
        return [network]
    if network.subnet_of(other):
        return []
    return list(network.address_exclude(other))
