"""The nftables writer: an address match is whole or the rule is refused. What nft makes of it: tests/native."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from mailwright.formats.engine import FormatError
from mailwright.formats.nftables import FORMAT, matches, note, protocol, user
from mailwright.plan.model import EVERYWHERE


def networks(*texts: str) -> tuple[object, ...]:
    return tuple(ip_network(text) for text in texts)


@pytest.mark.parametrize(
    ("peers", "expected"),
    [
        (EVERYWHERE, [""]),
        (networks("198.51.100.0/24"), ["ip saddr { 198.51.100.0/24 } "]),
        (networks("2001:db8::/32"), ["ip6 saddr { 2001:db8::/32 } "]),
        (
            networks("198.51.100.0/24", "2001:db8::/32", "203.0.113.7"),
            ["ip saddr { 198.51.100.0/24, 203.0.113.7/32 } ", "ip6 saddr { 2001:db8::/32 } "],
        ),
        (networks("0.0.0.0/0"), ["meta nfproto ipv4 "]),
        (networks("::/0"), ["meta nfproto ipv6 "]),
        (networks("0.0.0.0/0", "2001:db8::/32"), ["meta nfproto ipv4 ", "ip6 saddr { 2001:db8::/32 } "]),
        # nft refuses sets whose parts overlap
        (networks("198.51.100.0/24", "198.51.100.128/25"), ["ip saddr { 198.51.100.0/24 } "]),
        (networks("0.0.0.0/1", "128.0.0.0/1"), ["meta nfproto ipv4 "]),
    ],
)
def test_a_match_for_each_family_that_has_peers(peers: tuple[object, ...], expected: list[str]) -> None:
    assert list(matches(peers, "saddr")) == expected  # type: ignore[arg-type]


def test_no_peers_are_refused() -> None:
    with pytest.raises(FormatError):
        matches((), "saddr")


def test_the_direction_is_one_of_two() -> None:
    assert matches(networks("::1"), "daddr") == ("ip6 daddr { ::1/128 } ",)  # type: ignore[arg-type]
    with pytest.raises(FormatError):
        matches(networks("::1"), "sport")  # type: ignore[arg-type]


def test_strings_do_not_go_in_as_they_are() -> None:
    assert FORMAT.write(25) == "25"
    with pytest.raises(FormatError):
        FORMAT.write("25")


def test_users() -> None:
    assert user("postfix") == 'meta skuid "postfix" '
    assert user("") == ""
    with pytest.raises(FormatError):
        user('postfix" accept #')


def test_protocols() -> None:
    assert protocol("udp") == "udp"
    with pytest.raises(FormatError):
        protocol("tcp accept;")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("RELAY-1: a reason", 'comment "RELAY-1: a reason"'),
        ('a"; accept; #', 'comment "a?; accept; #"'),
        ("two\nlines\\", 'comment "two?lines?"'),
        ("x" * 200, f'comment "{"x" * 128}"'),
        ("ä" * 200, f'comment "{"?" * 128}"'),
    ],
)
def test_notes(text: str, written: str) -> None:
    assert note(text) == written
