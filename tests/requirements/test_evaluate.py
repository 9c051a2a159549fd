"""Judging a whole description: waivers, attestations, order, and speed."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from mailwright.findings import Place, Status
from mailwright.requirements import lookup
from mailwright.requirements.evaluate import attestation, evaluate, waiver
from mailwright.site.model import Attestation, Person, Site, Time, Waiver
from support.example import HERE, example, load_example, role, with_role

TODAY = date(2026, 6, 1)


def attested(requirement: str, day: date, statement: str = "Done.") -> Attestation:
    return Attestation(requirement, statement, "Rosa Luxemburg", day, HERE)


def waived(rule: str, until: date) -> Waiver:
    return Waiver(rule, "A reason.", "Rosa Luxemburg", until, HERE)


def status_of(site: Site, rule: str, today: date = TODAY) -> set[Status]:
    return {finding.status for finding in evaluate(site, today) if finding.id == rule}


def test_the_example_breaks_nothing() -> None:
    findings = evaluate(load_example(), TODAY)
    assert [finding for finding in findings if finding.status not in (Status.PASS, Status.ATTESTED)] == []
    assert {finding.requirement for finding in findings if finding.status is Status.ATTESTED} == {
        "ROLE-3",
        "AUDIT-5",
        "AUDIT-6",
    }


def test_findings_are_in_the_order_of_their_places_and_passes_come_last() -> None:
    site = with_role(
        role("one", "rl204", where=Place("b.yml", 2, 1)),
        role("two", "rl204", where=Place("a.yml", 9, 1)),
        role("three", "rl204", where=Place("a.yml", 9, 5)),
    )
    findings = evaluate(site, TODAY)
    placed = [finding.where for finding in findings if finding.where is not None]
    assert all(first <= second for first, second in pairwise(placed))
    assert [finding.where for finding in findings[len(placed) :]] == [None] * (len(findings) - len(placed))


def test_the_same_description_gives_the_same_findings() -> None:
    site = with_role(role("one", "rl204"), role("two", "gone99", "away99"))
    assert evaluate(site, TODAY) == evaluate(site, TODAY)


def test_a_waiver_lets_a_rule_pass_until_its_last_day() -> None:
    site = replace(with_role(role("library", "rl204")), waivers=(waived("ROLE-5.one-person", TODAY),))
    (finding,) = [each for each in evaluate(site, TODAY) if each.id == "ROLE-5.one-person"]
    assert finding.status is Status.WAIVED
    assert finding.evidence == "waived until 2026-06-01 by Rosa Luxemburg: A reason."
    assert status_of(site, "ROLE-5.one-person", TODAY + timedelta(days=1)) == {Status.FAIL}


def test_a_waiver_of_a_requirement_lets_all_its_rules_pass_that_are_less_than_a_must() -> None:
    site = replace(with_role(role("library", "rl204", "rl204", "km217")), waivers=(waived("ROLE-5", TODAY),))
    assert status_of(site, "ROLE-5.same-person-twice") == {Status.WAIVED}


def test_nothing_waives_a_must() -> None:
    for named in ("MSG-3", "MSG-3.three-servers"):
        site = example(time=Time(("ntp0.ja.net",), HERE), waivers=(waived(named, TODAY),))
        assert status_of(site, "MSG-3.three-servers") == {Status.FAIL}
        assert status_of(site, "waiver.must") == {Status.FAIL}


def test_a_rule_that_is_less_than_its_must_is_waived_by_its_own_id_alone() -> None:
    time_ = Time(("ntp0.ja.net", "ntp1.ja.net", "ntp2.ja.net", "ntp0.ja.net"), HERE)
    whole = example(time=time_, waivers=(waived("MSG-3", TODAY),))
    single = example(time=time_, waivers=(waived("MSG-3.server-twice", TODAY),))
    assert status_of(whole, "MSG-3.server-twice") == {Status.FAIL}
    assert status_of(single, "MSG-3.server-twice") == {Status.WAIVED}


def test_rules_about_waivers_cannot_be_waived() -> None:
    rule = lookup.rule("waiver.expired")
    assert rule is not None
    assert waiver(example(waivers=(waived("waiver.expired", TODAY),)), rule, TODAY) is None


def test_the_newest_attestation_that_counts() -> None:
    old, new, future = (TODAY - timedelta(days=400), TODAY - timedelta(days=3), TODAY + timedelta(days=1))
    site = example(attestations=tuple(attested("ROLE-3", day) for day in (old, new, future)))
    found = attestation(site, "ROLE-3", TODAY)
    assert found is not None
    assert found.date == new
    assert attestation(site, "ROLE-3", TODAY + timedelta(days=800)) is None


def test_nobody_attests_what_is_measured() -> None:
    site = example(attestations=(attested("RELAY-2", TODAY), attested("NONE-1", TODAY)))
    assert attestation(site, "RELAY-2", TODAY) is None
    assert attestation(site, "NONE-1", TODAY) is None
    assert not [finding for finding in evaluate(site, TODAY) if finding.status is Status.ATTESTED]


def test_a_description_of_nothing_much_is_judged_too() -> None:
    site = example(hosts=(), people=(), roles=(), automatic_senders=(), attestations=(), waivers=())
    failed = {finding.id for finding in evaluate(site, TODAY) if finding.fails}
    assert {"DNS-4.mailer", "ROLE-1.postmaster-abuse", "REMOTE-1.submission-host", "REMOTE-2.store-host"} <= failed


@pytest.mark.slow
def test_a_hundred_thousand_people() -> None:
    """About half a second; the bound leaves room for a busy machine, and none for a quadratic rule."""
    people = tuple(
        Person(
            f"u{number:06}",
            "Karl Marx",
            f"Karl.Marx{number}@college.ac.uk",
            (f"k.marx{number}@chem.college.ac.uk",),
            (),
            "",
            None,
            HERE,
        )
        for number in range(100_000)
    )
    site = example(people=(*load_example().people, *people))
    start = time.perf_counter()
    findings = evaluate(site, TODAY)
    assert time.perf_counter() - start < 10
    assert not [finding for finding in findings if finding.fails]
