"""Setting up a mail program, webmail, and the address book (SUPPORT-1, WEB-2, INT-2)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mailwright.formats import html
from mailwright.pages.facts import Server, because, desk, logins, servers, size, web
from mailwright.pages.model import Fact, Items, Say, Section, Table, To, say
from mailwright.plan.model import Plan, Service

_KINDS: tuple[tuple[Service, str], ...] = (
    ("imaps", "imap"),
    ("pop3s", "pop"),
    ("submissions", "submissions"),
    ("submission", "submission"),
)


_WHY = because("SUPPORT-1", "advice on mail programs, with the service's real names and ports")


def sections(plan: Plan) -> Iterator[Section]:
    by_itself = tuple(_by_itself(plan))
    if by_itself:
        yield Section("by-itself", _WHY, (Items(by_itself),))
    found = tuple([(kind, servers(plan, service)) for service, kind in _KINDS])
    several = len(plan.with_function("store")) > 1 or len(plan.with_function("submission")) > 1
    yield _by_hand(found, logins(plan), several)
    filters = servers(plan, "managesieve")
    if filters:
        yield _filters(filters)
    yield Section("trouble", _WHY, (say("trouble.faq", page=To("faq")), desk(plan)))


@lru_cache(maxsize=64)
def _by_hand(found: tuple[tuple[str, tuple[Server, ...]], ...], login: Say, several: bool) -> Section:
    """``several``: there are servers for the same, of which any does."""
    rows = tuple(
        (say(f"server.{kind}"), html.code(name), port, say(f"tls.{tls}"))
        for kind, those in found
        for name, port, tls in those
    )
    hints = (login, say("by-hand.address"), say("by-hand.authentication"))
    return Section(
        "by-hand",
        _WHY,
        (
            Table("servers", ("purpose", "server", "port", "security"), rows),
            Items((*hints, say("by-hand.any")) if several else hints),
        ),
        "mail-programs",
    )


@lru_cache(maxsize=64)
def _filters(found: tuple[Server, ...]) -> Section:
    names = html.code(", ".join(f"{name}:{port}" for name, port, _ in found))
    return Section(
        "filters", because("REMOTE-2", "people manage their filters"), (say("filters.sieve", servers=names),)
    )


def _by_itself(plan: Plan) -> Iterator[Say]:
    """What finds its settings by itself."""
    domains = {row.name.partition(".")[2] for row in plan.web if row.use == "autoconfig"}
    if domains:
        yield say("by-itself.thunderbird")
    if web(plan, "autodiscover"):
        yield say("by-itself.outlook")
    apple = web(plan, "mobileconfig")
    if apple:
        yield say("by-itself.apple", link=html.anchor(apple, apple))
    if any(row.type == "SRV" for row in plan.records):
        yield say("by-itself.srv")
    if web(plan, "webmail"):
        yield say("by-itself.webmail", page=To("webmail"))


def webmail(plan: Plan) -> Iterator[Section]:
    why = because("WEB-2", "how webmail is used here")
    address = web(plan, "webmail")
    facts: list[Say] = [say("webmail.where", link=html.anchor(address, address)), logins(plan), say("webmail.from")]
    if plan.settings.directory is None:
        facts.append(say("webmail.password"))
    if plan.settings.address_book != "nobody":
        facts.append(say("webmail.book", page=To("address-book")))
    if plan.settings.quota:
        facts.append(say("quota.default", size=size(plan.settings.quota)))
    yield Section("webmail", why, (Items((*facts, say("webmail.filters"))),), "webmail")


def address_book(plan: Plan) -> Iterator[Section]:
    why = because("INT-2", "people are found by name and completed to their whole address")
    yield Section("who", why, (say(f"book.{plan.settings.address_book}"), say("book.change")))
    ways: list[Say] = []
    if web(plan, "webmail"):
        ways.append(say("book.webmail", page=To("webmail")))
    cards = web(plan, "carddav")
    if cards:
        ways.append(say("book.carddav", link=html.code(cards)))
    directory = plan.settings.directory
    if directory is not None:
        ways.append(
            say("book.ldap", servers=html.code(", ".join(directory.servers)), base=html.code(directory.base))
        )
    how: tuple[Fact, ...] = (Items(tuple(ways)),) if ways else ()
    yield Section("look-up", why, how, "address-book")
