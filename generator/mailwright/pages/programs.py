"""Setting up a mail program, webmail, and the address book (SUPPORT-1, WEB-2, INT-2)."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.formats import html
from mailwright.pages.facts import because, desk, logins, servers, size, web
from mailwright.pages.model import Cell, Fact, Items, Say, Section, Table, To, say
from mailwright.plan.model import Plan, Service

_KINDS: tuple[tuple[Service, str], ...] = (
    ("imaps", "imap"),
    ("pop3s", "pop"),
    ("submissions", "submissions"),
    ("submission", "submission"),
)


def sections(plan: Plan) -> Iterator[Section]:
    why = because("SUPPORT-1", "advice on mail programs, with the service's real names and ports")
    by_itself = tuple(_by_itself(plan))
    if by_itself:
        yield Section("by-itself", why, (Items(by_itself),))
    yield Section(
        "by-hand",
        why,
        (
            Table("servers", ("purpose", "server", "port", "security"), tuple(_servers(plan))),
            Items((logins(plan), say("by-hand.address"), say("by-hand.authentication"), *_which(plan))),
        ),
        "mail-programs",
    )
    filters = servers(plan, "managesieve")
    if filters:
        names = html.code(", ".join(f"{name}:{port}" for name, port, _ in filters))
        yield Section(
            "filters", because("REMOTE-2", "people manage their filters"), (say("filters.sieve", servers=names),)
        )
    yield Section("trouble", why, (say("trouble.faq", page=To("faq")), desk(plan)))


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


def _servers(plan: Plan) -> Iterator[tuple[Cell, ...]]:
    for service, kind in _KINDS:
        for name, port, tls in servers(plan, service):
            yield say(f"server.{kind}"), html.code(name), port, say(f"tls.{tls}")


def _which(plan: Plan) -> Iterator[Say]:
    """Where there are several servers for the same, any of them does."""
    if len(plan.with_function("store")) > 1 or len(plan.with_function("submission")) > 1:
        yield say("by-hand.any")


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
