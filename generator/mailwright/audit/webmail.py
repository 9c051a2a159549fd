"""Webmail (Roundcube): over TLS alone, for whoever signs in, who reads and writes there as with a mail program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parseaddr
from urllib.parse import urlencode

from mailwright.audit import border, browse, letters, mailboxes, posting, roads
from mailwright.audit.border import Came
from mailwright.audit.browse import Browser
from mailwright.audit.model import Account, Condition, Context, Observation, Phase, Probe, Received
from mailwright.audit.roads import Door, Person
from mailwright.audit.web import Page
from mailwright.findings import Target
from mailwright.plan.model import Plan, WebService
from mailwright.records import dataclass
from mailwright.site.addresses import key

# What makes a policy of no use, and what it has to say (Content Security Policy, level 3).
_NO_SOURCES = ("*", "http:", "https:", "data:", "'unsafe-eval'")
_SAID = {"object-src": "'none'", "frame-ancestors": "'self'"}
_SHOWN = ("published", "alias", "role")
"""Addresses that others may see; the forms that are used inside are none."""
_YEAR = 31536000 // 2  # seconds for which a browser is to remember that there is TLS: half a year at least


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in to webmail. ``token``: what Roundcube wants to see with each request."""

    browser: Browser
    service: WebService
    token: str

    def task(self, action: str, **fields: str) -> Page:
        """The answer to what a page's script asks for."""
        query = {"_task": "mail", "_action": action, "_remote": "1", **fields}
        headers = {"X-Requested-With": "XMLHttpRequest", "X-Roundcube-Request": self.token}
        return self.browser.get(f"{self.service.path}?{urlencode(query)}", headers)


def secure(context: Context) -> Iterator[Observation]:
    """From outside, webmail's first page is there over TLS at each address of its host, with HSTS for half a year
    at least, cookies that no script reads and that go over TLS alone, and a Content-Security-Policy that names no
    foreign origin, no plug-ins and no foreign frames. Port 80 is closed (WEB-1)."""
    for service in _served(context):
        for door in browse.doors(context, "outside", service):
            page = Browser(context, "outside", door, service.name).get(service.path)
            yield Observation(f"{service.url} on {door}", str(page), page.status == 200, True, door.target)
            yield _remembered(page, door)
            yield from _cookies(page, door)
            yield _policy(page, door)
            came, seen = border.attempt(roads.vantage(context, "outside"), door.address, 80)
            yield Observation(
                f"connect to {door.address} port 80",
                seen,
                came is not Came.CONNECTED,
                target=Target(service.host, 80),
            )


def _remembered(page: Page, door: Door) -> Observation:
    said = page.header("Strict-Transport-Security")
    age = re.search(r"max-age=(\d+)", said)
    return Observation(
        f"Strict-Transport-Security: on {door}",
        said or "none",
        age is not None and int(age[1]) >= _YEAR,
        target=door.target,
    )


def _cookies(page: Page, door: Door) -> Iterator[Observation]:
    for name, _, attributes in browse.cookies(page):
        good = {"secure", "httponly"} <= attributes.keys() and attributes.get("samesite") in ("lax", "strict")
        yield Observation(
            f"the cookie {name} on {door}",
            "; ".join(sorted(attributes)) or "no attributes",
            good,
            target=door.target,
        )


def _policy(page: Page, door: Door) -> Observation:
    directives = browse.policy(page)
    foreign = [
        f"{name} {value}"
        for name, value in directives.items()
        for source in value.split()
        if ("." in source or source in _NO_SOURCES)
        and not (source == "data:" and name in ("img-src", "font-src"))
        and not (name == "script-src" and source == "'unsafe-eval'")
    ]
    unsaid = [
        f"{name} {value}" for name, value in _SAID.items() if directives.get(name, "") not in (value, "'none'")
    ]
    seen = "; ".join(f"{name} {value}" for name, value in directives.items()) or "none"
    good = bool(directives) and "default-src" in directives and not foreign and not unsaid
    return Observation(f"Content-Security-Policy: on {door}", seen[:300], good, target=door.target)


def sign_in(context: Context) -> Iterator[Observation]:
    """Somebody whose mailbox is here signs in from outside, at each address of the host and for each store, and
    sees in the in-box a message that has just come (WEB-1)."""
    for service in _served(context):
        for door in browse.doors(context, "outside", service):
            for who in roads.one_on_each_store(context):
                yield from _sees_mail(context, service, door, who)


