"""Which internal address becomes which published one on the way out."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan.model import Because, Rewrite
from mailwright.site.addresses import key
from mailwright.site.model import Site

_BECAUSE = Because("INT-4", "an internal address leaves in its published form, in envelope and header")
_BEHIND = Because("GATE-2", "what the system behind a gateway calls somebody leaves as the published address")


def rows(site: Site) -> Iterator[Rewrite]:
    """A rewrite per internal address that is not the published one. ``external`` is written as published."""
    seen: set[str] = set()
    for person in site.people:
        for internal in person.internal:
            address = key(internal)
            if address != key(person.address) and address not in seen:
                seen.add(address)
                yield Rewrite(address, person.address, _BECAUSE)
    for gateway in site.gateways:
        for listed in gateway.people:
            address = key(listed.internal)
            if address != key(listed.address) and address not in seen:
                seen.add(address)
                yield Rewrite(address, listed.address, _BEHIND)
