"""Requirements that are met no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mailwright.changes.model import Comparison
from mailwright.changes.personal import impersonal, whole
from mailwright.changes.risks import RISKS, requirements, waivers
from mailwright.findings import Finding, Level, Place, Status
from mailwright.requirements import lookup
from mailwright.site.model import Waiver
from support.comparing import compared, weight
from support.example import HERE, example, load_example, role, with_role

OLD = load_example()
WHERE = Place("site.yml", 3, 1)


def finding(id_: str, level: Level, message: str = "rl204 has it twice", fix: str = "leave one out") -> Finding:
    return Finding(id_, id_.partition(".")[0], level, Status.FAIL, message, fix, WHERE)


def with_broken(*broken: Finding) -> Comparison:
    return replace(compared(OLD, OLD), broken=broken)


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        (Level.MUST, "high"),
        (Level.SHOULD, "medium"),
        (Level.SHOULD_NOT, "medium"),
        (Level.ADVICE, "low"),
    ],
)
def test_a_must_weighs_more_than_advice(level: Level, severity: str) -> None:
    comparison = with_broken(finding("ADDR-3.case-only", level))
    (hit,) = requirements.broken.find(comparison)
    assert str(weight(requirements.broken, hit)) == severity
    assert whole(hit.sentence) == f"rl204 has it twice: {level} ADDR-3.case-only"
    assert hit.safely == "Leave one out."


def test_what_strangers_may_read_names_nobody() -> None:
    (hit,) = requirements.broken.find(with_broken(finding("ADDR-3.case-only", Level.MUST)))
    assert impersonal(hit.sentence) == (
        "it is not so any more that no two addresses differ in nothing but their case: MUST ADDR-3.case-only"
    )


def test_many_findings_of_one_rule_are_one_hit() -> None:
    found = [finding("ADDR-1.form", Level.SHOULD, f"{number} is wrong") for number in range(40)]
    (hit,) = requirements.broken.find(with_broken(*found))
    assert whole(hit.sentence) == "0 is wrong: SHOULD ADDR-1.form (and 39 more places)"
    assert hit.safely == ""


def test_findings_of_two_rules_are_two() -> None:
    found = requirements.broken.find(
        with_broken(finding("ADDR-1.form", Level.SHOULD), finding("ADDR-3.case-only", Level.MUST))
    )
    assert len(list(found)) == 2


def test_what_another_rule_says_is_not_said_again() -> None:
    alone = finding("ROLE-5.one-person", Level.ADVICE, "the role abuse reaches rl204 alone")
    fires = replace(compared(OLD, with_role(role("abuse", "rl204"))), broken=(alone,))
    assert list(requirements.broken.find(fires)) == []
    (hit,) = requirements.broken.find(with_broken(alone))  # the other is silent here, so somebody has to say it
    assert "reaches rl204 alone" in hit.sentence


def test_a_breach_that_nobody_waives_any_more_is_said_once() -> None:
    waiver = Waiver("ADDR-1", "they are to be renamed", "Rosa Luxemburg", date(2027, 3, 31), HERE)
    alone = finding("ADDR-1.form", Level.SHOULD)
    comparison = replace(compared(example(waivers=(waiver,)), OLD), broken=(alone,))
    assert list(requirements.broken.find(comparison)) == []
    assert len(list(waivers.expired.find(comparison))) == 1
    later = replace(compared(example(waivers=(waiver,)), example(waivers=(waiver,))), broken=(alone,))
    assert len(list(requirements.broken.find(later))) == 1


@pytest.mark.parametrize("id_", sorted(requirements.COMPARED))
def test_numbers_that_are_others_are_left_to_the_rule_that_compares_them(id_: str) -> None:
    assert list(requirements.broken.find(with_broken(finding(id_, Level.MUST)))) == []
    assert id_ in requirements.SAID


def test_nothing_is_broken() -> None:
    assert list(requirements.broken.find(compared(OLD, with_role(role("abuse", "rl204"))))) == []


def test_every_rule_that_is_said_elsewhere_exists_and_is_asked() -> None:
    for id_, other in requirements.SAID.items():
        assert lookup.rule(id_) is not None, id_
        assert other in RISKS
