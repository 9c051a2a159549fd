"""The host's own firewall: what the plan's openings say, for v4 and v6, and nothing else (SCALE-1, RELAY-1)."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.components.model import Component, File
from mailwright.formats import nftables, systemd
from mailwright.formats.engine import Verbatim, render
from mailwright.plan.model import Direction, HostFacts, Opening, Plan


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """The rules, and the unit that loads them before the network comes up.

    Raises FormatError for an opening that names no peers.
    """
    inside = [row for row in plan.openings if row.host == host.name and _to_itself(row)]
    text = render(
        nftables.FORMAT,
        "firewall/nftables.nft.j2",
        inward=tuple(_rules(plan, host, "in")),
        outward=tuple(_rules(plan, host, "out")),
        inside=tuple(inside),
    )
    yield File("/etc/mailwright/nftables.nft", text, mode=0o640)
    yield File(
        "/etc/systemd/system/mailwright-firewall.service",
        render(systemd.FORMAT, "firewall/mailwright-firewall.service.j2"),
    )


def _rules(plan: Plan, host: HostFacts, direction: Direction) -> Iterator[tuple[Verbatim, Opening]]:
    """A rule's address match and the opening that it serves."""
    for opening in plan.openings:
        if (opening.host, opening.direction) == (host.name, direction) and not _to_itself(opening):
            peers = "saddr" if direction == "in" else "daddr"
            for match in nftables.matches(opening.peers, peers):
                yield match, opening


def _to_itself(opening: Opening) -> bool:
    """Whether it is to the host's own loopback address, where the port is then closed to all other users."""
    return opening.direction == "out" and all(peer.is_loopback for peer in opening.peers)


COMPONENT = Component("firewall", frozenset(), files)
