"""Published documents, and the pages that are none."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from ipaddress import ip_address

import pytest

from mailwright.audit import publications, web
from mailwright.audit.model import Context, Observation
from mailwright.findings import Status
from mailwright.plan import make
from mailwright.plan.model import Plan
from support.dns_peer import Table, serving
from support.example import whole
from support.probing import HOST, server_tls, site, verdict
from support.web_peer import Serving, answer, https, said

PROBES = {probe.id: probe for probe in publications.PROBES}
TABLE: Table = {(f"{HOST}.", "A"): ["127.0.0.1"]}
TEXT = b"<html><head><style>p {}</style></head><body><p>Give your address at college.ac.uk. " + b"Words. " * 40


def published(plan: Plan, document: str, url: str, reviewed: date | None) -> Plan:
    rows = tuple(
        replace(row, url=url, reviewed=reviewed) if row.document == document else row for row in plan.publications
    )
    return replace(plan, publications=rows)


@contextmanager
def at(
    serve: Serving,
    monkeypatch: pytest.MonkeyPatch,
    document: str = "addresses",
    reviewed: date | None = None,
    path: str = "/mail",
    tls: ssl.SSLContext | None = None,
) -> Iterator[Context]:
    with site() as (context, _), serving(TABLE, monkeypatch), https(serve, monkeypatch, tls) as port:
        plan = published(context.plan, document, f"https://{HOST}:{port}{path}", reviewed or date.today())
        yield replace(context, plan=plan)


def look(context: Context, document: str = "addresses") -> tuple[Status, tuple[Observation, ...]]:
    return verdict(PROBES[f"publications.{document}"], context)


def endless(secure: ssl.SSLSocket, _path: str) -> None:
    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        secure.sendall(b"college.ac.uk " * 10_000)


def trickle(secure: ssl.SSLSocket, _path: str) -> None:
    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n")
    while True:
        secure.sendall(b"X")
        time.sleep(0.1)


def silence(secure: ssl.SSLSocket, _path: str) -> None:
    secure.recv(1)


def endless_head(secure: ssl.SSLSocket, _path: str) -> None:
    while True:
        secure.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def to(location: str) -> Serving:
    return answer(b"", "text/html", "302 Found", f"Location: {location}")


def here(secure: ssl.SSLSocket, path: str) -> None:
    (to("/new") if path != "/new" else answer(TEXT))(secure, path)


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED += b"%x\r\n%b\r\n0\r\n\r\n" % (len(TEXT), TEXT)
PDF = b"%PDF-1.7\n" + b"x" * 2000


@pytest.mark.parametrize(
    "serve",
    [
        answer(TEXT),
        answer(TEXT.upper()),
        answer(b"college.ac.uk " * 30, "text/plain"),
        answer(PDF, "application/pdf"),
        said(CHUNKED),
        said(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + TEXT),
        here,
    ],
)  # fmt: skip
def test_a_document_that_is_there(serve: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(serve, monkeypatch) as context:
        found, seen = look(context)
    assert found is Status.PASS, seen


@pytest.mark.parametrize(
    ("serve", "words"),
    [
        (answer(TEXT, status="404 Not Found"), "status 200"),
        (answer(TEXT, status="403 Forbidden"), "status 200"),
        (answer(TEXT, status="204 No Content"), "status 200"),
        (answer(b""), "empty"),
        (answer(b"<p>college.ac.uk</p>" + b"<br>" * 500), "empty"),
        (answer(b"<script>" + b"college.ac.uk " * 90 + b"</script>"), "empty"),
        (answer(b"<p>" + b"Please log in. " * 40), "says nothing of"),
        (answer(b"%PDF-1.7", "application/pdf"), "no PDF"),
        (to("file:///etc/passwd"), "no plain https URL"),
        (to("http://169.254.169.254/latest"), "no plain https URL"),
        (to("https://127.0.0.1/x"), "another server"),
        (to("https://mail.college.ac.uk:1/x"), "another server"),
        (to("//[bad"), "no URL"),
        (to("/mail"), "more than 3 times"),
        (endless, "a page of more than"),
        (endless_head, "more than anybody needs"),
        (said(b"220 ESMTP\r\n"), "does not speak HTTP"),
        (said(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n" + b"x" * (9 << 20)), "more than"),
        (said(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), "does not speak HTTP"),
        (said(b"HTTP/1.1 \x1b[31m200 OK\r\n\r\n"), "does not speak HTTP"),
    ],
)
def test_what_is_no_document(serve: Serving, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic()
    with at(serve, monkeypatch) as context:
        found, seen = look(context)
    assert found is Status.FAIL, seen
    assert words in seen[0].seen
    assert "\x1b" not in seen[0].seen
    assert time.monotonic() - started < 60  # for two places


@pytest.mark.parametrize(
    "serve", [trickle, silence, said(b""), said(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + TEXT)]
)
def test_no_whole_answer_proves_nothing(serve: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "SECONDS", 1.5)
    started = time.monotonic()
    with at(serve, monkeypatch) as context:
        found, seen = look(context)
    assert found is Status.NOT_PROVEN, seen
    assert time.monotonic() - started < 30


def test_a_certificate_for_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(answer(TEXT), monkeypatch, tls=server_tls("www.college.ac.uk")) as context:
        found, seen = look(context)
    assert found is Status.FAIL
    assert "certificate" in seen[0].seen


@pytest.mark.parametrize(
    ("days", "wanted"),
    [(0, Status.PASS), (366, Status.PASS), (367, Status.FAIL), (-1, Status.FAIL)],
)
def test_a_review_counts_for_a_year(days: int, wanted: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(answer(TEXT), monkeypatch, reviewed=date.today() - timedelta(days)) as context:
        assert look(context)[0] is wanted


def test_a_document_that_nobody_reviewed_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(answer(TEXT), monkeypatch) as context:
        rows = tuple(replace(row, reviewed=None) for row in context.plan.publications)
        assert look(replace(context, plan=replace(context.plan, publications=rows)))[0] is Status.NOT_PROVEN


def test_clocks_speak_of_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(answer(b"<p>Keep your computer's clock by NTP. " + b"Words. " * 40), monkeypatch, "clocks") as context:
        assert look(context, "clocks")[0] is Status.PASS
    with at(answer(TEXT), monkeypatch, "clocks") as context:
        assert look(context, "clocks")[0] is Status.FAIL


ORDINARY = (
    "The college is at home in a road away from the town. Students leave it at 5 o'clock, on account of the change "
    "of the season; the shops are full. Room 550 is shared with others, and is shown on the plan. Its name, status "
    "and faults are announced, visitors are informed and nobody is left out. Our dance programme has a list of "
    "practice rooms, and 1992 was planned well. Rhaglen, rhestr, newid, nam, cyfrif, dangos, dweud. "
)
"""A page about something else."""


def of_subjects(document: str) -> tuple[publications.Said, ...]:
    return publications.SAYS[document](make(whole()))


@pytest.mark.parametrize(
    ("document", "number"),
    [(document, number) for document in publications.SAYS for number in range(len(of_subjects(document)))],
)
def test_a_page_without_a_subject_is_not_the_document(document: str, number: int) -> None:
    subjects = of_subjects(document)
    others = [one_of[0] for place, one_of in enumerate(subjects) if place != number]

    def page(*says: str) -> web.Page:
        return web.Page(200, "OK", "text/plain", f"{ORDINARY}{'. '.join(says)}.".encode())

    missing = [subject for subject in subjects if publications.fault(page(*others), (subject,))]
    assert missing == [subjects[number]]
    for word in subjects[number]:
        assert not publications.fault(page(*others, word.upper()), subjects)


def test_what_only_leads_elsewhere_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    menu = b"<nav><a href='clocks.html'>The clock of your computer</a></nav>"
    for text, wanted in ((menu, Status.FAIL), (menu.replace(b"nav>", b"p>"), Status.PASS)):
        with at(answer(text + b"<p>" + b"Words. " * 40), monkeypatch, "clocks") as context:
            assert look(context, "clocks")[0] is wanted


def test_a_name_that_does_not_exist_and_one_that_nobody_answers_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(answer(TEXT), monkeypatch) as context:
        for name, wanted in (("www.college.ac.uk", Status.FAIL), ("www.broken", Status.NOT_PROVEN)):
            plan = published(context.plan, "addresses", f"https://{name}/", date.today())
            assert look(replace(context, plan=plan))[0] is wanted


def test_only_where_it_is_said_where_it_is() -> None:
    with site() as (context, _):
        for id_, probe in PROBES.items():
            assert probe.only is not None
            assert not probe.only.holds(context.plan)
            document = id_.partition(".")[2]
            assert probe.only.holds(published(context.plan, document, "https://www.college.ac.uk/", None))
            assert verdict(probe, context)[0] is Status.NOT_PROVEN


def test_what_only_people_inside_can_read_is_fetched_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def once_refused(secure: ssl.SSLSocket, path: str) -> None:
        asked.append(path)
        answer(TEXT, status="403 Forbidden" if len(asked) == 1 else "200 OK")(secure, path)

    with at(once_refused, monkeypatch) as context:
        found, seen = look(context)
    assert found is Status.PASS
    assert "from inside" in seen[0].what


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "::", "224.0.0.1", "::ffff:127.0.0.1"]
)
def test_this_machine_is_nobodys_web_server(address: str) -> None:
    assert web.refused(ip_address(address))


def test_marks_without_end_are_read_in_no_time() -> None:
    started = time.monotonic()
    for mark in (b"<", b"<!", b"<script>", b"<!--", b"&", b"<a "):
        web.text(web.Page(200, "OK", "text/html", mark * 400_000))
    assert time.monotonic() - started < 30  # by the square of their number it would be hours
