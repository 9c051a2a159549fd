"""Who has a mailbox, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heapreplace

from mailwright.plan import names
from mailwright.plan.errors import Faults
from mailwright.plan.model import Because, Mailbox
from mailwright.site.model import Site

_BECAUSE = Because("SCALE-1", "a central message store for the users")


def rows(site: Site, faults: Faults) -> Iterator[Mailbox]:
    """A mailbox per person, on the store that the description or ``stores.csv`` says; new people get the emptiest.

    Faults: no store; a login twice; a person on a host that is no store.
    """
    stores = names.with_function(site, "store")
    if not stores:
        faults.add("no-store", "no host has the function store", site.where, "add store to a host's functions")
        return
    directory = site.directory
    if directory is not None and directory.live and len(stores) > 1 and not directory.attributes.store:
        faults.add(
            "store-unknown",
            "there are several stores, and the directory does not say which one keeps a person's mail",
            directory.where,
            "name the attribute that holds the store under directory.attributes.store",
        )
    where = placed(site, tuple(store.name for store in stores), faults)
    quota = site.store.quota
    seen: set[str] = set()
    for person in site.people:
        if person.login in seen:
            faults.add("login-twice", f"{person.login} is two people's login", person.where, "rename one of them")
        seen.add(person.login)
        yield Mailbox(
            person.login,
            person.name,
            where[person.login],
            quota if person.quota is None else person.quota,
            _BECAUSE,
        )
    for sender in site.automatic_senders:
        if sender.login in seen:
            faults.add(
                "login-twice",
                f"{sender.login} is the login of an automatic sender and of somebody else",
                sender.where,
                "rename one of them",
            )
        seen.add(sender.login)


def placed(site: Site, stores: tuple[str, ...], faults: Faults) -> dict[str, str]:
    """Login → store. Those who are on one stay; the others, in the order of their logins, go to the emptiest."""
    if len(stores) == 1 and not any(person.store for person in site.people):
        return {person.login: stores[0] for person in site.people}
    found = {person.login: person.store for person in site.people if person.store}
    for person in site.people:
        if person.store and person.store not in stores:
            faults.add(
                "no-such-store",
                f"the mail of {person.login} is on {person.store}, which is no store (column store, or stores.csv)",
                person.where,
                "give that host the function store, or move the mail (docs/how-to.md) and say where it is",
            )
    counts = Counter(found.values())
    emptiest = [(counts[store], index, store) for index, store in enumerate(stores)]
    heapify(emptiest)
    for login in sorted(person.login for person in site.people if not person.store):
        count, index, store = emptiest[0]
        found[login] = store
        heapreplace(emptiest, (count + 1, index, store))
    return found
