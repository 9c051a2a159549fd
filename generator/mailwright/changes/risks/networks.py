"""Sets of addresses, compared by what they hold, however they are written."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, summarize_address_range

from mailwright.changes import words
from mailwright.plan.model import EVERYWHERE
from mailwright.site.model import IPNetwork


def beyond(new: Iterable[IPNetwork], old: Iterable[IPNetwork]) -> tuple[IPNetwork, ...]:
    """The addresses of ``new`` that are in none of ``old``, in as few prefixes as can be; IPv4 first.

    >>> from ipaddress import ip_network
    >>> beyond([ip_network("192.0.2.0/24")], [ip_network("192.0.2.0/25")])
    (IPv4Network('192.0.2.128/25'),)
    """
    wanted, covered = tuple(new), tuple(old)
    return (*_beyond4(_spans(4, wanted), _spans(4, covered)), *_beyond6(_spans(6, wanted), _spans(6, covered)))


def within(new: Iterable[IPNetwork], old: Iterable[IPNetwork]) -> bool:
    """Whether all addresses of ``new`` are in ``old``."""
    wanted, covered = tuple(new), tuple(old)
    return not any(True for version in (4, 6) for _ in _gaps(_spans(version, wanted), _spans(version, covered)))


def left(new: Iterable[IPNetwork], old: Iterable[IPNetwork]) -> dict[IPNetwork, int]:
    """Each network of ``new`` that is not wholly in ``old`` → how many of its addresses are not."""
    covered = tuple(old)
    spans = {version: _spans(version, covered) for version in (4, 6)}
    starts = {version: [first for first, _ in found] for version, found in spans.items()}
    ends = {version: [last for _, last in found] for version, found in spans.items()}
    counted: dict[IPNetwork, int] = {}
    for row in new:
        first, last = int(row.network_address), int(row.broadcast_address)
        near = slice(bisect_left(ends[row.version], first), bisect_right(starts[row.version], last))
        if number := sum(end - start + 1 for start, end in _gaps([(first, last)], spans[row.version][near])):
            counted[row] = number
    return counted


def added(new: Iterable[IPNetwork], old: Iterable[IPNetwork]) -> tuple[IPNetwork, ...]:
    """``beyond`` for readers: where it falls to pieces, the networks of ``new`` that are not wholly in ``old``."""
    rows, covered = tuple(new), tuple(old)
    parts = beyond(rows, covered)
    whole = tuple(left(rows, covered))
    return parts if len(parts) <= len(whole) + 1 else whole


def common(one: Iterable[IPNetwork], other: Iterable[IPNetwork]) -> tuple[IPNetwork, ...]:
    """The addresses that are in both."""
    these = tuple(one)
    return beyond(these, beyond(these, other))


def _beyond4(new: list[tuple[int, int]], old: list[tuple[int, int]]) -> Iterator[IPNetwork]:
    for first, last in _gaps(new, old):
        yield from summarize_address_range(IPv4Address(first), IPv4Address(last))


def _beyond6(new: list[tuple[int, int]], old: list[tuple[int, int]]) -> Iterator[IPNetwork]:
    for first, last in _gaps(new, old):
        yield from summarize_address_range(IPv6Address(first), IPv6Address(last))


def _gaps(new: list[tuple[int, int]], old: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What ``old`` leaves of ``new``; both are in order and overlap nothing of their own."""
    at = 0
    for start, last in new:
        first = start
        while at < len(old) and old[at][1] < first:
            at += 1
        here = at
        while here < len(old) and old[here][0] <= last:
            if old[here][0] > first:
                yield first, old[here][0] - 1
            first = max(first, old[here][1] + 1)
            here += 1
        if first <= last:
            yield first, last


def _spans(version: int, networks: tuple[IPNetwork, ...]) -> list[tuple[int, int]]:
    """First and last address of each stretch, in order, none of which touches the next."""
    spans: list[tuple[int, int]] = []
    for first, last in sorted(
        (int(each.network_address), int(each.broadcast_address)) for each in networks if each.version == version
    ):
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
        else:
            spans.append((first, last))
    return spans


def count(networks: Iterable[IPNetwork]) -> int:
    """How many addresses the networks have, none of which may overlap another."""
    return sum(network.num_addresses for network in networks)


def sized(networks: Iterable[IPNetwork]) -> str:
    """The networks, with the number of addresses of each of IPv4: ``192.0.2.0/24 (256 addresses)``."""
    if within(EVERYWHERE, networks := tuple(networks)):
        return "everybody"
    return words.some(
        str(network)
        if network.version == 6 or network.num_addresses == 1
        else f"{network} ({network.num_addresses:,} addresses)"
        for network in networks
    )
