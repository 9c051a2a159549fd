"""The Received: lines of a message (RFC 5321, 4.4), as mailers write them: who handed it to whom."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

from mailwright.audit import letters
from mailwright.audit.model import Received
from mailwright.records import dataclass

_FROM = re.compile(r"from\s+(.*?)\s+by\s+([^\s;()]+)", re.IGNORECASE | re.DOTALL)
_HELO = re.compile(r"\bhelo[= ]([^\s()]+)", re.IGNORECASE)  # Exim, qmail
_WORDS = re.compile(r"[\[(]?(?:IPv6:)?([0-9A-Fa-f:.]{3,})[\])]?", re.IGNORECASE)
_FOR = re.compile(r"\bfor\s+<([^<>\s]+)>")


@dataclass(frozen=True, slots=True)
class Hop:
    """One line. ``client`` is None where it tells no address."""

    helo: str
    client: IPv4Address | IPv6Address | None
    by: str


def hops(content: bytes) -> tuple[Hop, ...]:
    """All that can be read, the last hop first, as they stand in the header."""
    return tuple(hop for value in letters.header(content, "Received") if (hop := _hop(value)) is not None)


def taken(content: bytes, own: Collection[str], address: str) -> Received:
    """The message as the system took it in that keeps it now.

    own      names of the site's hosts: their lines are those of the way before
    address  of the mailbox

    Client and HELO are those of the first host of that system, empty where no line says so: of its lines, which
    are the topmost ones, the lowest. Between its own hosts it may have handed the message on.
    """
    handed = _handed_over(hops(content), {name.lower() for name in own})
    found = [*letters.header(content, "Delivered-To"), *letters.header(content, "X-Original-To")]
    found += [one for value in letters.header(content, "Received") for one in _FOR.findall(value)]
    return Received(
        sender=_sender(content),
        recipients=(found[0].strip("<> ") if found else address,),
        content=content,
        client=str(handed.client) if handed is not None else "",
        helo=handed.helo if handed is not None else "",
    )


def _handed_over(lines: Iterable[Hop], own: Collection[str]) -> Hop | None:
    known = list(_until(lines, own))
    if not known:
        return None
    system = _organisation(known[0].by)
    first = [hop for hop in known if _organisation(hop.by) == system] if system else known
    return first[-1]


def _until(lines: Iterable[Hop], own: Collection[str]) -> Iterator[Hop]:
    """Lines that tell an address, up to the first that one of these hosts wrote."""
    for hop in lines:
        if hop.by.lower().rstrip(".") in own:
            return
        if hop.client is not None and not hop.client.is_loopback:
            yield hop


def _hop(value: str) -> Hop | None:
    found = _FROM.match(value)
    if found is None:
        return None
    said = found[1]
    helo = _HELO.search(said)
    name = helo[1] if helo else said.split()[0]
    return Hop(name.strip("[]()").rstrip("."), _address(said), found[2])


def _address(said: str) -> IPv4Address | IPv6Address | None:
    """The client's: in brackets, or else in parentheses; the last word is the surest, for names come first."""
    bracketed = re.findall(r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\]", said, re.IGNORECASE)
    for text in (*reversed(bracketed), *reversed(_WORDS.findall(said))):
        try:
            return ip_address(text)
        except ValueError:
            continue
    return None


def _organisation(name: str) -> str:
    """The last labels of a host's name; nothing for an address."""
    labels = name.lower().strip(".[]").split(".")
    if ":" in name or len(labels) < 2 or labels[-1].isdigit():
        return ""
    return ".".join(
        labels[-3:] if len(labels) > 2 and len(labels[-2]) <= 3 and len(labels[-1]) == 2 else labels[-2:]
    )


def _sender(content: bytes) -> str:
    """The envelope sender, which the last system writes down (RFC 5321, 4.4)."""
    paths = letters.header(content, "Return-Path")
    if paths:
        return paths[0].strip("<> ")
    results = " ".join(letters.header(content, "Authentication-Results"))
    found = re.search(r"smtp\.mailfrom=([^\s;]+)", results)
    return found[1].strip("<>\"'") if found else ""
