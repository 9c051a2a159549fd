"""Zone files (RFC 1035, section 5): typed records that print themselves.

Names are absolute, TXT is always quoted, and no directive is ever written, so a line means the same wherever
it is put.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv6Address

import dns.exception
import dns.name

from mailwright.formats.engine import FormatError, comment

NAME = "a zone file"
_MAXIMUM_TTL = 2**31 - 1  # RFC 2181, section 8
_MAXIMUM_RDATA = 65535  # RFC 1035, section 3.2.1


def record(zone: str, owner: str, type_: str, value: str, ttl: int, because: object) -> str:
    """A line with the reason, and the line of the record.

    zone, owner  names in presentation form; the owner with its trailing dot
    value        an address, a name, ``10 name.`` for MX, or the plain text of a TXT record
    ttl          seconds
    Raises FormatError for what is no such record, or for an owner outside the zone.
    """
    name = _name(owner)
    if not name.is_subdomain(_name(zone if zone.endswith(".") else f"{zone}.")):
        raise FormatError(owner, NAME, f"it is not in the zone {zone}")
    if not 0 <= ttl <= _MAXIMUM_TTL:
        raise FormatError(ttl, NAME, "it is no time to live")
    writer = _WRITERS.get(type_)
    if writer is None:
        raise FormatError(type_, NAME, "there is no way to write records of this type")
    return f"; {comment(because)}\n{name.to_text()} {ttl:d} IN {type_} {writer(value)}\n"


def _name(text: str) -> dns.name.Name:
    if not text.isascii():
        raise FormatError(text, NAME, "a name is written in A-labels (RFC 5890)")
    try:
        name = dns.name.from_text(text, None)
    except dns.exception.DNSException as error:
        raise FormatError(text, NAME, str(error)) from error
    if not name.is_absolute():
        raise FormatError(text, NAME, "it is not absolute: the trailing dot is missing")
    return name


def _host(value: str) -> str:
    return _name(value).to_text()


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
    return f"{int(preference)} {_host(exchange)}"


def _txt(value: str) -> str:
    """Character-strings of at most 255 octets (RFC 1035, 3.3.14); readers of SPF and DKIM join them unspaced."""
    try:
        octets = value.encode()
    except UnicodeEncodeError as error:
        raise FormatError(value, NAME, "it holds half a surrogate pair") from error
    strings = [octets[start : start + 255] for start in range(0, len(octets), 255)] or [b""]
    if len(octets) + len(strings) > _MAXIMUM_RDATA:
        raise FormatError(value, NAME, "it is too long for a TXT record")
    return " ".join(f'"{"".join(map(_octet, string))}"' for string in strings)


def _octet(octet: int) -> str:
    if octet in b'"\\':
        return f"\\{octet:c}"
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"


_WRITERS = {"A": _ipv4, "AAAA": _ipv6, "MX": _mx, "PTR": _host, "TXT": _txt}
