"""Pages that all users read and nobody else, and servers that do it otherwise."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest

from mailwright import pages as made_pages
from mailwright.audit import pages, publications
from mailwright.audit.model import Context
from mailwright.findings import Status
from mailwright.plan.model import Plan
from support.probing import failures, verdict
from support.web_site import WEB, Answer, Answers, Asked
from support.web_site import web_site as web_site_of
from support.web_site import whole_plan as as_described

PROBES = {probe.id: probe for probe in (*pages.PROBES, *publications.PROBES)}
STRICT = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'"),
    ("Strict-Transport-Security", "max-age=31536000"),
    ("X-Content-Type-Options", "nosniff"),
)


@cache
def whole_plan() -> Plan:
    """The site, which has put up the documents that are given by hand, too, for those who sign in."""
    made = as_described()
    return replace(
        made,
        publications=tuple(
            row if row.url else replace(row, url=f"https://{WEB}/{row.document}.html", reviewed=date.today())
            for row in made.publications
        ),
    )


def web_site(answers: Answers, made: Plan | None = None) -> AbstractContextManager[Context]:
    return web_site_of(answers, made or whole_plan())


def test_what_is_given_by_hand_is_looked_for_only_where_the_description_says() -> None:
    for document in ("contacts", "operation"):
        only = PROBES[f"publications.{document}"].only
        assert only is not None
        assert not only.holds(as_described())
        assert only.holds(whole_plan())


@cache
def folder() -> dict[str, bytes]:
    return {
        name: content if isinstance(content, bytes) else content.encode()
        for name, content in made_pages.files(whole_plan()).items()
    }


def page(asked: Asked) -> Answer:
    """What the web host serves under this path, to whoever may read it."""
    content = folder().get(asked.path.removeprefix("/") or "index.html")
    return Answer(404, b"none", headers=STRICT) if content is None else Answer(200, content, headers=STRICT)


def inside(asked: Asked) -> Answer:
    return page(asked)


def outside(asked: Asked) -> Answer:
    return page(asked) if asked.login else Answer(401, b"<p>Sign in.</p>", headers=STRICT)


def changed(answers: Answers, change: Callable[[Answer], Answer], path: str = "") -> Answers:
    def other(asked: Asked) -> Answer:
        return change(answers(asked)) if not path or asked.path == path else answers(asked)

    return other


def look(id_: str, answers: Answers) -> tuple[Status, list[str]]:
    with web_site(answers) as context:
        found, seen = verdict(PROBES[id_], context)
        return found, failures(seen)


@pytest.mark.parametrize("id_", [id_ for id_ in PROBES if id_ != "pages.outside"])
def test_where_all_is_well(id_: str) -> None:
    assert look(id_, inside) == (Status.PASS, [])


def test_outside_after_signing_in() -> None:
    assert look("pages.outside", outside) == (Status.PASS, [])


def test_what_is_missing_is_named() -> None:
    def without(asked: Asked) -> Answer:
        return Answer(404) if asked.path == "/privacy.html" else page(asked)

    for id_ in ("pages.inside", "publications.privacy"):
        found, words = look(id_, without)
        assert found is Status.FAIL
        assert any("/privacy.html" in one for one in words)
    assert look("publications.support", without)[0] is Status.PASS


def test_nobody_reads_them_outside_without_signing_in() -> None:
    found, words = look("pages.outside", inside)
    assert found is Status.FAIL
    assert all("without signing in" in one for one in words)


def test_a_refusal_that_shows_the_page_is_none() -> None:
    found, _ = look("pages.outside", lambda asked: replace(page(asked), status=200 if asked.login else 401))
    assert found is Status.FAIL


def test_who_lets_nobody_in_proves_nothing_by_it() -> None:
    assert look("pages.outside", lambda _asked: Answer(401))[0] is Status.NOT_PROVEN


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "script-src 'none'",
        "default-src *",
        "default-src 'self'",
        "default-src 'none'; script-src 'self'",
        "default-src 'none'; style-src 'unsafe-inline'",
        "default-src 'none'; img-src https:",
        "default-src 'none'; img-src cdn.elsewhere.example",
        "default-src 'none'; object-src 'self'",
    ],
)
def test_a_policy_that_lets_scripts_or_others_in(policy: str) -> None:
    headers = (("Content-Security-Policy", policy), *STRICT[1:])
    assert look("pages.secure", changed(inside, lambda one: replace(one, headers=headers)))[0] is Status.FAIL


def test_without_the_other_headers() -> None:
    for left in (STRICT[:2], (STRICT[0], STRICT[2])):
        found, _ = look("pages.secure", changed(inside, lambda one, left=left: replace(one, headers=left)))  # type: ignore[misc]
        assert found is Status.FAIL


@pytest.mark.parametrize("told", ["jb143", "Jocelyn.BellBurnell@college.ac.uk"])
def test_who_tells_a_login_or_a_member(told: str) -> None:
    found, words = look(
        "pages.discreet",
        changed(inside, lambda one: replace(one, body=one.body + f"<p>{told}</p>".encode()), "/lists.html"),
    )
    assert found is Status.FAIL
    assert len(words) == 1


WORDS = {
    "addresses": b"college.ac.uk",
    "clocks": b"clock",
    "privacy": b"Investigatory Powers Act 2016",
    "instructions": b"assword",
    "support": b"helpdesk@college.ac.uk",
    "faq": b"550",
    "status": b"nnounced",
    "operation": b"helpdesk@college.ac.uk",
    "agreement": b"Within four working hours",
    "contacts": b"+44 1632 960101",
}
"""Something that each document has to say."""


@pytest.mark.parametrize("document", WORDS)
def test_a_document_that_leaves_out_what_it_has_to_say(document: str) -> None:
    def less(one: Answer) -> Answer:
        body = one.body
        for word in {WORDS[document], WORDS[document].capitalize(), WORDS[document].upper()}:
            body = body.replace(word, b"...")
        if document == "clocks":
            for word in (b"time server", b"time zone", b"NTP", b"ntp", b"Clock"):
                body = body.replace(word, b"...")
        if document == "faq":
            body = body.replace(b"5.1.1", b"...").replace(b"User unknown", b"...")
        if document == "status":
            for word in (b"maintenance", b"planned"):
                body = body.replace(word, b"...")
        assert body != one.body
        return replace(one, body=body)

    found, words = look(f"publications.{document}", changed(inside, less, f"/{document}.html"))
    assert found is Status.FAIL, words


@pytest.mark.parametrize("document", WORDS)
def test_a_document_that_nobody_has_read_for_long(document: str) -> None:
    for day, wanted in ((date.today() - timedelta(days=400), Status.FAIL), (None, Status.NOT_PROVEN)):
        made = whole_plan()
        rows = tuple(replace(row, reviewed=day) if row.document == document else row for row in made.publications)
        with web_site(inside, replace(made, publications=rows)) as context:
            assert verdict(PROBES[f"publications.{document}"], context)[0] is wanted


def test_an_agreement_with_an_empty_heading() -> None:
    made = whole_plan()
    assert made.settings.agreement is not None
    for agreement in (None, replace(made.settings.agreement, penalties="")):
        changed_plan = replace(made, settings=replace(made.settings, agreement=agreement))
        with web_site(inside, changed_plan) as context:
            found, seen = verdict(PROBES["publications.agreement"], context)
        assert found is Status.FAIL
        assert any("penalties" in one for one in failures(seen))
