"""Webmail and the address book (INT-2).

There is no rule about webmail without TLS: a description cannot ask for it. Port 80 is shut, and port 443 speaks
TLS from the first octet.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.subject import Subject


@rule("INT-2", "nobody", Level.ADVICE, "users of webmail find one another in an address book")
def nobody(subject: Subject) -> Iterator[Fault]:
    """Webmail is described, and nobody stands in its address book.

    Whoever types whole addresses now and then types a wrong one. ``agreed`` takes those into the book who agreed
    (``listed``); ``everybody`` takes all but those who said no.

    Breaks it:

        webmail: {}

    Mended:

        webmail: {}
        address_book: everybody
    """
    site = subject.site
    if site.webmail is not None and site.address_book == "nobody":
        yield Fault(
            site.webmail.where,
            "nobody stands in the address book of webmail",
            "write address_book: agreed, or everybody",
        )


@rule("INT-2", "nobody-agreed", Level.ADVICE, "somebody stands in the address book of those who agree", people=True)
def nobody_agreed(subject: Subject) -> Iterator[Fault]:
    """The address book has those who agreed, and nobody did.

    Whether somebody agrees stands at each person (``listed``): ask them.

    Breaks it:

        address_book: agreed

    Mended:

        address_book: agreed
        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, listed: true}
          - {login: fr03201, name: Rosa Luxemburg, address: Rosa.Luxemburg@college.ac.uk}
    """
    site = subject.site
    if site.address_book == "agreed" and site.people and not any(person.listed for person in site.people):
        yield Fault(
            site.people[0].where,
            "the address book is for those who agreed, and nobody is said to have",
            "write listed at those who agree, or address_book: everybody",
        )


RULES = (nobody, nobody_agreed)
