"""The report for programs is as its schema says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import jsonschema
import pytest

from mailwright.findings import Status
from mailwright.report import report_json, since
from mailwright.report.compliance import Report
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.site.model import Waiver
from support.example import HERE, ROOT, load_example, role, split, with_gateway, with_role
from support.reports import audited, basis, example_basis, rehearsed, report
from support.runs import found, run

SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "report.schema.json").read_text())
ORACLE = jsonschema.Draft202012Validator(SCHEMA)


def many() -> Report:
    """All that a report can hold: runs of each mark, a waiver, a failure, words of servers."""
    plan = example_basis().plan
    loud = found(Status.FAIL, "relay.outside", "RELAY-2", "\x1b[31m</td>", evidence="250 <script>\n\u202e\0")
    return report(
        run(loud, plan=plan),
        run(found(Status.NOT_PROVEN, "dns.ptr", "DNS-1", target=None), plan=plan, complete=False, addresses=()),
        run(found(Status.PASS, "dns.ptr", "DNS-1"), plan=plan, days=200),
        run(found(Status.PASS, "dns.gone", "DNS-1"), plan="f" * 64),
        run(found(Status.PASS, "dns.gone", "DNS-1"), plan=plan, days=-9),
        audited("outside"),
        rehearsed(),
    )


def waived() -> Report:
    site = with_role(role("support", "ii305", also=("helpdesk",), domains=("college.ac.uk",)))
    waivers = (
        Waiver("ROLE-5", "Only one is trained.", "Rosa Luxemburg", date(2026, 6, 30), HERE),
        Waiver("DNS-1", "The provider is slow.", "Karl Marx", date(2026, 1, 30), HERE),
    )
    return report(of=basis(replace(site, waivers=waivers)))


def bare() -> Report:
    """Without what a description may leave out."""
    site = load_example()
    organisation = replace(site.organisation, service_desk=None, registry="")
    return report(of=basis(replace(site, organisation=organisation, attestations=())))


@pytest.mark.parametrize("made", [report(), many(), waived(), bare()], ids=["none", "many", "waived", "bare"])
def test_it_is_as_the_schema_says(made: Report) -> None:
    ORACLE.validate(json.loads(report_json.render(made, None)))
    changes = since.compare(since.read(report_json.render(report(), None)), made)
    ORACLE.validate(json.loads(report_json.render(made, changes)))


@pytest.mark.parametrize("site", [split(), with_gateway()], ids=["split", "gateway"])
def test_other_sites_too(site: Any) -> None:
    of = basis(site)
    ORACLE.validate(json.loads(report_json.render(report(rehearsed(of), of=of), None)))


def test_the_schema_is_one_and_strict() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def strict(part: Any) -> None:
        if isinstance(part, dict):
            if "properties" in part and isinstance(part.get("type"), str | list):
                assert part["additionalProperties"] is False, part
                optional = set(part["properties"]) - set(part["required"])
                assert optional <= {"seen", "note", "target", "run", "from"}, optional
            for each in part.values():
                strict(each)
        elif isinstance(part, list):
            for each in part:
                strict(each)

    strict(SCHEMA)


def test_the_words_that_the_schema_knows_are_those_of_the_code() -> None:
    from mailwright.report.compliance import Reach
    from mailwright.report.merge import Mark
    from mailwright.report.verdicts import Word

    properties = SCHEMA["$defs"]["requirement"]["properties"]
    assert set(properties["reach"]["enum"]) == set(Reach)
    assert set(SCHEMA["$defs"]["mark"]["enum"]) == set(Mark)
    assert set(SCHEMA["$defs"]["word"]["enum"]) == set(Word)


def test_all_52_and_the_counts_agree() -> None:
    document = json.loads(report_json.render(many(), None))
    ids = [each["id"] for each in document["requirements"]]
    assert ids == [requirement.id for requirement in REQUIREMENTS]
    words = [each["verdict"] for each in document["requirements"]]
    assert document["counts"] == {word: words.count(word) for word in document["counts"]}
    assert sum(document["counts"].values()) == 52


def test_evidence_says_which_run_saw_it_and_whether_it_counts() -> None:
    document = json.loads(report_json.render(many(), None))
    runs = {each["label"]: each for each in document["evidence"]}
    assert sorted(each["mark"] for each in runs.values() if each["mark"]) == [
        "dated in the future",
        "made for another description",
        "stale",
    ]
    (relay,) = [each for each in document["requirements"] if each["id"] == "RELAY-2"]
    probes = [each for each in relay["evidence"] if each["source"] == "relay.outside"]
    assert {(each["status"], runs[each["run"]]["kind"]) for each in probes} == {
        ("fail", "audit"),
        ("pass", "rehearsal"),
    }
    assert all(each["counts"] and each["from"] == "outside" for each in probes)
    assert any("<script>" in each["seen"] for each in probes)


def test_the_same_evidence_on_the_same_day_gives_the_same_bytes() -> None:
    assert report_json.render(many(), None) == report_json.render(many(), None)
