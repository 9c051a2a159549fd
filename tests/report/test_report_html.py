"""The page: complete, without anything from elsewhere, and nothing in it can become markup."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from mailwright.build import Input
from mailwright.findings import Status
from mailwright.report import merge, report_html, report_json, since
from mailwright.report.compliance import Report, compile_
from mailwright.report.verdicts import Word
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.site.model import Attestation, Contact, ServiceDesk, Waiver
from support.example import HERE, load_example, split
from support.hostile import HOSTILE
from support.reports import TODAY, audited, basis, example_basis, rehearsed, report
from support.runs import found, run

MARKUP = "</td></article><script>alert(1)</script><img src=x onerror='a'>\" onload=\"b\x1b\0\u2028\u202e&amp;"


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(name)) is not None]


def page(made: Report, before: Report | None = None) -> Page:
    changes = since.compare(since.read(report_json.render(before, None)), made) if before else None
    return Page(report_html.render(made, changes))


def hostile(text: str) -> Report:
    """A report in which everything that somebody else may have written is ``text``."""
    site = load_example()
    organisation = replace(
        site.organisation,
        name=text,
        registry=text,
        contacts=(Contact(text, text, text, HERE),),
        service_desk=ServiceDesk(text, text, text, text, HERE),
    )
    waiver = Waiver("ROLE-5", text, text, date(2026, 6, 30), HERE)
    attestations = tuple(replace(each, statement=text, owner=text) for each in site.attestations)
    of = example_basis()
    told = replace(site, organisation=organisation, waivers=(waiver,), attestations=attestations)
    inputs = (Input(text, "a" * 64, text, b""),)
    checks = tuple(replace(each, message=text, evidence=text) for each in of.checks)
    words = {"text": text, "evidence": text}
    runs = (
        run(found(Status.FAIL, "relay.outside", "RELAY-2", **words), plan=of.plan, version=text),
        run(found(Status.NOT_PROVEN, "dns.ptr", "DNS-1", **words), plan=of.plan, addresses=(text,), days=1),
    )
    files = [(text, "b" * 64, each) for each in runs]
    return compile_(
        replace(of, site=told, inputs=inputs, checks=checks), merge.sources(files, of.plan, TODAY), TODAY
    )


def test_every_requirement_is_there_once_with_its_verdict() -> None:
    made = report(rehearsed())
    found_ = page(made)
    ids = [attributes["id"] for tag, attributes in found_.tags if tag == "article"]
    assert ids == [requirement.id for requirement in REQUIREMENTS]
    for requirement in REQUIREMENTS:
        assert requirement.says in found_.text
    assert f"Of 52 requirements {made.counts[Word.MET] + made.counts[Word.ATTESTED]} are met or attested." in (
        found_.text
    )


@pytest.mark.parametrize("text", [MARKUP, *HOSTILE])
def test_hostile_text_stays_text(text: str) -> None:
    plain, odd = page(hostile("plain")), page(hostile(text))
    assert [tag for tag, _ in odd.tags] == [tag for tag, _ in plain.tags]
    assert [sorted(attributes) for _, attributes in odd.tags] == [
        sorted(attributes) for _, attributes in plain.tags
    ]
    for name in ("href", "id", "class"):
        assert odd.attributes(name) == plain.attributes(name)
    shown = "".join(odd.texts)
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_hostile_text_is_shown() -> None:
    assert "<script>alert(1)</script>" in page(hostile(MARKUP)).text


def test_nothing_is_run_or_loaded() -> None:
    found_ = page(report(rehearsed(), audited("outside")), report())
    used = {tag for tag, _ in found_.tags}
    assert not used & {"script", "link", "img", "image", "iframe", "object", "embed", "form", "input", "base"}
    assert not [
        name for _, attributes in found_.tags for name in attributes if name.startswith("on") or name == "src"
    ]
    assert all(target.startswith("#") for target in found_.attributes("href"))
    (policy,) = [attributes for tag, attributes in found_.tags if attributes.get("http-equiv")]
    assert "default-src 'none'" in str(policy["content"])
    style = report_html.render(report(), None).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_every_anchor_leads_somewhere_and_no_id_stands_twice() -> None:
    found_ = page(report(rehearsed(), audited("outside"), audited("host")), report())
    ids = Counter(found_.attributes("id"))
    assert [id_ for id_, number in ids.items() if number > 1] == []
    assert {target[1:] for target in found_.attributes("href")} <= set(ids)


def test_it_can_be_read_aloud() -> None:
    found_ = page(report(rehearsed()))
    heads = [attributes for tag, attributes in found_.tags if tag == "th"]
    assert heads
    assert all(attributes.get("scope") in ("row", "col") for attributes in heads)
    assert ("html", {"lang": "en-GB"}) in found_.tags
    levels = [int(tag[1]) for tag, _ in found_.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - before <= 1 for before, deeper in pairwise(levels))
    squares = [value for value in found_.attributes("aria-label") if value.partition(",")[0] in IDS]
    assert len(squares) == 52
    assert "RELAY-2, No open relay: met" in squares


IDS = {requirement.id for requirement in REQUIREMENTS}


def test_a_failure_says_which_run_saw_it_and_where_and_the_words() -> None:
    broken = run(
        found(Status.FAIL, "relay.outside", "RELAY-2", "No relaying: this does not hold", evidence="250 Ok, go on"),
        plan=example_basis().plan,
    )
    text = page(report(broken, rehearsed())).text
    assert "1 is not met, a MUST" in text
    assert "mail.college.ac.uk port 25: No relaying: this does not hold" in text
    assert "(L1 the running service, 2026-03-01; from outside)" in text
    assert "250 Ok, go on" in text


def test_passes_of_one_probe_in_two_worlds_are_one_line() -> None:
    text = page(report(audited("outside"), rehearsed())).text
    assert "(L1 the running service, 2026-03-01; R1 a rehearsal, 2026-02-28; from outside)" in text


def test_marked_runs_say_why_they_prove_nothing() -> None:
    plan = example_basis().plan
    text = page(
        report(
            run(plan=plan, days=200),
            run(plan="f" * 64, complete=False, days=3),
            run(plan=plan, days=-9),
        )
    ).text
    assert "Stale: older than 92 days." in text
    assert "Made for another description" in text
    assert "Dated in the future" in text
    assert "Interrupted" in text


def test_waivers_and_attestations_have_owner_and_end() -> None:
    site = load_example()
    waivers = (
        Waiver("DNS-1", "The provider is slow.", "Karl Marx", date(2026, 1, 30), HERE),
        Waiver("ROLE-5", "One is trained.", "Rosa Luxemburg", date(2026, 6, 30), HERE),
    )
    old = Attestation("ROLE-3", "We did once.", "Karl Marx", date(2024, 6, 1), HERE)
    text = page(report(of=basis(replace(site, waivers=waivers, attestations=(*site.attestations, old))))).text
    assert "Waiver ended on 2026-01-30 (DNS-1) by Karl Marx: The provider is slow. It has no effect" in text
    assert "Waived until 2026-06-30 (ROLE-5) by Rosa Luxemburg: One is trained." in text
    assert "Rosa Luxemburg, 2026-01-12; counts until 2027-01-13." in text
    assert "We did once. Karl Marx, 2024-06-01; does not count" in text


def test_what_changed_is_said() -> None:
    broken = run(found(Status.FAIL, "relay.outside", "RELAY-2"), plan=example_basis().plan)
    text = page(report(broken, rehearsed()), report(rehearsed())).text
    assert "Worse, met before and not met now: RELAY-2 No open relay" in text
    assert "New evidence: L1 run.json" in text
    assert "What changed since 1 March 2026" in text
    assert "Nothing: the same verdicts" in page(report(), report()).text
    assert "What changed" not in page(report()).text


def test_a_large_site_is_cut_short_on_the_cover_and_named_in_full_below() -> None:
    site = split()
    domains = tuple(replace(site.primary, name=f"d{number}.college.ac.uk") for number in range(9))
    of = basis()
    made = report(of=replace(of, site=replace(of.site, domains=(*site.domains, *domains))))
    text = page(made).text
    assert "and 5 more" in text
    assert "d8.college.ac.uk" in text


def test_moments_are_told_with_their_offset() -> None:
    made = report(run(plan=example_basis().plan))
    assert "2026-03-01 11:55 to 12:00 (+00:00)" in page(made).text
