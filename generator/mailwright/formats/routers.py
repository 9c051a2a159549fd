"""Router configuration: Cisco IOS and Arista EOS access lists, Junos firewall filters.

An entry is made as a whole, with its addresses, by ``access_entries`` or ``junos_addresses``: none can lose them
on the way and then match everything. Text from the description goes into remarks alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network

from mailwright.formats.engine import Format, FormatError, Verbatim
from mailwright.formats.words import word

NAME = "router configuration"
_REMARK = 100  # characters, the most that IOS takes in a remark

Network = IPv4Network | IPv6Network


def write(value: object) -> str:
    """A number or an address. Raises FormatError for anything else: strings have writers of their own."""
    if isinstance(value, str):
        raise FormatError(value, NAME, "only numbers and addresses go in as they are")
    return word(value, NAME)


def remark(value: object) -> Verbatim:
    """``value`` as text that no router takes for more, cut to what a remark holds.

    Printable ASCII; ``?`` asks IOS for help even in a remark, ``*`` could end a comment of Junos, and ``!``,
    quotes, ``\\``, ``#``, ``;``, ``{`` and ``}`` mean something to one or the other: all become ``_``.
    """
    text = "".join(c if 0x20 <= ord(c) < 0x7F and c not in "?*!\"'\\#;{}^" else "_" for c in str(value))
    return Verbatim(text[:_REMARK].rstrip())


def checked(networks: Sequence[Network], version: int) -> tuple[Network, ...]:
    """``networks`` if an entry of that family can be for them.

    Raises FormatError when there is none, one of the other family, or one that is everything: such an entry would
    judge everybody.
    """
    if not networks:
        raise FormatError(networks, NAME, "an entry needs the addresses that it is for")
    for network in networks:
        if network.version != version:
            raise FormatError(network, NAME, f"it is not IPv{version}, as its entry is")
        if network.prefixlen == 0:
            raise FormatError(network, NAME, "it is every address that there is")
    return tuple(networks)


def _host(network: Network) -> str:
    return f"host {network.network_address}" if network.prefixlen == network.max_prefixlen else ""


def ios_address(network: Network) -> Verbatim:
    """``host A``, an IPv4 address with its wildcard bits, or an IPv6 prefix."""
    if isinstance(network, IPv4Network):
        return Verbatim(_host(network) or f"{network.network_address} {network.hostmask}")
    return Verbatim(_host(network) or str(network))


def eos_address(network: Network) -> Verbatim:
    """``host A`` or a prefix."""
    return Verbatim(_host(network) or str(network))


def access_entries(
    verdict: str,
    direction: str,
    networks: Sequence[Network],
    version: int,
    port: int,
    address: Callable[[Network], Verbatim],
) -> tuple[Verbatim, ...]:
    """One line of an access list for each network: targets of ``in``, sources of ``out``.

    Raises FormatError as ``checked`` does, and for an unknown verdict or direction.
    """
    actions = {"permit": "permit", "reject": "deny"}
    if verdict not in actions:
        raise FormatError(verdict, NAME, "it is neither permit nor reject")
    if direction not in ("in", "out"):
        raise FormatError(direction, NAME, "it is neither in nor out")
    lines = []
    for network in checked(networks, version):
        where = f"any {address(network)}" if direction == "in" else f"{address(network)} any"
        lines.append(Verbatim(f"{actions[verdict]} tcp {where} eq {write(port)}"))
    return tuple(lines)


def junos_addresses(
    direction: str, networks: Sequence[Network], version: int
) -> tuple[Verbatim, tuple[Verbatim, ...]]:
    """The match condition of a term, and its prefixes.

    Raises FormatError as ``checked`` does (a condition without prefixes matches everything), and for an unknown
    direction.
    """
    conditions = {"in": "destination-address", "out": "source-address"}
    if direction not in conditions:
        raise FormatError(direction, NAME, "it is neither in nor out")
    return Verbatim(conditions[direction]), tuple(Verbatim(str(network)) for network in checked(networks, version))


def junos_action(verdict: str) -> Verbatim:
    """What a term does. Raises FormatError for an unknown verdict."""
    actions = {"permit": "accept", "reject": "reject"}
    if verdict not in actions:
        raise FormatError(verdict, NAME, "it is neither permit nor reject")
    return Verbatim(actions[verdict])


FORMAT = Format(NAME, write, (("remark", remark),))
