"""Documents for the site's people: where they are published, they are there to read and say what they have to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from urllib.parse import urlsplit

from mailwright.audit import browse, roads, web, wire
from mailwright.audit.model import Condition, Context, Observation, Probe, Where
from mailwright.findings import Target
from mailwright.plan.model import Plan, Publication
from mailwright.plan.retention import MAIL_LOG
from mailwright.records import dataclass
from mailwright.site.model import AGREED

YEAR = timedelta(days=366)
_LEAST = 200  # characters of a document that says something
_LEAST_PDF = 1000  # octets of one whose words are not read

Said = tuple[str, ...]
"""Words of which a document says one, whatever their case and their ending. They are narrow enough that an ordinary
page about something else has none of them by chance."""


def addresses(context: Context) -> Iterator[Observation]:
    """The page that the description gives for the document about addresses answers over HTTPS with a valid
    certificate, status 200 and some text (a login page will not do: it speaks of the mail domain), and somebody
    reviewed it within a year (INT-4). It is fetched from outside, or, where only people inside can read it, from
    there; from the site's own web host after signing in."""
    yield from _published(context, "addresses")


def clocks(context: Context) -> Iterator[Observation]:
    """The same of the document about the clocks of people's own computers, which speaks of clocks, time or NTP
    (MSG-3)."""
    yield from _published(context, "clocks")


def privacy(context: Context) -> Iterator[Observation]:
    """The same of the privacy statement, which tells how long the mail log is kept as it is configured, when mail
    and logs are disclosed or shown, and the acts that bind the organisation (PRIV-1); and how writers and
    recipients are told or informed of it (PRIV-2)."""
    yield from _published(context, "privacy")


def instructions(context: Context) -> Iterator[Observation]:
    """The same of the instructions to users, which speak of accounts, of passwords, and of computers that are
    shared and that are left (AUDIT-2)."""
    yield from _published(context, "instructions")


def support(context: Context) -> Iterator[Observation]:
    """The same of the support page, which has the service desk's address and speaks of each of the note's subjects:
    accounts, the state of the service, mail programs, failure reports, abuse, good practice, services elsewhere,
    connections from away, security and acceptable use (SUPPORT-1)."""
    yield from _published(context, "support")


def faq(context: Context) -> Iterator[Observation]:
    """The same of the common questions, in which failure reports are explained by what they say (SUPPORT-1)."""
    yield from _published(context, "faq")


def state(context: Context) -> Iterator[Observation]:
    """The same of the page about the state of the service, which speaks of work that is announced (SUPPORT-1)."""
    yield from _published(context, "status")


def operation(context: Context) -> Iterator[Observation]:
    """The same of the document for the help desk and the operators, which has the addresses of both (SUPPORT-2)."""
    yield from _published(context, "operation")


def agreement(context: Context) -> Iterator[Observation]:
    """The same of the service agreement, which has the note's eight headings, the size of a message that is
    configured, and all that the description says was agreed; and the description has left no heading empty
    (AGREE-1)."""
    yield from _published(context, "agreement")
    row = _row(context.plan, "agreement")
    if row is not None and row.url:
        said = context.plan.settings.agreement
        empty = [name for name in AGREED if said is None or not getattr(said, name)]
        seen = f"nothing of {', '.join(empty)}" if empty else "something under each of its headings"
        yield Observation("what the description says was agreed", seen, not empty)


def contacts(context: Context) -> Iterator[Observation]:
    """The same of the contact sheet, which has the address and telephone number of each contact (AUDIT-5)."""
    yield from _published(context, "contacts")


def _published(context: Context, document: str) -> Iterator[Observation]:
    row = _row(context.plan, document)
    if row is None or not row.url:
        yield Observation(f"where the document {document} is published", "the description does not say", None)
        return
    yield _there(context, row)
    what = f"when the document {document} was last reviewed"
    if row.reviewed is None:
        yield Observation(what, "the description does not say", None)
        return
    age = date.today() - row.reviewed
    yield Observation(what, row.reviewed.isoformat(), timedelta(0) <= age <= YEAR)


