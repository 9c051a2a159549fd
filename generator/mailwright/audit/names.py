"""Questions to the DNS, always to the resolver that the context names.

It is given by its addresses: the next one is asked where a vantage cannot reach the one before.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address

import dns.exception
import dns.rdata
import dns.resolver
import spf
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

Resolver = tuple[str, ...]


@cache
def _resolver(addresses: Resolver) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = list(addresses)
    resolver.lifetime = 8.0
    resolver.timeout = 3.0
    return resolver


def ask(resolver: Resolver, name: str, type_: str) -> tuple[str, ...]:
    """The values of ``name``, sorted; none for a name or a type that does not exist.

    A TXT value is its strings joined; names are absolute, in lower case, with the trailing dot. Raises OSError
    when no answer is to be had.
    """
    return tuple(sorted(_value(rdata) for rdata in _answer(resolver, name, type_)))


def addresses(resolver: Resolver, name: str) -> tuple[IPv4Address | IPv6Address, ...]:
    """All addresses of ``name``, v4 first."""
    return tuple(ip_address(value) for type_ in ("A", "AAAA") for value in ask(resolver, name, type_))


def mailers(resolver: Resolver, domain: str) -> tuple[str, ...]:
    """The names of the domain's mailers, the preferred one first."""
    ranked = sorted((int(value.split()[0]), value.split()[1]) for value in ask(resolver, domain, "MX"))
    return tuple(name for _, name in ranked)


def txt(resolver: Resolver, name: str) -> str:
    """The one TXT value of ``name``, or nothing (what dkimpy asks for)."""
    return next(iter(ask(resolver, name, "TXT")), "")


def spf_verdict(resolver: Resolver, client: str, sender: str, helo: str) -> tuple[str, str]:
    """What SPF (RFC 7208) says of a message from this address, and why: ``("pass", "…")``."""
    result, _, reason = _SpfQuery(resolver, client, sender, helo).check()
    return result, reason


class _SpfQuery(spf.query):  # type: ignore[misc]  # pyspf has no types
    """pyspf asks the system's resolver; this asks ours. CNAMEs are followed by the resolver."""

    def __init__(self, resolver: Resolver, client: str, sender: str, helo: str) -> None:
        super().__init__(i=client, s=sender, h=helo, timeout=8)
        self._resolver_address = resolver

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[object]:  # noqa: ARG002
        return [_for_spf(rdata) for rdata in _answer(self._resolver_address, name, qtype)]


def _for_spf(rdata: dns.rdata.Rdata) -> object:
    if isinstance(rdata, MX):
        return rdata.preference, rdata.exchange.to_text(omit_final_dot=True)
    if isinstance(rdata, TXT):
        return rdata.strings
    return rdata.to_text().rstrip(".")


def _answer(resolver: Resolver, name: str, type_: str) -> Iterable[dns.rdata.Rdata]:
    try:
        return list(_resolver(resolver).resolve(name, type_, raise_on_no_answer=False, search=False))
    except dns.resolver.NXDOMAIN:
        return ()
    except dns.exception.DNSException as error:
        raise OSError(f"the resolver {' or '.join(resolver)} gave no answer for {name} {type_}: {error}") from error


def _value(rdata: dns.rdata.Rdata) -> str:
    if isinstance(rdata, TXT):
        return b"".join(rdata.strings).decode("utf-8", "backslashreplace")
    return rdata.to_text().lower()
