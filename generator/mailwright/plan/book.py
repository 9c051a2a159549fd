"""Who stands in the address book (INT-2)."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan.model import Because, BookEntry
from mailwright.site.model import Site

_AGREED = Because("INT-2", "found by name in webmail and mail programs; agreed to it")
_ALL = Because("INT-2", "found by name in webmail and mail programs, as the site has decided")


def rows(site: Site) -> Iterator[BookEntry]:
    """An entry for each person who may be found; of people in a live directory, none: the directory is asked."""
    if site.address_book == "nobody":
        return
    because = _AGREED if site.address_book == "agreed" else _ALL
    for person in site.people:
        if person.listed or (person.listed is None and site.address_book == "everybody"):
            yield BookEntry(person.address, person.name, person.department, because)
