"""Single values of a description: text to typed value, or ValueError with the reason in plain words."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from zoneinfo import ZoneInfo, available_timezones

from mailwright.site.model import IPAddress, IPNetwork

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LOCAL_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+'-]*(?:\.[A-Za-z0-9_+'-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SIZE = re.compile(r"([1-9][0-9]{0,5}) ?(k|M|G|T|Ki|Mi|Gi|Ti)B")
_UNITS = {
    "k": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4,
    "Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4,
}  # fmt: skip


def login(text: str) -> str:
    """Safe as a file name and in a passwd-file: ``[a-z0-9][a-z0-9._-]{0,31}``."""
    if not _LOGIN.fullmatch(text):
        why = "use lower-case letters, digits, '.', '_' and '-', a letter or digit first, at most 32"
        raise ValueError(f"{text!r} is not a login: {why}" if text else "the login is empty")
    return text


ID_FORM = "lower-case letters, digits and '-', a letter or digit first, at most 63"
"""How a customer's id is written, in words."""


def is_id(text: str) -> bool:
    """Whether a customer of a provider may be called so: safe as a file's and a folder's name, here and on hosts.

    What runs on hosts, and the schema of customers' files, have the same rule in their own words, which
    tests/provider/test_ids.py holds together. There is no dot in an id, so none is the name of a host or a domain.
    """
    return _ID.fullmatch(text) is not None


def local_part(text: str) -> str:
    """A dot-atom (RFC 5321, 4.1.2) of ASCII letters, digits and ``_ + ' -``, at most 64 long."""
    if len(text) > 64 or not _LOCAL_PART.fullmatch(text):
        why = "use ASCII letters, digits, '_', '-', '+', \"'\" and single dots between them, at most 64"
        raise ValueError(f"{text!r} cannot stand before the @: {why}")
    return text


def _is_ip(text: str) -> bool:
    try:
        ip_address(text.strip("[]").removeprefix("ipv6:"))
    except ValueError:
        return False
    return True


@cache
def name(text: str) -> str:
    """A fully qualified name, lower case, in A-labels (RFC 5890), without a final dot."""
    lower = text.lower()
    if _is_ip(lower):  # an MX record, and all that is checked by name, needs a name (RFC 5321, 5.1)
        raise ValueError(f"{text!r} is not a domain name: it is an address, so write the name that it has")
    if lower.endswith("."):
        raise ValueError(f"{text!r} ends with a dot: leave it out")
    if any(dot in lower for dot in "\u3002\uff0e\uff61"):  # IDNA would take them for dots
        raise ValueError(f"{text!r} is not a domain name: it holds a dot that is not the ASCII one")
    if not lower.isascii() or "xn--" in lower:
        import idna

        try:
            lower = idna.encode(lower).decode()
        except idna.IDNAError as error:
            raise ValueError(f"{text!r} is not a domain name: {error}") from None
    labels = lower.split(".")
    if len(labels) < 2:
        raise ValueError(f"{text!r} is not fully qualified: write the name with its domain, such as {text}.ac.uk")
    for label in labels:
        if not _LABEL.fullmatch(label) or len(label) > 63:
            why = f"the part {label!r} is not of letters, digits and inner hyphens" if label else "a part is empty"
            raise ValueError(f"{text!r} is not a domain name: {why}")
    if len(lower) > 253:
        raise ValueError(f"{text[:40]}… is longer than 253 characters")
    if labels[-1].isdigit():
        raise ValueError(f"{text!r} is not a domain name: it ends with a number")
    return lower


def record_name(text: str) -> str:
    """A name in the DNS that is no host's: its parts may begin with ``_`` (RFC 8552), as in ``_spf.example``."""
    plain = ".".join(label.removeprefix("_") for label in text.split("."))
    if name(plain) == plain.lower() == text.lower().replace("_", ""):
        return text.lower()
    raise ValueError(f"{text!r} is not a name in the DNS: '_' stands at the beginning of a part, once")


@cache
def _written_name(text: str) -> str:
    """A domain as it was written where it is ASCII, in A-labels where not."""
    encoded = name(text)
    return text if text.isascii() else encoded


def address(text: str) -> str:
    """A full mail address, as it was written; a domain that is not ASCII becomes A-labels."""
    local, at, domain = text.rpartition("@")
    if not at:
        why = "it has no @: write the full address" if text else "it is empty"
        raise ValueError(f"{text!r} is not a mail address: {why}")
    local_part(local)
    whole = f"{local}@{_written_name(domain)}"
    if len(whole) > 254:
        raise ValueError(f"{text[:40]}… is longer than 254 characters")
    return whole


def member(text: str) -> str:
    """A login, or a full mail address."""
    return address(text) if "@" in text else login(text)


def size(text: str) -> int:
    """``25 MB`` in bytes; kB, MB, GB, TB count in thousands, KiB, MiB, GiB, TiB in 1024s."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size: write a whole number and a unit, such as 25 MB or 2 GiB")
    return int(match[1]) * _UNITS[match[2]]


@cache
def ip(text: str) -> IPAddress:
    """An IPv4 or IPv6 address that a host can have."""
    try:
        if "%" in text:  # the scope of a link-local address
            raise ValueError
        found = ip_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address") from None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        raise ValueError(f"{text!r} is an IPv4 address in IPv6 form: write {found.ipv4_mapped}")
    if found.is_unspecified or found.is_multicast or found.is_loopback or found.is_link_local:
        raise ValueError(f"{text!r} is not an address by which other hosts reach this one")
    return found


def host(text: str) -> str:
    """A fully qualified name, or an IP address."""
    return str(ip(text)) if ":" in text or text.rpartition(".")[2].isdigit() else name(text)


@cache
def network(text: str) -> IPNetwork:
    """A network; an address with bits to the right of its length is refused."""
    try:
        return ip_network(text, strict=True)
    except ValueError:
        try:
            meant = ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f"{text!r} is not a network: write address/length, such as 198.51.100.0/24") from None
        raise ValueError(f"{text!r} has bits set beyond its length: the network is {meant}") from None


@cache
def timezone(text: str) -> str:
    """An IANA name that this machine's time zone data knows."""
    try:
        ZoneInfo(text)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"{text!r} is not the name of a time zone") from None
    except KeyError:
        if not available_timezones():
            raise ValueError("this machine has no time zone data: install the package tzdata") from None
        raise ValueError(f"{text!r} is not the name of a time zone, such as Europe/London") from None
    return text


def day(text: str) -> date:
    """A date as year-month-day (ISO 8601)."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date: write year-month-day, such as 2026-03-31") from None
