"""Whom Janet can reach about mail, what people vouch for, and what they let pass."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan.model import Because, Contact, Promise, Waived
from mailwright.site.model import Site

SERVICE_DESK = "the service desk"

_CONTACT = Because("AUDIT-5", "Janet reaches those who run the mail service, by telephone too")
_VOUCHED = "what only people can do is vouched for, and looked at again within a year"


def rows(site: Site) -> Iterator[Contact]:
    """The technical contacts, and the service desk where there is one; each once."""
    found = [Contact(one.name, one.email, one.telephone, _CONTACT) for one in site.organisation.contacts]
    desk = site.organisation.service_desk
    if desk is not None and desk.email:
        found.append(Contact(SERVICE_DESK, desk.email, desk.telephone, _CONTACT))
    yield from dict.fromkeys(found)


def promises(site: Site) -> Iterator[Promise]:
    """The attestations of the description, whatever their age; each once."""
    found = (
        Promise(one.requirement, one.date, one.owner, Because(one.requirement, _VOUCHED))
        for one in site.attestations
    )
    yield from dict.fromkeys(found)


def waivers(site: Site) -> Iterator[Waived]:
    """The waivers of the description, whatever their age; each once."""
    found = (
        Waived(
            one.rule,
            one.reason,
            one.owner,
            one.until,
            Because(one.rule.partition(".")[0], "a breach that somebody answers for until a day shows everywhere"),
        )
        for one in site.waivers
    )
    yield from dict.fromkeys(found)
