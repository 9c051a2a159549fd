"""Documents that people are to have: that each is published, and looked at once a year.

A description that says of no document where it is, and has no web host that serves them, is not judged here: the
verdicts of the requirements say then that nothing is proven.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.rules.statements import YEAR
from mailwright.requirements.subject import Subject
from mailwright.site.documents import DOCUMENTS, Document, published, served
from mailwright.site.model import AGREED

_PRIVACY = tuple(one for one in DOCUMENTS if one.name == "privacy")
_INSTRUCTIONS = tuple(one for one in DOCUMENTS if one.name == "instructions")
_OTHERS = tuple(one for one in DOCUMENTS if one not in (*_PRIVACY, *_INSTRUCTIONS))
_FOR_EVERYBODY = tuple(one for one in _OTHERS if not one.by_hand)


def _missing(subject: Subject, documents: tuple[Document, ...]) -> Iterator[Fault]:
    """A fault that names those of them that are nowhere."""
    if served(subject.site) or not subject.site.published:
        return
    known = published(subject.site)
    missing = [one for one in documents if one.name not in known or not known[one.name].url]
    if missing:
        yield Fault(
            subject.site.published[0].where,
            f"the description does not say where people find {_listed(missing)}",
            "put up what a build makes in documents/ and name the addresses under published, or have a web host",
        )


def _unread(subject: Subject, documents: tuple[Document, ...]) -> Iterator[Fault]:
    """A fault for each of them that nobody has looked at within a year; one for all of which nothing is said."""
    known = published(subject.site)
    for one in documents:
        said = known.get(one.name)
        if said is None or not (said.url or served(subject.site)):
            continue
        fix = f"read it, and give the day as reviewed of {one.name} under published"
        if said.reviewed is None:
            yield Fault(said.where, f"nobody is said to have read {one} and found it right", fix)
        elif said.reviewed > subject.today:
            yield Fault(said.where, f"{one} was last read on {said.reviewed}, which is yet to come", fix)
        elif subject.today - said.reviewed > YEAR:
            yield Fault(said.where, f"{one} was last read on {said.reviewed}, more than a year ago", fix)
    unsaid = [one for one in documents if one.name not in known and not one.by_hand]
    if unsaid and served(subject.site):
        yield Fault(
            subject.hosts("web")[0].where,
            f"nobody is said to have read {_listed(unsaid)}",
            "read what is served, and say when: under published, " + unsaid[0].name + ": {reviewed: 2026-03-02}",
        )


def _listed(documents: list[Document]) -> str:
    return str(documents[0]) if len(documents) == 1 else "the documents " + ", ".join(one.name for one in documents)


@rule("PRIV-1", "published", Level.SHOULD, "the privacy statement is published where documents are")
def privacy_published(subject: Subject) -> Iterator[Fault]:
    """Documents are published, and the privacy statement is not among them.

    All users are to be able to read when somebody besides writer and recipients is shown mail or logs. A build
    makes the statement, with the retention that is configured; it is of use where people find it. A site with a web
    host publishes all documents there.

    Breaks it:

        published:
          addresses: {url: "https://www.college.ac.uk/mail/addresses", reviewed: 2026-03-02}

    Mended:

        published:
          addresses: {url: "https://www.college.ac.uk/mail/addresses", reviewed: 2026-03-02}
          privacy: {url: "https://www.college.ac.uk/mail/privacy", reviewed: 2026-03-02}
    """
    yield from _missing(subject, _PRIVACY)


@rule("PRIV-1", "reviewed", Level.SHOULD, "the privacy statement was read within a year")
def privacy_reviewed(subject: Subject) -> Iterator[Fault]:
    """Nobody is said to have read the privacy statement within a year and to have found it right.

    What is written there binds people, and what they do changes. A build keeps the retention in it right; who may
    ask for mail and logs, who decides, and how people hear of it is for the site to look at.

    Breaks it:

        published:
          privacy: {url: "https://www.college.ac.uk/mail/privacy", reviewed: 2019-03-02}

    Mended:

        published:
          privacy: {url: "https://www.college.ac.uk/mail/privacy", reviewed: 2026-03-02}
    """
    yield from _unread(subject, _PRIVACY)


@rule("AUDIT-2", "published", Level.SHOULD, "the instructions to users are published where documents are")
def instructions_published(subject: Subject) -> Iterator[Fault]:
    """Documents are published, and the instructions about accounts, passwords and computers are not among them.

    A login stands for a person only while people keep it to themselves, and those do who were told how. A site with
    a web host publishes all documents there.

    Breaks it:

        published:
          privacy: {url: "https://www.college.ac.uk/mail/privacy", reviewed: 2026-03-02}

    Mended:

        published:
          privacy: {url: "https://www.college.ac.uk/mail/privacy", reviewed: 2026-03-02}
          instructions: {url: "https://www.college.ac.uk/mail/instructions", reviewed: 2026-03-02}
    """
    yield from _missing(subject, _INSTRUCTIONS)


@rule("AUDIT-2", "reviewed", Level.SHOULD, "the instructions to users were read within a year")
def instructions_reviewed(subject: Subject) -> Iterator[Fault]:
    """Nobody is said to have read the instructions to users within a year and to have found them right.

    Breaks it:

        published:
          instructions: {url: "https://www.college.ac.uk/mail/instructions"}

    Mended:

        published:
          instructions: {url: "https://www.college.ac.uk/mail/instructions", reviewed: 2026-03-02}
    """
    yield from _unread(subject, _INSTRUCTIONS)


@rule("SUPPORT-1", "published", Level.ADVICE, "all documents are published where some are")
def others_published(subject: Subject) -> Iterator[Fault]:
    """Some of the documents that a build makes for people are published, and others are not.

    Help that is not found helps nobody. A site with a web host publishes these documents there. The contact sheet
    and the document for help desk and operators, which have names and telephone numbers, are given to those who
    need them.

    Breaks it:

        published:
          support: {url: "https://www.college.ac.uk/mail/support", reviewed: 2026-03-02}

    Mended:

        published:
          addresses: {url: "https://www.college.ac.uk/mail/addresses", reviewed: 2026-03-02}
          clocks: {url: "https://www.college.ac.uk/mail/clocks", reviewed: 2026-03-02}
          support: {url: "https://www.college.ac.uk/mail/support", reviewed: 2026-03-02}
          faq: {url: "https://www.college.ac.uk/mail/faq", reviewed: 2026-03-02}
          status: {url: "https://www.college.ac.uk/mail/status", reviewed: 2026-03-02}
          agreement: {url: "https://www.college.ac.uk/mail/agreement", reviewed: 2026-03-02}
    """
    yield from _missing(subject, _FOR_EVERYBODY)


@rule("SUPPORT-1", "reviewed", Level.ADVICE, "each published document was read within a year")
def others_reviewed(subject: Subject) -> Iterator[Fault]:
    """Nobody is said to have read a published document within a year and to have found it right.

    ``reviewed`` is the day on which somebody read the document where it is published. On a site with a web host
    that is all there is to say of it.

    Breaks it:

        published:
          support: {url: "https://www.college.ac.uk/mail/support", reviewed: 2019-03-02}

    Mended:

        published:
          support: {url: "https://www.college.ac.uk/mail/support", reviewed: 2026-03-02}
    """
    yield from _unread(subject, _OTHERS)


@rule("SUPPORT-1", "no-such-document", Level.ADVICE, "what is said to be published is what a build makes")
def no_such_document(subject: Subject) -> Iterator[Fault]:
    """``published`` names a document that no build makes, so nothing looks at it.

    ``documents/`` of a build has them; the name is that of the file without what follows the dot.

    Breaks it:

        published:
          helpdesk: {url: "https://www.college.ac.uk/helpdesk", reviewed: 2026-03-02}

    Mended:

        published:
          support: {url: "https://www.college.ac.uk/helpdesk", reviewed: 2026-03-02}
    """
    made = {one.name for one in DOCUMENTS}
    for one in subject.site.published:
        if one.document not in made:
            yield Fault(
                one.where,
                f"{one.document} is no document that a build makes",
                f"name one of {', '.join(sorted(made))}",
            )


@rule("SUPPORT-1", "service-desk", Level.ADVICE, "people are told whom to turn to")
def service_desk(subject: Subject) -> Iterator[Fault]:
    """The site publishes pages for its users, and they cannot say whom to turn to.

    The service desk stands on the support pages and in the service agreement; those who run the service are told
    there how to reach it (SUPPORT-2).

    Breaks it:

        pages: {}

    Mended:

        pages: {}
        organisation:
          service_desk: {email: postmaster@college.ac.uk, telephone: +44 1632 960001}
    """
    if subject.site.pages is not None and subject.site.organisation.service_desk is None:
        yield Fault(
            subject.site.pages.where,
            "the pages have no service desk to name: organisation says of none",
            "add service_desk to organisation",
        )


@rule("AGREE-1", "unsaid", Level.ADVICE, "the service agreement says what was agreed under every heading")
def unsaid(subject: Subject) -> Iterator[Fault]:
    """The site publishes a service agreement, and headings of it are empty.

    Capacity and security are what is configured. What was agreed on availability, performance, changes, faults,
    escalation and penalties is for people to say; *none* is an answer too.

    Breaks it:

        pages: {}
        organisation:
          service_desk: {email: postmaster@college.ac.uk, telephone: +44 1632 960001}
        agreement: {availability: 99.5 % of each month}

    Mended:

        pages: {}
        organisation:
          service_desk: {email: postmaster@college.ac.uk, telephone: +44 1632 960001}
        agreement:
          availability: 99.5 % of each month
          performance: Nine of ten messages are delivered within a minute
          changes: Within two working days
          faults: Within four working hours
          escalation: The Head of Computing Service
          penalties: None
    """
    pages, agreement = subject.site.pages, subject.site.agreement
    if pages is None:
        return
    empty = [name for name in AGREED if agreement is None or not getattr(agreement, name)]
    if empty:
        yield Fault(
            pages.where if agreement is None else agreement.where,
            f"the service agreement says nothing of {', '.join(empty)}",
            "say under agreement what was agreed",
        )


RULES = (
    privacy_published,
    privacy_reviewed,
    instructions_published,
    instructions_reviewed,
    others_published,
    others_reviewed,
    no_such_document,
    service_desk,
    unsaid,
)