def _there(context: Context, row: Publication) -> Observation:
    """That the page is there, as seen from the first place from which it is; else what is seen from the last."""
    places: list[Where] = [where for where in ("outside", "inside") if where in context.vantages]
    target = Target(urlsplit(row.url).hostname or row.url)
    found = Observation(row.url, "nobody can look from anywhere", None)
    for where in places or [roads.somewhere(context)]:
        what = f"{row.url} from {where}"
        try:
            page = _fetched(context, where, row)
        except web.WrongPageError as error:
            found = Observation(what, wire.words(error), False, target=target)
        except OSError as error:
            found = Observation(what, wire.words(error), None, target=target)
        else:
            wrong = fault(page, SAYS[row.document](context.plan))
            found = Observation(what, f"{page}{wrong and '; '}{wrong}", not wrong, target=target)
        if found.ok:
            break
    return found


def _fetched(context: Context, where: Where, row: Publication) -> web.Page:
    """The page; from the site's own web host as people get it, who sign in outside."""
    parts = urlsplit(row.url)
    own = next((one for one in context.plan.web if (one.use, one.name) == ("pages", parts.hostname)), None)
    if own is None:
        return web.fetch(context, where, row.url)
    account = None if where == "inside" else roads.anybody(context).account
    return browse.Browser(context, where, browse.door(context, where, own), own.name, account).get(parts.path)


def fault(page: web.Page, says: tuple[Said, ...]) -> str:
    """Why this is not the document; nothing where it may well be."""
    if page.status != 200:
        return "status 200 is wanted"
    if page.type == "application/pdf":  # whose words are compressed
        readable = page.body.startswith(b"%PDF-") and len(page.body) >= _LEAST_PDF
        return "" if readable else "it is no PDF with anything in it"
    said = web.text(page)
    if len(said) < _LEAST:
        return f"{len(said)} characters of text: empty"
    folded = said.casefold()
    for words in says:
        if not any(_says(folded, word.casefold()) for word in words):
            return f"it says nothing of {' or '.join(words)}"
    return ""


def _says(said: str, word: str) -> bool:
    """Whether it is there, and not inside another word."""
    return re.search(rf"(?<!\w){re.escape(word)}", said) is not None


def _of_addresses(plan: Plan) -> tuple[Said, ...]:
    return (plan.settings.domains,)


def _of_clocks(_plan: Plan) -> tuple[Said, ...]:
    return (
        (
            "clock of your computer",
            "computer's clock",
            "computer clock",
            "NTP",
            "time server",
            "cloc eich cyfrifiadur",
            "gweinydd amser",
            "gweinyddion amser",
        ),
    )


def _of_privacy(plan: Plan) -> tuple[Said, ...]:
    kept = tuple(str(row.days) for row in plan.retention if row.log == MAIL_LOG)
    return (
        *((f"{days} days", f"{days} diwrnod") for days in dict.fromkeys(kept)),
        ("disclos", "shown to", "made available to", "datgel", "ddatgel", "dangosir e-bost"),
        ("Data Protection Act 2018", "Deddf Diogelu Data 2018"),
        ("UK GDPR", "GDPR y DU", "GDPR y Deyrnas Unedig"),
        ("Investigatory Powers Act 2016", "Deddf Pwerau Ymchwilio 2016"),
        (
            "writers and recipients",
            "senders and recipients",
            "recipients are",
            "be told",
            "be informed",
            "be notified",
            "inform you",
            "notify you",
            "anfonwyr a derbynwyr",
        ),
    )


def _of_instructions(_plan: Plan) -> tuple[Said, ...]:
    return (
        ("your account", "user account", "eich cyfrif"),
        ("password", "cyfrinair", "cyfrineiriau"),
        (
            "shared computer",
            "public computer",
            "others use",
            "other people use",
            "eraill yn eu defnyddio",
            "eraill yn ei ddefnyddio",
        ),
        (
            "unattended",
            "leave a computer",
            "leave your computer",
            "leaving a computer",
            "lock the screen",
            "lock your screen",
            "gadael cyfrifiadur",
            "clowch y sgrin",
        ),
    )


def _of_support(plan: Plan) -> tuple[Said, ...]:
    desk = plan.settings.service_desk
    return (
        *(((desk.email,),) if desk is not None else ()),
        ("changes to your account", "account change", "new account", "newidiadau i'ch cyfrif", "cyfrif newydd"),
        (
            "state of the service",
            "status of the service",
            "service status",
            "service working",
            "cyflwr y gwasanaeth",
            "gwasanaeth yn gweithio",
        ),
        ("mail program", "email program", "mail client", "email client", "rhaglen e-bost", "rhaglenni e-bost"),
        (
            "failure report",
            "delivery failure",
            "message came back",
            "bounced",
            "bounce message",
            "adroddiadau methiant",
            "neges yn ôl",
        ),
        ("reports of abuse", "report abuse", "abuse of", "abusive m", "phishing", "camddefnydd", "sarhaus"),
        ("good practice", "arfer da", "arferion da"),
        ("mailing list", "rhestr bostio", "rhestrau postio"),
        (
            "home and on the road",
            "mail from home",
            "connect from home",
            "connecting from",
            "off campus",
            "off-campus",
            "remote access",
            "when you travel",
            "gartref ac ar daith",
        ),
        ("acceptable use", "defnydd derbyniol"),
    )