def _sees_mail(context: Context, service: WebService, door: Door, who: Person) -> Iterator[Observation]:
    mark = letters.token()
    posting.hand_in(
        context,
        who,
        who.published,
        (who.published,),
        letters.letter(mark, f"<{who.published}>", f"<{who.published}>"),
    )
    there = mailboxes.holding(context, who.login, (mark,))[mark]
    session, page = signed_in(context, "outside", service, door, who.account)
    yield Observation(f"{who.login} signs in on {door}", str(page), session is not None, target=door.target)
    if session is None:
        return
    listed = session.task("list", _mbox="INBOX", _refresh="1")
    seen = mark in listed.body.decode("utf-8", "replace")
    yield Observation(
        f"the in-box of {who.login} on {door}",
        f"{listed}; the message that has just come is {'' if seen else 'not '}in it",
        seen if there else None,
        target=door.target,
    )


def wrong_password(context: Context) -> Iterator[Observation]:
    """Webmail lets nobody in with a wrong password or with a login that nobody has, and lets in with the right one
    (WEB-1)."""
    for service in _served(context):
        door = browse.doors(context, "outside", service)[0]
        who = roads.anybody(context)
        wrong = (Account(who.login, who.account.password + "x"), Account(letters.token(), who.account.password))
        for account in wrong:
            session, page = signed_in(context, "outside", service, door, account)
            yield Observation(
                f"a wrong login ({account.login}) on {door}", str(page), session is None, target=door.target
            )
        session, page = signed_in(context, "outside", service, door, who.account)
        yield Observation(
            f"the right login ({who.login}) on {door}", str(page), session is not None, True, door.target
        )


def sends(context: Context) -> Iterator[Observation]:
    """A message that somebody writes in webmail arrives outside, from the published address in envelope and From:,
    with one Date: and one Message-ID:; the addresses to choose from are those of the plan, the published one first,
    and no others (WEB-1, WEB-2)."""
    for service in _served(context):
        door = browse.doors(context, "outside", service)[0]
        who = roads.anybody(context)
        session, page = signed_in(context, "outside", service, door, who.account)
        if session is None:
            yield Observation(f"{who.login} signs in on {door}", str(page), None, target=door.target)
            continue
        mark = letters.token()
        offered, said = _written(context, session, mark)
        mine = (row for row in context.plan.senders if row.login == who.login)
        allowed = {row.address for row in mine if row.kind in _SHOWN}
        yield Observation(
            f"addresses that webmail lets {who.login} write from",
            ", ".join(offered) or "none",
            bool(offered) and {key(one) for one in offered} <= allowed and key(offered[0]) == who.published,
            target=door.target,
        )
        received = roads.correspondent(context).wait_for(mark)
        yield _arrived(f"a message that {who.login} wrote in webmail", received, who, said, door)


def _written(context: Context, session: Session, mark: str) -> tuple[tuple[str, ...], Page]:
    """Write a message with that mark to the correspondent. The addresses that could be chosen, the one that was
    first, and the answer."""
    page = session.browser.get(f"{session.service.path}?_task=mail&_action=compose")
    fields = browse.fields(page)
    identities = browse.options(page, "_from")
    whole = fields | {
        "_to": posting.outsider(context),
        "_subject": letters.subject(mark),
        "_message": "Written in webmail, to see whether it works.",
        "_draft": "",
        "_is_html": "0",
        "_framed": "1",
        "_task": "mail",
        "_action": "send",
        "_token": fields.get("_token") or session.token,
    }
    sent = session.browser.post(f"{session.service.path}?_task=mail&_action=send&_lang=en", whole)
    first = [text for value, text in identities if value == whole.get("_from")]
    others = [text for value, text in identities if value != whole.get("_from")]
    return tuple(parseaddr(text)[1] for text in (*first, *others)), sent


def _arrived(what: str, received: Received | None, who: Person, said: Page, door: Door) -> Observation:
    if received is None:
        return Observation(what, f"{said}; did not arrive", False, target=door.target)
    author, date, identity = (letters.header(received.content, name) for name in ("From", "Date", "Message-ID"))
    seen = f"MAIL FROM:<{received.sender}>, From: {author}, Date: {date}, Message-ID: {identity}"
    good = (
        key(received.sender) == who.published
        and [key(parseaddr(one)[1]) for one in author] == [who.published]
        and (len(date), len(identity)) == (1, 1)
    )
    return Observation(what, seen[:400], good, target=door.target)


