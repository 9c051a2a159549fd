"""Documents for the site's people: where the site says that it has put them up, they are there to read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import urlsplit

from mailwright.audit import roads, web, wire
from mailwright.audit.model import Condition, Context, Observation, Probe, Where
from mailwright.findings import Target
from mailwright.plan.model import Plan, Publication

YEAR = timedelta(days=366)
_LEAST = 200  # characters of a document that says something
_LEAST_PDF = 1000  # octets of one whose words are not read


def addresses(context: Context) -> Iterator[Observation]:
    """The page that the description gives for the document about addresses answers over HTTPS with a valid
    certificate, status 200 and some text (a login page will not do: it speaks of the mail domain), and somebody
    reviewed it within a year (INT-4). It is fetched from outside, or, where only people inside can read it, from
    there."""
    yield from _published(context, "addresses")


def clocks(context: Context) -> Iterator[Observation]:
    """The same of the document about the clocks of people's own computers, which speaks of clocks, time or NTP
    (MSG-3)."""
    yield from _published(context, "clocks")


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
            page = web.fetch(context, where, row.url)
        except web.WrongPageError as error:
            found = Observation(what, wire.words(error), False, target=target)
        except OSError as error:
            found = Observation(what, wire.words(error), None, target=target)
        else:
            fault = _fault(page, _words(context.plan, row.document))
            found = Observation(what, f"{page}{fault and '; '}{fault}", not fault, target=target)
        if found.ok:
            break
    return found


def _fault(page: web.Page, words: tuple[str, ...]) -> str:
    """Why this is not the document; nothing where it may well be."""
    if page.status != 200:
        return "status 200 is wanted"
    if page.type == "application/pdf":  # whose words are compressed
        readable = page.body.startswith(b"%PDF-") and len(page.body) >= _LEAST_PDF
        return "" if readable else "it is no PDF with anything in it"
    said = web.text(page)
    if len(said) < _LEAST:
        return f"{len(said)} characters of text: empty"
    if not any(word in said.lower() for word in words):
        return f"it says nothing of {' or '.join(words)}"
    return ""


def _words(plan: Plan, document: str) -> tuple[str, ...]:
    """What the document speaks of, one of them at least."""
    return {
        "addresses": plan.settings.domains,
        "clocks": ("clock", "ntp", "time zone", "time server"),
    }[document]


def _row(plan: Plan, document: str) -> Publication | None:
    return next((row for row in plan.publications if row.document == document), None)


def _put_up(document: str) -> Condition:
    def holds(plan: Plan) -> bool:
        row = _row(plan, document)
        return row is not None and bool(row.url)

    return Condition("the description says where the document is published", holds)


PROBES = (
    Probe(
        "publications.addresses",
        ("INT-4",),
        "outside",
        "The document about addresses is published",
        addresses,
        only=_put_up("addresses"),
    ),
    Probe(
        "publications.clocks",
        ("MSG-3",),
        "outside",
        "The document about clocks is published",
        clocks,
        only=_put_up("clocks"),
    ),
)
