"""Sets of addresses."""

from __future__ import annotations

import random
from ipaddress import collapse_addresses, ip_address, ip_network

import pytest

from mailwright.changes.risks.networks import added, beyond, common, count, left, sized, within
from mailwright.site.model import IPNetwork


def nets(*prefixes: str) -> tuple[IPNetwork, ...]:
    return tuple(ip_network(prefix) for prefix in prefixes)


@pytest.mark.parametrize(
    ("new", "old", "more"),
    [
        ((), (), ()),
        (("192.0.2.0/24",), (), ("192.0.2.0/24",)),
        ((), ("192.0.2.0/24",), ()),
        (("192.0.2.0/24",), ("192.0.2.0/25", "192.0.2.128/25"), ()),
        (("192.0.2.0/25", "192.0.2.128/25"), ("192.0.2.0/24",), ()),
        (("192.0.2.0/24",), ("192.0.2.0/25",), ("192.0.2.128/25",)),
        (("192.0.2.0/30",), ("192.0.2.1/32",), ("192.0.2.0/32", "192.0.2.2/31")),
        (("192.0.2.0/30",), ("192.0.2.0/32", "192.0.2.3/32"), ("192.0.2.1/32", "192.0.2.2/32")),
        (("192.0.2.5/32",), ("192.0.2.0/24", "198.51.100.0/24"), ()),
        (("192.0.2.0/25", "192.0.2.64/26"), (), ("192.0.2.0/25",)),
        (("0.0.0.0/0",), ("0.0.0.0/1",), ("128.0.0.0/1",)),
        (("2001:db8::/32",), ("0.0.0.0/0",), ("2001:db8::/32",)),
        (("2001:db8::/32", "192.0.2.1/32"), ("2001:db8::/33",), ("192.0.2.1/32", "2001:db8:8000::/33")),
        (("::/0", "0.0.0.0/0"), ("0.0.0.0/0", "::/0"), ()),
    ],
)
def test_what_is_beyond(new: tuple[str, ...], old: tuple[str, ...], more: tuple[str, ...]) -> None:
    assert beyond(nets(*new), nets(*old)) == nets(*more)


def test_sets_of_single_addresses_tell_the_same() -> None:
    chance = random.Random(6)  # noqa: S311 - the same cases each time
    base = int(ip_address("192.0.2.0"))

    def some() -> tuple[IPNetwork, ...]:
        found = []
        for _ in range(chance.randrange(6)):
            length = chance.choice((26, 28, 30, 31, 32))
            start = base + chance.randrange(64) // (1 << (32 - length)) * (1 << (32 - length))
            found.append(ip_network((start, length)))
        return tuple(found)

    def each(networks: tuple[IPNetwork, ...]) -> set[object]:
        return {address for network in networks for address in network}

    for _ in range(500):
        new, old = some(), some()
        more = beyond(new, old)
        assert each(more) == each(new) - each(old)
        assert within(new, old) == (each(new) <= each(old))
        assert left(new, old) == {row: len(set(row) - each(old)) for row in new if set(row) - each(old)}
        assert count(more) == len(each(more))
        assert list(more) == list(collapse_addresses(more))  # type: ignore[type-var]
        assert each(common(new, old)) == each(new) & each(old)


def test_a_difference_that_falls_to_pieces_is_said_as_it_is_written() -> None:
    assert added(nets("0.0.0.0/0"), nets("192.0.2.1/32")) == nets("0.0.0.0/0")
    assert added(nets("192.0.2.0/24"), nets("192.0.2.0/25")) == nets("192.0.2.128/25")
    assert added(nets("0.0.0.0/0", "192.0.2.1/32"), nets("192.0.2.1/32")) == nets("0.0.0.0/0")
    assert added(nets("192.0.2.1/32"), nets("0.0.0.0/0")) == ()


def test_how_many_there_are_is_said_of_ipv4() -> None:
    assert sized(nets("192.0.2.0/24", "192.0.3.1/32", "2001:db8::/64")) == (
        "192.0.2.0/24 (256 addresses), 192.0.3.1/32 and 2001:db8::/64"
    )
    assert sized(nets("0.0.0.0/0", "::/0")) == "everybody"