def book(context: Context) -> Iterator[Observation]:
    """What somebody types of a name in webmail is completed to the full published address of whoever has it and may
    be found; whoever may not is not offered (INT-2)."""
    for service in _served(context):
        door = browse.doors(context, "outside", service)[0]
        who = roads.anybody(context)
        session, page = signed_in(context, "outside", service, door, who.account)
        if session is None:
            yield Observation(f"{who.login} signs in on {door}", str(page), None, target=door.target)
            continue
        yield Observation(f"{who.login} signs in on {door}", str(page), True, True, door.target)
        found = context.plan.book[0]
        offered = _completed(session, found.name.split()[-1])
        yield Observation(
            f"what webmail makes of {found.name.split()[-1]!r}",
            ", ".join(offered)[:300] or "nothing",
            any(key(found.address) in key(one) for one in offered),
            target=door.target,
        )
        there = {key(row.address) for row in context.plan.book}
        for mailbox in context.plan.mailboxes:
            address = next(
                (
                    one.address
                    for one in context.plan.routes
                    if one.kind == "mailbox" and mailbox.login in one.targets
                ),
                "",
            )
            if address and address not in there:
                hidden = _completed(session, mailbox.name.split()[-1])
                yield Observation(
                    f"what webmail makes of {mailbox.name.split()[-1]!r}",
                    ", ".join(hidden)[:300] or "nothing",
                    not any(address in key(one) for one in hidden),
                    target=door.target,
                )
                break


def _completed(session: Session, text: str) -> tuple[str, ...]:
    page = session.task("autocomplete", _search=text, _reqid="1", _source="", _threads="1")
    said = page.body.decode("utf-8", "replace").replace("\\/", "/").replace('\\"', '"')
    return tuple(re.findall(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9.-]+", said))


def signed_in(
    context: Context, where: str, service: WebService, door: Door, account: Account
) -> tuple[Session | None, Page]:
    """A session, if the login is taken, and the page that came after it."""
    browser = Browser(context, "outside" if where == "outside" else "inside", door, service.name)
    first = browser.get(f"{service.path}?_task=login")
    form = browse.fields(first)
    fields = {
        "_token": form.get("_token") or browse.said_by_script(first, "request_token"),
        "_task": "login",
        "_action": "login",
        "_timezone": "Europe/London",
        "_url": "",
        "_user": account.login,
        "_pass": account.password,
    }
    page = browser.post(f"{service.path}?_task=login", fields)
    inside = page.status == 200 and browse.said_by_script(page, "task") == "mail"
    token = browse.said_by_script(page, "request_token")
    return (Session(browser, service, token) if inside else None), page


def _served(context: Context) -> tuple[WebService, ...]:
    return tuple(row for row in context.plan.web if row.use == "webmail")


def _has_webmail(plan: Plan) -> bool:
    return any(row.use == "webmail" for row in plan.web)


WEBMAIL = Condition("there is webmail", _has_webmail)

PROBES = (
    Probe(
        "webmail.secure",
        ("WEB-1",),
        "outside",
        "Webmail is there over TLS alone",
        secure,
        negative=True,
        only=WEBMAIL,
    ),
    Probe("webmail.sign-in", ("WEB-1",), "outside", "People see their in-box in webmail", sign_in, only=WEBMAIL),
    Probe(
        "webmail.sends",
        ("WEB-1", "WEB-2"),
        "outside",
        "What is written in webmail leaves from the published address",
        sends,
        only=WEBMAIL,
    ),
    Probe(
        "webmail.book",
        ("INT-2",),
        "outside",
        "Webmail completes a name to the published address",
        book,
        negative=True,
        only=Condition("webmail has an address book", lambda plan: _has_webmail(plan) and bool(plan.book)),
    ),
    Probe(
        "webmail.wrong-password",
        ("WEB-1",),
        "outside",
        "Webmail refuses a wrong password",
        wrong_password,
        negative=True,
        phase=Phase.LATE,
        only=WEBMAIL,
        harm="gives wrong passwords, which are counted: the login may be locked and the auditor shut out",
    ),
)
