"""Zone files (RFC 1035, section 5): typed records that print themselves.

Names are absolute, TXT is always quoted, and no directive is ever written, so a line means the same wherever
it is put.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from mailwright.formats.engine import FormatError, comment

NAME = "a zone file"
_MAXIMUM_TTL = 2**31 - 1  # RFC 2181, section 8
_MAXIMUM_RDATA = 65535  # RFC 1035, section 3.2.1

_PLAIN = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)+")
_MAXIMUM_NAME = 254  # with its dots; 255 octets as it is sent (RFC 1035, section 2.3.4)

# What stands for itself between quotation marks.
_TO_ESCAPE = re.compile(r"[^ !#-\[\]-~]")


def record(zone: str, owner: str, type_: str, value: str, ttl: int, because: object) -> str:
    """A line with the reason, and the line of the record.

    zone, owner  names in presentation form; the owner with its trailing dot
    value        an address, a name, ``10 name.`` for MX, or the plain text of a TXT record
    ttl          seconds
    Raises FormatError for what is no such record, or for an owner outside the zone.
    """
    name = _name(owner)
    if not _inside(name, _name(zone if zone.endswith(".") else f"{zone}.")):
        raise FormatError(owner, NAME, f"it is not in the zone {zone}")
    if not 0 <= ttl <= _MAXIMUM_TTL:
        raise FormatError(ttl, NAME, "it is no time to live")
    writer = _WRITERS.get(type_)
    if writer is None:
        raise FormatError(type_, NAME, "there is no way to write records of this type")
    return f"; {comment(because)}\n{name} {ttl:d} IN {type_} {writer(value)}\n"


def _plain(text: str) -> bool:
    """Whether this is an absolute name of which no character means anything but itself. Nearly all are; others are
    left to dnspython, which takes long to load."""
    return len(text) <= _MAXIMUM_NAME and _PLAIN.fullmatch(text) is not None


def _name(text: str) -> str:
    """The absolute name as a zone file has it. Raises FormatError for anything else."""
    if text == "." or _plain(text):
        return text
    if not text.isascii():
        raise FormatError(text, NAME, "a name is written in A-labels (RFC 5890)")
    import dns.exception
    import dns.name

    try:
        name = dns.name.from_text(text, None)
    except dns.exception.DNSException as error:
        raise FormatError(text, NAME, str(error)) from error
    if not name.is_absolute():
        raise FormatError(text, NAME, "it is not absolute: the trailing dot is missing")
    return name.to_text()


def _inside(name: str, zone: str) -> bool:
    """Whether the name is in the zone, or is its own. Both are as ``_name`` gives them."""
    if _plain(name) and _plain(zone):
        return f".{name}".lower().endswith(f".{zone}".lower())
    import dns.name

    return dns.name.from_text(name).is_subdomain(dns.name.from_text(zone))


def _ipv4(value: str) -> str:
    try:
        return str(IPv4Address(value))
    except AddressValueError as error:
        raise FormatError(value, NAME, str(error)) from error


def _ipv6(value: str) -> str:
    try:
        address = IPv6Address(value)
    except AddressValueError as error:
        raise FormatError(value, NAME, str(error)) from error
    if address.scope_id is not None:
        raise FormatError(value, NAME, "an address with a scope means nothing elsewhere")
    return str(address)


def _mx(value: str) -> str:
    preference, _, exchange = value.partition(" ")
    if not (preference.isascii() and preference.isdigit() and int(preference) <= 0xFFFF):
        raise FormatError(value, NAME, "an MX record is a preference and a name")
    return f"{int(preference)} {_name(exchange)}"


def _txt(value: str) -> str:
    """Character-strings of at most 255 octets (RFC 1035, 3.3.14); readers of SPF and DKIM join them unspaced."""
    try:
        octets = value.encode()
    except UnicodeEncodeError as error:
        raise FormatError(value, NAME, "it holds half a surrogate pair") from error
    strings = [octets[start : start + 255] for start in range(0, len(octets), 255)] or [b""]
    if len(octets) + len(strings) > _MAXIMUM_RDATA:
        raise FormatError(value, NAME, "it is too long for a TXT record")
    return " ".join(f'"{_TO_ESCAPE.sub(_escaped, string.decode("latin-1"))}"' for string in strings)


def _escaped(octet: re.Match[str]) -> str:
    return f"\\{octet[0]}" if octet[0] in '"\\' else f"\\{ord(octet[0]):03d}"


def _srv(value: str) -> str:
    """RFC 2782: priority, weight, port and the absolute name of who offers the service; ``.`` for nobody."""
    numbers = value.split(" ")
    if len(numbers) != 4 or not all(n.isascii() and n.isdigit() and int(n) <= 0xFFFF for n in numbers[:3]):
        raise FormatError(value, NAME, "an SRV record is a priority, a weight, a port and a name")
    return f"{' '.join(str(int(n)) for n in numbers[:3])} {_name(numbers[3])}"


_WRITERS = {"A": _ipv4, "AAAA": _ipv6, "MX": _mx, "PTR": _name, "TXT": _txt, "SRV": _srv}
