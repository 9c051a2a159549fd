"""What an SPF record asks of whoever checks it: DNS look-ups, and those that find nothing (RFC 7208, 4.6.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mailwright.audit import values

LOOKUPS = 10  # terms that need the DNS, beyond which every receiver says permerror
VOIDS = 2  # answers without a record that are borne
_MAILERS = 10  # of one ``mx`` term
_ENOUGH = 3 * LOOKUPS  # beyond which nobody needs to count on

Ask = Callable[[str, str], tuple[str, ...]]
"""Name and type → values (``names.ask``); an OSError when there is no answer."""


@dataclass(slots=True)
class Cost:
    """What checking a domain costs when every term is looked at, and what makes it fail for good."""

    lookups: int = 0
    voids: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def within(self) -> bool:
        return self.lookups <= LOOKUPS and self.voids <= VOIDS and not self.faults

    def __str__(self) -> str:
        counts = f"{self.lookups} look-ups of {LOOKUPS}, {self.voids} of them void of {VOIDS}"
        return "; ".join([counts, *self.faults[:3]])


def cost(ask: Ask, domain: str) -> Cost:
    """The cost of the domain's record. A domain without one costs nothing, and that is a fault."""
    found = Cost()
    _walk(ask, domain.rstrip(".").lower(), found, ())
    return found


def records(ask: Ask, domain: str) -> tuple[str, ...]:
    """The SPF records of a domain: there may be one alone (RFC 7208, 4.5)."""
    return tuple(value for value in ask(domain, "TXT") if values.version(value) == "v=spf1")


def _walk(ask: Ask, domain: str, found: Cost, way: tuple[str, ...]) -> None:
    if domain in way:
        found.faults.append(f"{domain} includes itself")
        return
    texts = ask(domain, "TXT")
    if way and not texts:
        found.voids += 1
    own = tuple(value for value in texts if values.version(value) == "v=spf1")
    if len(own) != 1:
        found.faults.append(f"{domain} has {len(own) or 'no'} SPF record{'s' if len(own) > 1 else ''}")
        return
    for name, content in _terms(own[0]):
        if found.lookups > _ENOUGH:
            return
        _term(ask, domain, name, content, found, way)


def _term(ask: Ask, domain: str, name: str, content: str, found: Cost, way: tuple[str, ...]) -> None:
    target = content.partition("/")[0].rstrip(".") or domain
    known = "%" not in target  # a macro stands for something else in each message
    match name:
        case "include" | "redirect":
            found.lookups += 1
            if known:
                _walk(ask, target, found, (*way, domain))
        case "a":
            found.lookups += 1
            if known and not (ask(target, "A") or ask(target, "AAAA")):
                found.voids += 1
        case "mx":
            found.lookups += 1
            mailers = ask(target, "MX") if known else ()
            if known and not mailers:
                found.voids += 1
            if len(mailers) > _MAILERS:
                found.faults.append(f"mx of {target} has {len(mailers)} names, more than {_MAILERS}")
        case "ptr" | "exists":
            found.lookups += 1
        case "ip4" | "ip6":
            pass
        case _:
            found.faults.append(f"{domain} has a term that nobody knows: {name[:40]}")


def _terms(record: str) -> Iterator[tuple[str, str]]:
    """Mechanisms up to ``all``, and a redirect where there is no ``all``: name in lower case, and what follows."""
    redirect = ""
    for term in record.lower().split()[1:]:
        modifier = re.fullmatch(r"([a-z][a-z0-9._-]*)=(.*)", term)
        if modifier:
            redirect = modifier[2] if modifier[1] == "redirect" else redirect
            continue
        name, _, content = re.sub(r"^[+?~-]", "", term).partition(":")
        name, slash, length = name.partition("/")
        if name == "all":
            return
        yield name, content + slash + length
    if redirect:
        yield "redirect", redirect
