"""Who is in a description, by every word that names them: what is looked for where strangers read along."""

from __future__ import annotations

import re

from mailwright.site.model import Site

MARKS = re.compile("[\ufdd0-\ufdd2]")
"""What stands around people in sentences, and in nothing that is shown."""


def of_people(site: Site) -> set[str]:
    """Logins, names, telephone numbers and addresses of everybody in the description, in lower case."""
    found: set[str] = set()
    roles = {
        f"{local}@{domain}" for one in site.roles for local in (one.local, *one.also) for domain in one.domains
    }
    for one in site.people:
        found |= {one.login, one.name, one.address, *one.aliases, *one.internal}
    for contact in site.organisation.contacts:
        found |= {contact.name, contact.email, contact.telephone}
    for gateway in site.gateways:
        found |= {value for addressee in gateway.people for value in (addressee.address, addressee.internal)}
    for which in (*site.waivers, *site.attestations):
        found.add(which.owner)
    found |= {member for one in site.roles for member in one.members}
    for one_list in site.lists:
        found |= {*one_list.owners, *one_list.moderators, *one_list.members.named}
    automatic = {address for one in site.automatic_senders for address in one.addresses}
    lists = {f"{one.local}@{one.domain}" for one in site.lists}
    return {value.lower() for value in found} - {value.lower() for value in roles | automatic | lists} - {""}
