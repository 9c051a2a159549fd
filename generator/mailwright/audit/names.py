"""Questions to the DNS: to the resolver that the context names, or to one server of a zone.

The resolver is given by its addresses: the next one is asked where a vantage cannot reach the one before. An answer
that does not come, or that is no answer, is an OSError; that there is nothing of the kind is an answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import spf
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from mailwright.formats.visible import visible
from mailwright.records import dataclass

Resolver = tuple[str, ...]
Result = TypeVar("Result")
RESOLVER = "the resolver"
"""Whom ``Asker`` asks, where it is the context's resolver."""

PORT = 53
_ATTEMPTS = 2  # a lost packet is no silence
_PATIENCE = 3.0  # seconds for one answer of one server
_LONGEST_ALIAS = 8  # CNAMEs after one another


@cache
def _resolver(addresses: Resolver) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = list(addresses)
    resolver.lifetime = 8.0
    resolver.timeout = _PATIENCE
    # A validating resolver says by the AD bit what DNSSEC proves (RFC 6840, 5.7).
    resolver.set_flags(dns.flags.RD | dns.flags.AD)
    return resolver


def ask(resolver: Resolver, name: str, type_: str) -> tuple[str, ...]:
    """The values of ``name``, sorted; none for a name or a type that does not exist.

    A TXT value is its strings joined; names are absolute, in lower case, with the trailing dot. Raises OSError
    when no answer is to be had.
    """
    return tuple(sorted(_value(rdata) for rdata in _answer(resolver, name, type_)))


@dataclass(frozen=True, slots=True)
class Answer:
    """Values as ``ask`` has them. ``secure``: the resolver says that DNSSEC proves them (AD, RFC 4035, 3.2.3)."""

    values: tuple[str, ...]
    secure: bool


def look_up(resolver: Resolver, name: str, type_: str) -> Answer:
    """As ``ask``, with what the resolver says of DNSSEC. That there is nothing counts as not proven by it."""
    try:
        found = _resolver(resolver).resolve(name, type_, raise_on_no_answer=False, search=False)
    except dns.resolver.NXDOMAIN:
        return Answer((), False)
    except (dns.exception.DNSException, ValueError) as error:
        raise _no_answer(f"the resolver {' or '.join(resolver)}", name, type_, error) from error
    secure = bool(found.response.flags & dns.flags.AD)
    return Answer(tuple(sorted(_value(rdata) for rdata in found)) if found.rrset else (), secure)


def zone(resolver: Resolver, name: str) -> str:
    """The zone that the name is in, with the trailing dot, as the DNS has it cut. Raises OSError."""
    try:
        found = dns.resolver.zone_for_name(name.rstrip(".") + ".", resolver=_resolver(resolver))
    except (dns.exception.DNSException, ValueError) as error:
        raise _no_answer(f"the resolver {' or '.join(resolver)}", name, "SOA", error) from error
    return found.to_text().lower()


@dataclass(frozen=True, slots=True)
class Served:
    """What one server of a zone says.

    values  as ``ask`` has them
    alias   the name is another's alias (CNAME), and the values are to be found there; empty: it is none
    fault   why this is no word of a server of the zone, such as REFUSED; empty: it is one
    """

    values: tuple[str, ...]
    alias: str = ""
    fault: str = ""


def ask_server(address: str, name: str, type_: str) -> Served:
    """Ask one server, which is not to ask others. Raises OSError when no answer is to be had."""
    try:
        question = dns.message.make_query(name, type_)
        question.flags &= ~dns.flags.RD
        answer = _exchanged(question, address)
    except (dns.exception.DNSException, ValueError, OSError) as error:
        raise _no_answer(address, name, type_, error) from error
    code = answer.rcode()
    if code == dns.rcode.SERVFAIL:
        raise OSError(f"{address} cannot answer for {name} {type_} just now (SERVFAIL)")
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Served((), fault=f"answers {dns.rcode.to_text(code)}")
    if not answer.flags & dns.flags.AA:
        return Served((), fault="does not answer as a server of the zone")
    return _of(answer, question.question[0].name, dns.rdatatype.from_text(type_))


def _of(answer: dns.message.Message, name: dns.name.Name, type_: dns.rdatatype.RdataType) -> Served:
    """The values of the name, or its alias as far as the answer leads."""
    for _ in range(_LONGEST_ALIAS):
        found = answer.get_rrset(answer.answer, name, dns.rdataclass.IN, type_)
        if found is not None:
            return Served(tuple(sorted(_value(rdata) for rdata in found)))
        aliases = answer.get_rrset(answer.answer, name, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if not aliases:
            break
        name = aliases[0].target
    else:
        raise OSError(f"more than {_LONGEST_ALIAS} aliases after one another lead to {visible(str(name))}")
    asked = answer.question[0].name if answer.question else name
    return Served((), alias="" if name == asked else name.to_text().lower())


def _exchanged(question: dns.message.Message, address: str) -> dns.message.Message:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            answer, _ = dns.query.udp_with_fallback(
                question, address, timeout=_PATIENCE, port=PORT, ignore_unexpected=True, ignore_errors=True
            )
        except dns.exception.Timeout:
            if attempt == _ATTEMPTS:
                raise
        else:
            return answer
    raise AssertionError("unreachable")  # pragma: no cover


def _no_answer(whom: str, name: str, type_: str, error: Exception) -> OSError:
    kind = TimeoutError if isinstance(error, dns.exception.Timeout) else OSError
    return kind(f"{whom} gave no answer for {name} {type_}: {visible(str(error))[:200]}")


class Asker:
    """Asks on behalf of one probe: whoever was silent twice is not waited for again, however many questions there
    are. It may be used by several threads."""

    def __init__(self, most: int = 2) -> None:
        self._most = most
        self._silences: Counter[str] = Counter()

    def ask(self, whom: str, question: Callable[[], Result]) -> Result:
        """What the question yields. Raises OSError: the question's own, or at once for somebody who was silent."""
        if self._silences[whom] >= self._most:
            raise OSError(f"{whom} was not asked again: it had been silent")
        try:
            return question()
        except TimeoutError:
            self._silences[whom] += 1
            raise


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
    except (dns.exception.DNSException, ValueError) as error:  # ValueError: no name that could be asked for
        raise _no_answer(f"the resolver {' or '.join(resolver)}", name, type_, error) from error


def _value(rdata: dns.rdata.Rdata) -> str:
    if isinstance(rdata, TXT):
        return visible(b"".join(rdata.strings).decode("utf-8", "backslashreplace"))
    return rdata.to_text().lower()