def _of_faq(_plan: Plan) -> tuple[Said, ...]:
    return (
        ("5.1.1", "User unknown"),
        ("quota", "mailbox is full", "mailbox full", "full mailbox", "5.2.2", "4.2.2", "blwch post yn llawn"),
    )


def _of_status(_plan: Plan) -> tuple[Said, ...]:
    return (
        (
            "announced work",
            "work is announced",
            "planned work",
            "planned maintenance",
            "scheduled maintenance",
            "maintenance window",
            "work that will interrupt",
            "gwaith a gyhoeddwyd",
            "cyhoeddir gwaith",
        ),
    )


def _of_operation(plan: Plan) -> tuple[Said, ...]:
    desk = plan.settings.service_desk
    operators = (row.email for row in plan.contacts if desk is None or row.email != desk.email)
    return (
        *(((desk.email,),) if desk is not None else ()),
        (f"postmaster@{plan.settings.primary_domain}", *operators),
    )


def _of_agreement(plan: Plan) -> tuple[Said, ...]:
    said = plan.settings.agreement
    return (
        ("capacity", "capasiti", "cynhwysedd"),
        ("performance", "perfformiad"),
        ("availability", "argaeledd"),
        ("security", "diogelwch"),
        ("requests for change", "change request", "geisiadau am newid", "ceisiadau am newid"),
        ("fault report", "reports of fault", "reporting fault", "adroddiadau am namau"),
        ("escalation", "uwchgyfeirio"),
        ("penalty", "penalties", "cosbau"),
        *((" ".join(getattr(said, name).split()),) for name in AGREED if said is not None and getattr(said, name)),
    )


def _of_contacts(plan: Plan) -> tuple[Said, ...]:
    return tuple((part,) for row in plan.contacts for part in (row.email, row.telephone) if part)


SAYS: dict[str, Callable[[Plan], tuple[Said, ...]]] = {
    "addresses": _of_addresses,
    "clocks": _of_clocks,
    "privacy": _of_privacy,
    "instructions": _of_instructions,
    "support": _of_support,
    "faq": _of_faq,
    "status": _of_status,
    "operation": _of_operation,
    "agreement": _of_agreement,
    "contacts": _of_contacts,
}
"""Document → what it has to say at this site."""


def _row(plan: Plan, document: str) -> Publication | None:
    return next((row for row in plan.publications if row.document == document), None)


def _put_up(document: str, plan: Plan) -> bool:
    row = _row(plan, document)
    return row is not None and bool(row.url)


@dataclass(frozen=True, slots=True)
class _Looked:
    """A document, what it is evidence for, and who looks."""

    document: str
    requirements: tuple[str, ...]
    title: str
    run: Callable[[Context], Iterator[Observation]]


_LOOKED = (
    _Looked("addresses", ("INT-4",), "The document about addresses is published", addresses),
    _Looked("clocks", ("MSG-3",), "The document about clocks is published", clocks),
    _Looked("privacy", ("PRIV-1", "PRIV-2"), "The privacy statement is published and whole", privacy),
    _Looked("instructions", ("AUDIT-2",), "The instructions to users are published and whole", instructions),
    _Looked("support", ("SUPPORT-1",), "The support page is published and whole", support),
    _Looked("faq", ("SUPPORT-1",), "Common questions are published", faq),
    _Looked("status", ("SUPPORT-1",), "The state of the service is published", state),
    _Looked("operation", ("SUPPORT-2",), "Help desk and operators read how to reach each other", operation),
    _Looked("agreement", ("AGREE-1",), "The service agreement is published and whole", agreement),
    _Looked("contacts", ("AUDIT-5",), "The contact sheet is published and whole", contacts),
)

PROBES = tuple(
    Probe(
        f"publications.{one.document}",
        one.requirements,
        "outside",
        one.title,
        one.run,
        only=Condition("it is known where the document is published", partial(_put_up, one.document)),
    )
    for one in _LOOKED
)
