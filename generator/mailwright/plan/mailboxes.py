"""Who has a mailbox, and where."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan import names
from mailwright.plan.errors import Faults
from mailwright.plan.model import Because, Mailbox
from mailwright.site.model import Site

_BECAUSE = Because("SCALE-1", "a central message store for the users")


def rows(site: Site, faults: Faults) -> Iterator[Mailbox]:
    """A mailbox per person, on the host with the store.

    Faults: no store; a login twice; a mailer without the store, which it could not deliver to in this version.
    """
    stores = names.with_function(site, "store")
    if not stores:
        faults.add("no-store", "no host has the function store", site.where, "add store to a host's functions")
        return
    for host in names.sending(site):
        if "store" not in host.functions:
            faults.add(
                "store-apart",
                f"{host.name} has no store, and this version delivers to the store on the same host only",
                host.where,
                "give the host the function store as well",
            )
    if len(stores) > 1:
        faults.add(
            "two-stores",
            f"{stores[1].name} is a second store, and this version knows one store to a site",
            stores[1].where,
            "leave store to one host",
        )
    store = stores[0].name
    quota = site.store.quota
    seen: set[str] = set()
    for person in site.people:
        if person.login in seen:
            faults.add("login-twice", f"{person.login} is two people's login", person.where, "rename one of them")
        seen.add(person.login)
        yield Mailbox(person.login, person.name, store, quota if person.quota is None else person.quota, _BECAUSE)
    for sender in site.automatic_senders:
        if sender.login in seen:
            faults.add(
                "login-twice",
                f"{sender.login} is the login of an automatic sender and of somebody else",
                sender.where,
                "rename one of them",
            )
        seen.add(sender.login)
