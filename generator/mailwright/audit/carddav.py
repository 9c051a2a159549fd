"""The address book for mail programs (CardDAV, RFC 6352): found and read after signing in, changed by nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

from mailwright.audit import browse, firewall, letters, roads, wire
from mailwright.audit.browse import Browser
from mailwright.audit.model import Condition, Context, Observation, Probe
from mailwright.audit.web import Page, WrongPageError
from mailwright.findings import Target
from mailwright.plan.model import WebService
from mailwright.plan.web import BOOK_PORT
from mailwright.site.addresses import key

WELL_KNOWN = "/.well-known/carddav"
_DAV, _CARD = "{DAV:}", "{urn:ietf:params:xml:ns:carddav}"
_PROPERTIES = (
    b'<propfind xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><prop><resourcetype/>'
    b"<current-user-principal/><c:addressbook-home-set/></prop></propfind>"
)
_ALL_CARDS = (
    b'<c:addressbook-query xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><prop><getetag/>'
    b"<c:address-data/></prop></c:addressbook-query>"
)
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_STEPS = 6  # from the first question to the book


def book(context: Context) -> Iterator[Observation]:
    """A mail program that knows the server's name and a login finds the address book from /.well-known/carddav on,
    as RFC 6764 has it, and in it everybody whom the plan has there with the full published address, and nobody
    else. Without a login nothing is told (INT-2)."""
    for service in _served(context):
        target = Target(service.host, 443)
        who = roads.anybody(context)
        stranger = _browser(context, service).ask("PROPFIND", service.path, _PROPERTIES, {"Depth": "0", **_XML})
        yield Observation(
            f"PROPFIND of {service.url} without signing in", str(stranger), stranger.status == 401, target=target
        )
        signed = _browser(context, service, signed_in=True)
        try:
            path = found(signed)
        except WrongPageError as error:
            yield Observation(f"the address book of {who.login}", wire.words(error), False, target=target)
            continue
        yield Observation(f"the address book of {who.login}", path or "not found", bool(path), bool(path), target)
        if not path:
            continue
        page = signed.ask("REPORT", path, _ALL_CARDS, {"Depth": "1", **_XML})
        there = set(addresses(page))
        wanted = {key(row.address) for row in context.plan.book}
        missing, more = sorted(wanted - there), sorted(there - wanted)
        seen = f"{page}: {len(there)} people"
        seen += f"; missing: {', '.join(missing[:5])}" if missing else ""
        seen += f"; not to be there: {', '.join(more[:5])}" if more else ""
        yield Observation(f"people in the address book at {path}", seen, there == wanted, target=target)


def read_only(context: Context) -> Iterator[Observation]:
    """Whoever has signed in writes no card into the address book, and takes none out; reading it is let (INT-2)."""
    for service in _served(context):
        target = Target(service.host, 443)
        signed = _browser(context, service, signed_in=True)
        path = found(signed)
        mark = letters.token()
        card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{mark}\r\nFN:{mark}\r\nN:{mark};;;;\r\nEND:VCARD\r\n".encode(
            "ascii"
        )
        place = urljoin(path or service.path, f"{mark}.vcf")
        written = signed.ask("PUT", place, card, {"Content-Type": "text/vcard; charset=utf-8"})
        if written.status < 300:
            signed.ask("DELETE", place)
        yield Observation(f"PUT of a card to {place}", str(written), written.status >= 400, target=target)
        read = signed.ask("REPORT", path or service.path, _ALL_CARDS, {"Depth": "1", **_XML})
        yield Observation(f"REPORT of {path or service.path}", str(read), read.status == 207, True, target)


def loopback(context: Context) -> Iterator[Observation]:
    """What keeps the address book is reached on its host by the web server's user, and by no other (INT-2)."""
    yield from firewall.own_ports(context, BOOK_PORT)


def found(browser: Browser) -> str:
    """The path of the address book, as a program finds it that begins at the well-known place; empty: it does not.

    Raises WrongPageError where it is led to another server.
    """
    path = WELL_KNOWN
    for _ in range(_STEPS):
        page = browser.ask("PROPFIND", path, _PROPERTIES, {"Depth": "0", **_XML})
        if page.status in (301, 302, 303, 307, 308):
            path = _onward(browser, path, page.header("Location"))
            continue
        if page.status != 207:
            return ""
        tree = _tree(page)
        if tree.find(f".//{_DAV}resourcetype/{_CARD}addressbook") is not None:
            return path
        home = tree.findtext(f".//{_CARD}addressbook-home-set/{_DAV}href")
        principal = tree.findtext(f".//{_DAV}current-user-principal/{_DAV}href")
        if home:
            return _book_in(browser, _onward(browser, path, home))
        if not principal or principal == path:
            return ""
        path = _onward(browser, path, principal)
    return ""


def _book_in(browser: Browser, home: str) -> str:
    page = browser.ask("PROPFIND", home, _PROPERTIES, {"Depth": "1", **_XML})
    if page.status != 207:
        return ""
    for one in _tree(page).iter(f"{_DAV}response"):
        if one.find(f".//{_CARD}addressbook") is not None:
            return _onward(browser, home, one.findtext(f"{_DAV}href") or home)
    return ""


def addresses(page: Page) -> Iterator[str]:
    """The EMAIL values of all cards of a page, in look-up form."""
    for data in _tree(page).iter(f"{_CARD}address-data"):
        card = re.sub(r"\r?\n[ \t]", "", data.text or "")  # RFC 6350, 3.2: folded lines
        for line in card.splitlines():
            name, _, value = line.partition(":")
            if name.partition(";")[0].upper() == "EMAIL":
                yield key(value.strip())


def _onward(browser: Browser, path: str, location: str) -> str:
    onward = urlsplit(urljoin(f"https://{browser.name}{path}", location))
    if (onward.scheme, onward.hostname) != ("https", browser.name):
        raise WrongPageError(f"it leads to {location[:100]}, which is another server")
    return onward.path


def _tree(page: Page) -> ElementTree.Element:
    if page.status != 207:
        raise WrongPageError(f"{page}, where an answer of WebDAV is due")
    if re.search(rb"<!(DOCTYPE|ENTITY)", page.body, re.IGNORECASE):
        raise WrongPageError("a document with declarations, which is read by nobody")
    try:
        return ElementTree.fromstring(page.body)  # noqa: S314 - no declarations, so no entities
    except ElementTree.ParseError as error:
        raise WrongPageError(f"no XML: {error}") from error


def _served(context: Context) -> tuple[WebService, ...]:
    return tuple(row for row in context.plan.web if row.use == "carddav")


def _browser(context: Context, service: WebService, *, signed_in: bool = False) -> Browser:
    here = roads.somewhere(context)
    account = roads.anybody(context).account if signed_in else None
    return Browser(context, here, browse.door(context, here, service), service.name, account)


_BOOK = Condition("a host serves the address book", lambda plan: any(row.use == "carddav" for row in plan.web))

PROBES = (
    Probe(
        "carddav.book",
        ("INT-2",),
        "outside",
        "Mail programs find the people who may be found, after signing in",
        book,
        negative=True,
        only=_BOOK,
    ),
    Probe(
        "carddav.read-only",
        ("INT-2",),
        "outside",
        "Nobody changes the address book",
        read_only,
        negative=True,
        only=_BOOK,
        harm="would leave a card in the address book for a moment, were it let",
    ),
    Probe(
        "carddav.loopback",
        ("INT-2",),
        "host",
        "What keeps the address book is reached by the web server alone",
        loopback,
        negative=True,
        only=_BOOK,
    ),
)
