"""Makes a topology real: network namespaces joined by pairs of virtual cables, none of them in the machine's own.

Each cable is made between two namespaces directly, so nothing shows in the machine's own namespace at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mailwright.rehearsal.command import must
from mailwright.rehearsal.topology import ROUTER_V4, ROUTER_V6, Node, Topology

ROUTER = "router"
OUTSIDE = "world"  # the router's interface towards the outside

# Set before any interface is made, since each takes its settings from ``default``.
_EVERYWHERE = (
    ("ipv6/conf/all/disable_ipv6", "0"),
    ("ipv6/conf/default/disable_ipv6", "0"),
    ("ipv6/conf/default/accept_dad", "0"),  # addresses serve at once
    ("ipv6/conf/default/accept_ra", "0"),
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
)
_FORWARDING = (
    ("ipv4/ip_forward", "1"),
    ("ipv6/conf/all/forwarding", "1"),
    ("ipv4/conf/all/send_redirects", "0"),
    ("ipv4/conf/default/send_redirects", "0"),
)


def build(topology: Topology, namespaces: Mapping[str, str]) -> None:
    """Make the namespaces and all that is in them. ``namespaces``: node or ``router`` → name for ip-netns(8).

    Raises LabError with ip's words.
    """
    must(["ip", "-batch", "-"], stdin="".join(f"netns add {name}\n" for name in namespaces.values()))
    for node, name in namespaces.items():
        settings = (*_EVERYWHERE, *(_FORWARDING if node == ROUTER else ()))
        script = "".join(f"echo {value} > /proc/sys/net/{key}\n" for key, value in settings)
        must(["nsenter", f"--net={path(name)}", "sh", "-e"], stdin=script)
    _batch(namespaces[ROUTER], router_commands(topology, namespaces))
    for node_ in topology.nodes:
        _batch(namespaces[node_.name], node_commands(node_, topology))


def path(namespace: str) -> Path:
    """Where a namespace is found by setns(2), nsenter(1) and podman."""
    return Path("/run/netns", namespace)


def router_commands(topology: Topology, namespaces: Mapping[str, str]) -> list[str]:
    """What ip(8) has to do in the router: two bridges, a cable to each node, and the way to the site."""
    commands = ["link set lo up"]
    for bridge in ("site", "world"):
        commands += [
            f"link add {bridge} type bridge mcast_snooping 0",
            f"link set {bridge} up",
            f"address add {ROUTER_V4}/32 dev {bridge}",
            f"address add {ROUTER_V6}/64 dev {bridge} nodad",
        ]
    commands += [f"address add {address} dev world{_nodad(address.version)}" for address in topology.router]
    for number, node in enumerate(topology.nodes):
        commands += [
            f"link add port{number} type veth peer name eth0 netns {namespaces[node.name]}",
            f"link set port{number} master {node.bridge} up",
        ]
    commands += [f"route replace {network} dev site" for network in topology.site_routes]
    world = {interface.network for interface in topology.router}
    commands += [
        f"route replace {interface.network} dev world"
        for node in topology.nodes
        if node.bridge == "world"
        for interface in node.addresses
        if interface.network not in world
    ]
    return commands


def node_commands(node: Node, topology: Topology) -> list[str]:
    """What ip(8) has to do in a node: its addresses, and the default route."""
    commands = ["link set lo up", "link set eth0 up"]
    commands += [f"address add {address} dev eth0{_nodad(address.version)}" for address in node.addresses]
    gateways = (ROUTER_V4, ROUTER_V6) if node.bridge == "site" else tuple(own.ip for own in topology.router)
    for gateway in gateways:
        # The first address of each family is to be the source; left alone, the kernel takes the newest of IPv6.
        for source in node.only(gateway.version)[:1]:
            commands.append(f"route add default via {gateway} dev eth0 onlink src {source}")
    return commands


def _nodad(version: int) -> str:
    return " nodad" if version == 6 else ""


def _batch(namespace: str, commands: list[str]) -> None:
    must(["ip", "-netns", namespace, "-batch", "-"], stdin="".join(f"{line}\n" for line in commands))
