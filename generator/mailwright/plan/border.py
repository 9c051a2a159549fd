"""What the border router does with mail ports (RELAY-1, RELAY-3); it judges nothing else.

Only the campus is judged: a mailer that stands elsewhere is not behind this border, and has no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from mailwright.plan import names
from mailwright.plan.model import Because, Direction, Passage
from mailwright.plan.networks import prefixes
from mailwright.site.model import Host, IPNetwork, Site

# Direction, port, the function that opens it, requirement, why a host may, why the rest may not.
_PORTS: tuple[tuple[Direction, int, str, str, str, str], ...] = (
    ("in", 25, "mx", "RELAY-1", "mail from outside to the mailer", "port 25 comes in to managed mailers alone"),
    (
        "in",
        465,
        "submission",
        "RELAY-3",
        "submission by users away to",
        "port 465 comes in to submission hosts alone",
    ),
    (
        "in",
        587,
        "submission",
        "RELAY-3",
        "submission by users away to",
        "port 587 comes in to submission hosts alone",
    ),
    ("out", 25, "mx", "RELAY-1", "mail to outside from the mailer", "only managed mailers send to port 25 outside"),
)


def rows(site: Site) -> Iterator[Passage]:
    """For each family that the campus has: a permit for each host, and a reject for the rest of the campus."""
    for version in (4, 6):
        campus = _campus(site, version)
        if not campus:
            continue
        for direction, port, function, requirement, permitted, rejected in _PORTS:
            for host in _hosts(site, direction, function):
                networks = _on_campus(host, campus)
                if networks:
                    because = Because(requirement, f"{permitted} {host.name}")
                    yield Passage(direction, version, port, "permit", host.name, networks, because)
            because = Because(requirement, rejected)
            yield Passage(direction, version, port, "reject", "campus", campus, because)


def _hosts(site: Site, direction: Direction, function: str) -> tuple[Host, ...]:
    """Out go all hosts that send: those that take submissions send what they took."""
    return names.sending(site) if direction == "out" else names.with_function(site, function)


def _campus(site: Site, version: int) -> tuple[IPNetwork, ...]:
    return tuple(each for each in prefixes(site.networks.campus) if each.version == version)


def _on_campus(host: Host, campus: tuple[IPNetwork, ...]) -> tuple[IPNetwork, ...]:
    """Each address of the host that is in the campus, as a network of one."""
    addresses = sorted({address for address in host.addresses if any(address in network for network in campus)})
    return tuple(ip_network(address) for address in addresses)
