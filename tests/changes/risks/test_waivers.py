"""Breaches that somebody lets pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailwright.changes.model import RiskRule
from mailwright.changes.personal import impersonal, whole
from mailwright.changes.risks import waivers
from mailwright.findings import Finding, Level, Status
from mailwright.site.model import Site, Waiver
from support.comparing import TODAY, compared, said, weight
from support.example import HERE, example, load_example

OLD = load_example()
OVER, SOON, LATE = TODAY - timedelta(1), date(2027, 3, 31), date(2027, 12, 31)


def waived(*pairs: tuple[str, date], owner: str = "Rosa Luxemburg", reason: str = "the second comes") -> Site:
    return example(waivers=tuple(Waiver(rule, reason, owner, until, HERE) for rule, until in pairs))


ADVICE = waived(("ROLE-5.one-person", SOON))


def test_a_waiver_is_new() -> None:
    ((severity, sentence),) = said(waivers.added, OLD, ADVICE)
    assert severity == "low"
    assert sentence == ("Rosa Luxemburg lets a breach of ROLE-5.one-person pass until 2027-03-31: the second comes")
    (hit,) = waivers.added.find(compared(OLD, ADVICE))
    assert impersonal(hit.sentence) == "somebody lets a breach of ROLE-5.one-person pass until 2027-03-31"


def test_that_of_a_should_weighs_more() -> None:
    ((severity, _),) = said(waivers.added, OLD, waived(("DNS-1", SOON)))
    assert severity == "medium"


def test_a_waiver_of_a_whole_requirement_is_more_than_that_of_a_rule() -> None:
    ((_, sentence),) = said(waivers.added, ADVICE, waived(("ROLE-5", SOON)))
    assert "a breach of ROLE-5 pass" in sentence


def test_a_waiver_is_longer() -> None:
    ((severity, sentence),) = said(waivers.extended, ADVICE, waived(("ROLE-5.one-person", LATE)))
    assert severity == "low"
    assert sentence.endswith("it was until 2027-03-31")
    ((_, sentence),) = said(waivers.extended, waived(("ROLE-5.one-person", OVER)), ADVICE)
    assert sentence.endswith(f"it was until {OVER.isoformat()}, and had run out")


@pytest.mark.parametrize("rule", [waivers.added, waivers.extended])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(ADVICE, ADVICE, id="nothing"),
        pytest.param(ADVICE, OLD, id="it is taken out"),
        pytest.param(waived(("ROLE-5.one-person", LATE)), ADVICE, id="it is shorter"),
        pytest.param(waived(("ROLE-5", LATE)), ADVICE, id="it is of less"),
        pytest.param(
            ADVICE, waived(("ROLE-5.one-person", SOON), owner="Karl Marx", reason="other words"), id="another owner"
        ),
        pytest.param(OLD, waived(("ROLE-5.one-person", OVER)), id="it is over, and counts for nothing"),
        pytest.param(
            waived(("ROLE-5.one-person", SOON), ("DNS-1", SOON)),
            waived(("DNS-1", SOON), ("ROLE-5.one-person", SOON)),
            id="another order",
        ),
    ],
)
def test_what_lets_no_more_pass_is_silent(rule: RiskRule, old: Site, new: Site) -> None:
    assert said(rule, old, new) == []


def test_a_waiver_counts_on_its_last_day() -> None:
    last = waived(("ROLE-5.one-person", TODAY))
    assert len(said(waivers.added, OLD, last)) == 1
    assert said(waivers.expired, ADVICE, last) == []


def broken(old: Site, new: Site, *rules: str) -> list[tuple[str, str]]:
    found = tuple(Finding(id_, id_.partition(".")[0], Level.ADVICE, Status.FAIL, "so it is") for id_ in rules)
    comparison = replace(compared(old, new), broken=found)
    return [(str(weight(waivers.expired, hit)), whole(hit.sentence)) for hit in waivers.expired.find(comparison)]


def test_a_waiver_is_taken_out_while_the_breach_stands() -> None:
    assert broken(ADVICE, OLD, "ROLE-5.one-person") == [
        ("medium", "nobody waives ROLE-5.one-person any more, and the breach still stands")
    ]
    assert broken(waived(("ROLE-5", SOON)), OLD, "ROLE-5.one-person") == [
        ("medium", "nobody waives ROLE-5 any more, and the breach still stands")
    ]


def test_a_waiver_that_is_taken_out_when_all_is_well_is_no_risk() -> None:
    assert broken(ADVICE, OLD) == []
    assert broken(ADVICE, OLD, "ROLE-1.postmaster-abuse") == []
    assert broken(waived(("ROLE-5.one-person", OVER)), OLD) == []


def test_a_waiver_ends_on_a_day_that_is_over() -> None:
    over = waived(("ROLE-5.one-person", OVER))
    assert said(waivers.expired, ADVICE, over) == [
        ("medium", f"the waiver of ROLE-5.one-person ends on {OVER.isoformat()}, which is over")
    ]
    assert said(waivers.expired, over, over) == []
    assert said(waivers.expired, ADVICE, ADVICE) == []
