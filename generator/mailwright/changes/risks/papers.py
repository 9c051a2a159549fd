"""What people are shown, told and promised: the address book, documents, contacts, what somebody vouches for."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.plan.contacts import SERVICE_DESK
from mailwright.plan.model import Plan, Readers
from mailwright.site.model import AGREED, AddressBook

_BOOK: dict[AddressBook, int] = {"nobody": 0, "agreed": 1, "everybody": 2}


@risk(
    "book.widened",
    Severity.MEDIUM,
    "INT-2",
    "people are shown in the address book who did not agree to it",
    "Ask people first, and write their answers into the column listed of people.csv: with address_book: agreed "
    "those who said yes are shown, and nobody else.",
)
def book(comparison: Comparison) -> Iterator[Hit]:
    """The address book shows everybody who did not say no, instead of those who said yes.

    Names, addresses and departments are personal data, and whoever signs in can search them. Some have reasons not
    to be found.
    """
    old, new = comparison.old, comparison.new
    before, after = old.settings.address_book, new.settings.address_book
    if after == "everybody" and _BOOK[before] < _BOOK[after]:
        shown = {row.address.lower() for row in old.book}
        more = sum(row.address.lower() not in shown for row in new.book)
        who = (
            f"{words.number(more, 'person', 'people')} more" if new.live is None else "whoever is in the directory"
        )
        yield Hit(f"the address book shows everybody who did not say no: {who}", value="everybody")


_OPEN: dict[Readers, int] = {"login": 0, "inside": 1, "everybody": 2}
_WHO: dict[Readers, str] = {
    "login": "those who sign in",
    "inside": "everybody on the campus",
    "everybody": "everybody in the world",
}


@risk(
    "web.widened",
    Severity.MEDIUM,
    "PRIV-1",
    "more people may read what the web host serves",
    "Look at the pages as a stranger: no name, telephone number or address of a person may be in them that is not "
    "to be known.",
)
def web(comparison: Comparison) -> Iterator[Hit]:
    """What was served after signing in, or on the campus, is served to more people.

    Pages may have names, numbers or ways in that were meant for few.
    """
    before = {row.url: row for row in comparison.old.web}
    for row in comparison.new.web:
        was = before.get(row.url)
        if was is not None and was.use == row.use and _OPEN[row.readers] > _OPEN[was.readers]:
            yield Hit(
                f"{row.url} is served to {_WHO[row.readers]}, not only to {_WHO[was.readers]}", value=row.host
            )


@risk(
    "document.lost",
    Severity.MEDIUM,
    "PRIV-1",
    "a document for users is published nowhere any more",
    "Name under published where it is to be read (url), or keep a host with the function web, which serves them "
    "all.",
)
def document(comparison: Comparison) -> Iterator[Hit]:
    """People no longer find the privacy statement, their instructions or another document.

    The law asks for the privacy statement, and the note for the instructions; links to either lead nowhere.
    """
    before = {row.document: row for row in comparison.old.publications}
    lost = [
        row.document
        for row in comparison.new.publications
        if not row.url and row.document in before and before[row.document].url
    ]
    if lost:
        grave = not {"privacy", "instructions"}.isdisjoint(lost)
        are = "document is" if len(lost) == 1 else "documents are"
        yield Hit(
            f"{words.number(len(lost), are, are)} published nowhere any more: {words.some(lost, 10)}",
            None if grave else Severity.LOW,
        )


@risk(
    "attestation.dropped",
    Severity.LOW,
    "AUDIT-6",
    "nobody vouches any more for what only people can do",
    "Ask whoever does the work now to look whether it is so, and to vouch for it under attestations with today's "
    "date.",
)
def attestation(comparison: Comparison) -> Iterator[Hit]:
    """A requirement that only somebody's word shows has nobody's word any more.

    The requirement is reported as not proven from then on. A new word in the place of an old one is no loss.
    """
    still = {row.requirement for row in comparison.new.promises}
    gone = list(dict.fromkeys(row.requirement for row in comparison.old.promises if row.requirement not in still))
    if gone:
        yield Hit(f"nobody vouches for {words.listed(gone)} any more")


@risk(
    "contact.few",
    Severity.MEDIUM,
    "AUDIT-5",
    "fewer than two people can be reached about mail",
    "Name a second person with a telephone number under organisation.contacts, in the same change, and tell Janet.",
)
def contacts(comparison: Comparison) -> Iterator[Hit]:
    """One technical contact is left, or none.

    When the service does harm somebody calls, and when nobody answers the network may be cut off. One person is
    sometimes away.
    """
    before, after = _contacts(comparison.old), _contacts(comparison.new)
    if after < 2 <= before or after < before == 1:
        yield Hit(
            "one technical contact is left" if after else "no technical contact is left",
            None if after else Severity.HIGH,
        )


def _contacts(plan: Plan) -> int:
    return len({row.name.lower() for row in plan.contacts if row.name != SERVICE_DESK})


@risk(
    "desk.lost",
    Severity.LOW,
    "SUPPORT-1",
    "users are told of no service desk any more",
    "Leave organisation.service_desk in the description, with the address and hours of whoever helps people now.",
)
def desk(comparison: Comparison) -> Iterator[Hit]:
    """Pages and documents name nobody to whom people can turn.

    Whoever cannot read or send then asks colleagues, or nobody, and faults are heard of late.
    """
    if comparison.old.settings.service_desk is not None and comparison.new.settings.service_desk is None:
        yield Hit("the description has no service desk any more, and neither have the pages for users")


@risk(
    "agreement.shorter",
    Severity.LOW,
    "AGREE-1",
    "something that was agreed on about the service is said no more",
    "Agree on it first with those for whom the service is run, and tell users before it counts.",
)
def agreement(comparison: Comparison) -> Iterator[Hit]:
    """The service agreement promises nothing any more under a heading, or there is none.

    What is promised binds two sides, and a description that leaves it out is the word of one. Whether other words
    promise more or less than those before is for people to judge.
    """
    before, after = comparison.old.settings.agreement, comparison.new.settings.agreement
    if before is None:
        return
    gone = [name for name in AGREED if getattr(before, name) and not (after and getattr(after, name))]
    if gone:
        yield Hit(
            f"the service agreement says nothing any more about {words.listed(gone)}",
            Severity.MEDIUM if after is None else None,
        )
