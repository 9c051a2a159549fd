"""Webmail as it is to be, and relatives of it that are bad in one way each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from mailwright.audit import border, letters, mailboxes, posting, webmail
from mailwright.audit.border import Came
from mailwright.audit.model import Context, Received
from mailwright.audit.web import Page
from mailwright.findings import Status
from mailwright.site.addresses import key
from support.mail_peer import FOREIGN
from support.probing import failures, verdict
from support.web_site import PASSWORD, Answer, Asked, web_site, whole_plan

PROBES = {probe.id: probe for probe in webmail.PROBES}
TOKEN = "t0ken"
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; frame-ancestors 'self'"
)
LOGIN = "km217"
ADDRESSES = tuple(row.address for row in whole_plan().senders if row.login == LOGIN and row.kind != "internal")
INTERNAL = next(row.address for row in whole_plan().senders if row.login == LOGIN and row.kind == "internal")
PUBLISHED = "k.marx@chem.college.ac.uk"


@dataclass
class Roundcube:
    """A small webmail. What it does wrong is what differs from the defaults."""

    policy: str = POLICY
    transport: str = "max-age=31536000"
    cookie: str = "; path=/webmail/; HttpOnly; Secure; SameSite=Lax"
    any_password: bool = False
    nobody: bool = False
    empty: bool = False
    addresses: tuple[str, ...] = (PUBLISHED, *(one for one in ADDRESSES if one != PUBLISHED))
    author: str = PUBLISHED
    loses: bool = False
    hides: bool = False
    shows_all: bool = False
    seen: list[str] = field(default_factory=list)  # marks in the in-box
    sent: list[Received] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Answer:
        query = {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}
        fields = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if asked.method == "POST" and query.get("_task") == "login":
            return self.login(fields)
        if "session=in" not in asked.headers.get("cookie", ""):
            return self.page('<input name="_token" value="t0ken"><script>{"task":"login"}</script>', "session=none")
        action = query.get("_action", "")
        if action in ("list", "autocomplete") and asked.headers.get("x-roundcube-request") != TOKEN:
            return Answer(403)
        if action == "list":
            return Answer(200, json.dumps({"exec": "" if self.empty else " ".join(self.seen)}).encode())
        if action == "autocomplete":
            return Answer(200, json.dumps({"exec": self.people(query["_search"])}).encode())
        if action == "compose":
            chosen = "".join(
                f'<option value="{n}">Karl &lt;{one}&gt;</option>' for n, one in enumerate(self.addresses)
            )
            return self.page(f'<form><input name="_id" value="7"><select name="_from">{chosen}</select></form>')
        if action == "send":
            return self.send(fields)
        return self.page(f'<script>set_env({{"task":"mail","request_token":"{TOKEN}"}})</script>')

    def login(self, fields: dict[str, str]) -> Answer:
        known = fields["_user"] in {row.login for row in whole_plan().mailboxes} and fields["_pass"] == PASSWORD
        if fields.get("_token") != TOKEN or self.nobody or not (known or self.any_password):
            return replace(self.page("no"), status=401)
        return replace(
            self.page("", "session=in"), status=302, headers=(*self.headers("session=in"), self.to_mail())
        )

    def to_mail(self) -> tuple[str, str]:
        return ("Location", f"./?_task=mail&_token={TOKEN}")

    def send(self, fields: dict[str, str]) -> Answer:
        mark = fields["_subject"].split()[0]
        content = letters.letter(mark, f"<{self.author}>", f"<{fields['_to']}>")
        if not self.loses and fields["_token"] == TOKEN:
            self.sent.append(Received(self.author, (fields["_to"],), content, "198.51.100.25", "mail"))
        return self.page("sent_successfully")

    def people(self, text: str) -> str:
        if self.hides:
            return ""
        shown = {key(row.address) for row in whole_plan().book}
        found = []
        for row in whole_plan().mailboxes:
            address = next(one.address for one in whole_plan().routes if one.targets == (row.login,))
            if text.lower() in row.name.lower() and (self.shows_all or address in shown):
                found.append(f"{row.name} <{address}>")
        return json.dumps(found)

    def headers(self, cookie: str = "") -> tuple[tuple[str, str], ...]:
        said = [("Content-Security-Policy", self.policy), ("Strict-Transport-Security", self.transport)]
        said += [("Set-Cookie", cookie + self.cookie)] if cookie else []
        return tuple(said)

    def page(self, body: str, cookie: str = "") -> Answer:
        return Answer(200, f"<html>{body}</html>".encode(), headers=self.headers(cookie))

    # the correspondent's part
    domain = FOREIGN
    address = f"probe@{FOREIGN}"

    def wait_for(self, token: str, timeout: float = 0) -> Received | None:
        del timeout
        return next((one for one in self.sent if token.encode() in one.content), None)


@contextmanager
def at(
    server: Roundcube, monkeypatch: pytest.MonkeyPatch, came: Callable[[int], Came] = lambda _port: Came.NOTHING
) -> Iterator[Context]:
    def hand_in(_context: Context, _who: object, _sender: str, _to: object, content: bytes) -> None:
        server.seen.append(letters.header(content, "Subject")[0].split()[0])

    monkeypatch.setattr(posting, "hand_in", hand_in)
    monkeypatch.setattr(mailboxes, "holding", lambda _context, _login, marks: dict.fromkeys(marks, 1))
    monkeypatch.setattr(border, "attempt", lambda _vantage, _address, port: (came(port), "as told"))
    with web_site(server) as context:
        mine = tuple(one for one in context.accounts if one.login == LOGIN)
        yield replace(context, correspondent=server, accounts=mine)


def look(id_: str, server: Roundcube, monkeypatch: pytest.MonkeyPatch) -> tuple[Status, list[str]]:
    with at(server, monkeypatch) as context:
        found, seen = verdict(PROBES[id_], context)
        return found, failures(seen)


def test_a_name_is_typed_as_it_is() -> None:
    """Half a name would find nobody, and who may not be found would seem to be hidden."""
    asked: list[str] = []

    def get(path: str, _headers: object) -> Page:
        asked.append(path)
        return Page(200, "OK", "text/plain", b"")

    service = next(row for row in whole_plan().web if row.use == "webmail")
    session = webmail.Session(SimpleNamespace(get=get), service, TOKEN)  # type: ignore[arg-type]
    for typed in ("R&D=1", "50%", "a#b", "Guðmundsdóttir", "d'Arc+x y"):
        webmail._completed(session, typed)
        assert parse_qs(urlsplit(asked[-1]).query)["_search"] == [typed]
        assert asked[-1].isascii()


@pytest.mark.parametrize("id_", PROBES)
def test_where_all_is_well(id_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(id_, Roundcube(), monkeypatch) == (Status.PASS, [])


@pytest.mark.parametrize(
    "server",
    [
        Roundcube(policy=""),
        Roundcube(policy=POLICY.replace("object-src 'none'; ", "")),
        Roundcube(policy=POLICY.replace("frame-ancestors 'self'", "")),
        Roundcube(policy=POLICY.replace("default-src 'self'; ", "")),
        Roundcube(policy=POLICY.replace("script-src 'self'", "script-src 'self' cdn.elsewhere.example")),
        Roundcube(policy=POLICY.replace("script-src 'self'", "script-src 'self' https:")),
        Roundcube(policy=POLICY.replace("script-src 'self'", "script-src *")),
        Roundcube(transport=""),
        Roundcube(transport="max-age=600"),
        Roundcube(cookie="; HttpOnly; SameSite=Lax"),
        Roundcube(cookie="; Secure; SameSite=Lax"),
        Roundcube(cookie="; Secure; HttpOnly"),
        Roundcube(cookie="; Secure; HttpOnly; SameSite=None"),
    ],
)
def test_what_browsers_are_told_too_little(server: Roundcube, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look("webmail.secure", server, monkeypatch)[0] is Status.FAIL


def test_a_port_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(Roundcube(), monkeypatch, lambda port: Came.CONNECTED if port == 80 else Came.NOTHING) as context:
        assert verdict(PROBES["webmail.secure"], context)[0] is Status.FAIL


@pytest.mark.parametrize(
    ("id_", "server", "wanted"),
    [
        ("webmail.sign-in", Roundcube(nobody=True), Status.FAIL),
        ("webmail.sign-in", Roundcube(empty=True), Status.FAIL),
        ("webmail.wrong-password", Roundcube(any_password=True), Status.FAIL),
        ("webmail.wrong-password", Roundcube(nobody=True), Status.NOT_PROVEN),
        ("webmail.sends", Roundcube(nobody=True), Status.NOT_PROVEN),
        ("webmail.sends", Roundcube(loses=True), Status.FAIL),
        ("webmail.sends", Roundcube(author="m.curie@chem.college.ac.uk"), Status.FAIL),
        ("webmail.sends", Roundcube(addresses=(PUBLISHED, "m.curie@chem.college.ac.uk")), Status.FAIL),
        ("webmail.sends", Roundcube(addresses=()), Status.FAIL),
        ("webmail.sends", Roundcube(addresses=(PUBLISHED, INTERNAL)), Status.FAIL),
        ("webmail.book", Roundcube(nobody=True), Status.NOT_PROVEN),
        ("webmail.book", Roundcube(hides=True), Status.FAIL),
        ("webmail.book", Roundcube(shows_all=True), Status.FAIL),
    ],
)
def test_webmail_that_is_not_as_it_should_be(
    id_: str, server: Roundcube, wanted: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, words = look(id_, server, monkeypatch)
    assert found is wanted, words
