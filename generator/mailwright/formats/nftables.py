"""nftables rule sets: numbers, addresses in sets, user names and comments in quotes.

The address match of a rule is made as a whole, per family, by ``matches``: a rule cannot lose it on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from mailwright.formats.engine import Format, FormatError, Verbatim, comment
from mailwright.formats.words import unix_name, word

NAME = "an nftables file"
_COMMENT = 128  # octets at most (nft(8))


def write(value: object) -> str:
    """A number or an address. Raises FormatError for anything else: strings have writers of their own."""
    if isinstance(value, str):
        raise FormatError(value, NAME, "only numbers and addresses go in as they are")
    return word(value, NAME)


def user(value: str) -> Verbatim:
    """The match of packets of that user, which nft looks up when the file is loaded; none for no user."""
    return Verbatim(f'meta skuid "{unix_name(value, NAME)}" ' if value else "")


def other_users(value: str) -> Verbatim:
    """The match of packets of all users but that one and root, which can be any of them.

    Raises FormatError for no user.
    """
    return Verbatim(f'meta skuid != {{ "root", "{unix_name(value, NAME)}" }} ')


def protocol(value: str) -> Verbatim:
    """``tcp`` or ``udp``. Raises FormatError for anything else."""
    if value not in ("tcp", "udp"):
        raise FormatError(value, NAME, "it is neither tcp nor udp")
    return Verbatim(value)


def note(value: object) -> Verbatim:
    """``comment "…"`` of a rule, cut to what nft takes; characters that it cannot hold become ``?``."""
    text = "".join(c if 0x20 <= ord(c) < 0x7F and c not in '"\\' else "?" for c in str(value))
    return Verbatim(f'comment "{text[:_COMMENT]}"')


def matches(networks: Sequence[IPv4Network | IPv6Network], direction: str) -> tuple[Verbatim, ...]:
    """One match for each rule that ``networks`` need, each ending in a space where it is not empty.

    direction  ``saddr`` or ``daddr``
    All of v4 and all of v6 make one rule without a match; a family without networks makes no rule.
    Raises FormatError when there are no networks: such a rule would let everybody in or nobody.
    """
    if direction not in ("saddr", "daddr"):
        raise FormatError(direction, NAME, "it is neither saddr nor daddr")
    v4 = tuple(collapse_addresses(net for net in networks if isinstance(net, IPv4Network)))
    v6 = tuple(collapse_addresses(net for net in networks if isinstance(net, IPv6Network)))
    if not v4 and not v6:
        raise FormatError(networks, NAME, "a rule needs the addresses that it is for")
    if all(family and family[0].prefixlen == 0 for family in (v4, v6)):
        return (Verbatim(""),)
    return (*_family("ip", "ipv4", v4, direction), *_family("ip6", "ipv6", v6, direction))


def _family(
    keyword: str, protocol: str, networks: Sequence[IPv4Network | IPv6Network], direction: str
) -> tuple[Verbatim, ...]:
    if not networks:
        return ()
    if networks[0].prefixlen == 0:
        return (Verbatim(f"meta nfproto {protocol} "),)
    members = ", ".join(str(network) for network in networks)
    return (Verbatim(f"{keyword} {direction} {{ {members} }} "),)


FORMAT = Format(
    NAME,
    write,
    (("comment", comment), ("note", note), ("user", user), ("other_users", other_users), ("protocol", protocol)),
)
