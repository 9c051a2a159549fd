"""Which internal address becomes which published one on the way out."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan.model import Because, Rewrite
from mailwright.site.addresses import key
from mailwright.site.inner import Inner
from mailwright.site.model import Site

_BECAUSE = Because("INT-4", "an internal address leaves in its published form, in envelope and header")
_FORM = Because("INT-4", "a form of address that is used inside leaves as the published one")
_BEHIND = Because("GATE-2", "what the system behind a gateway calls somebody leaves as the published address")


def rows(site: Site) -> Iterator[Rewrite]:
    """A rewrite per internal address that is not the published one. ``external`` is written as published.

    What an automatic sender is said to send from stays as it is.
    """
    seen = {key(address) for sender in site.automatic_senders for address in sender.addresses}
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
    inner = Inner(site)
    for address, external in _addresses(site):
        for form in inner.forms(address):
            if form not in seen:
                seen.add(form)
                yield Rewrite(form, external, _FORM)


def _addresses(site: Site) -> Iterator[tuple[str, str]]:
    """Each address of the site, and the same as others see it."""
    if not site.internal_domains:
        return
    for person in site.people:
        yield from ((address, address) for address in (person.address, *person.aliases))
        yield from ((address, person.address) for address in person.internal)
    for gateway in site.gateways:
        for listed in gateway.people:
            yield from ((address, listed.address) for address in (listed.address, listed.internal))
    for role in site.roles:
        for name in role.domains:
            yield from ((f"{local}@{name}",) * 2 for local in (role.local, *role.also))
    for sender in site.automatic_senders:
        yield from ((address, address) for address in sender.addresses)
