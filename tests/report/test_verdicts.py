"""A verdict is never better than its evidence: each piece that is taken away shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mailwright.findings import Finding, Level, Status, Target
from mailwright.report.mentions import Mention
from mailwright.report.merge import Sighting
from mailwright.report.verdicts import Verdict, Word, verdicts
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.requirements.model import Evidence, Requirement

SETTINGS = {"X-1": (Mention("hosts/a/main.cf", (3,), 1),)}


def requirement(*evidence: Evidence, gap: str = "", level: Level = Level.MUST) -> Requirement:
    return Requirement("X-1", "Section", level, "Title", "Says.", evidence, gap)


def finding(status: Status, id_: str = "X-1.rule", text: str = "text", evidence: str = "") -> Finding:
    return Finding(id_, "X-1", Level.MUST, status, text, evidence=evidence)


def probe(status: Status) -> Finding:
    return Finding("x.probe", "X-1", Level.MUST, status, "tried", target=Target("mail", 25))


PASSED = (finding(Status.PASS),)
ATTESTED = finding(Status.ATTESTED, "X-1.attestation", "We do.", "Rosa, 2026-01-12")
FULL = requirement("check", "config", "probe")


def judge(
    what: Requirement = FULL,
    checks: Sequence[Finding] = PASSED,
    settings: dict[str, tuple[Mention, ...]] = SETTINGS,
    probes: Sequence[Finding] | None = (probe(Status.PASS),),
) -> Verdict:
    seen = None if probes is None else [Sighting(finding) for finding in probes]
    (verdict,) = verdicts((what,), checks, settings, seen)
    return verdict


def test_all_evidence_there_and_passed_is_met() -> None:
    verdict = judge()
    assert (verdict.word, verdict.missing, verdict.waived) == (Word.MET, (), False)
    assert [item.kind for item in verdict.evidence] == ["check", "config", "probe"]
    assert verdict.evidence[1].source == "hosts/a/main.cf:3"


@pytest.mark.parametrize(
    ("parts", "missing"),
    [
        ({"checks": ()}, "no rule over the description passed"),
        ({"settings": {}}, "no rendered setting carries it"),
        ({"probes": None}, "not rehearsed yet"),
        ({"probes": ()}, "no probe passed"),
        ({"probes": (probe(Status.PASS), probe(Status.NOT_PROVEN))}, "mail port 25: tried"),
        ({"what": requirement("check", "config", "probe", gap="The border.")}, "The border."),
        ({"checks": (*PASSED, finding(Status.NOT_PROVEN, text="a live set"))}, "a live set"),
    ],
)
def test_each_piece_that_lacks_is_not_proven_and_named(parts: dict[str, object], missing: str) -> None:
    verdict = judge(**parts)  # type: ignore[arg-type]
    assert verdict.word is Word.NOT_PROVEN
    assert verdict.missing == (missing,)


@pytest.mark.parametrize("parts", [{"checks": (*PASSED, finding(Status.FAIL))}, {"probes": (probe(Status.FAIL),)}])
def test_one_failure_is_not_met_whatever_else_passed(parts: dict[str, object]) -> None:
    verdict = judge(**parts)  # type: ignore[arg-type]
    assert verdict.word is Word.NOT_MET
    assert not verdict.waived
    assert verdict.missing[0].endswith(("text", "tried"))


def test_a_failure_outweighs_a_gap() -> None:
    what = requirement("check", "config", "probe", gap="The border.")
    assert judge(what, probes=(probe(Status.FAIL),)).word is Word.NOT_MET


def test_what_a_requirement_needs_is_said_where_a_site_cannot_have_it() -> None:
    """A probe of the same requirement passed; the one on which it hangs was not run, or did not pass."""
    for_want_of = replace(FULL, needs=(("x.other", "There is no log host."),))
    verdict = judge(for_want_of)
    assert (verdict.word, verdict.missing) == (Word.NOT_PROVEN, ("There is no log host.",))
    other = Finding("x.other", "X-1", Level.MUST, Status.PASS, "tried", target=Target("mail", 25))
    assert judge(for_want_of, probes=(probe(Status.PASS), other)).word is Word.MET
    assert judge(for_want_of, probes=None).missing == ("not rehearsed yet",)


def test_what_is_waived_is_not_met_and_says_that_it_is_waived() -> None:
    waived = finding(Status.WAIVED, text="too wide", evidence="waived until 2026-12-31 by Rosa: a reason")
    verdict = judge(checks=(waived,))
    assert (verdict.word, verdict.waived) == (Word.NOT_MET, True)
    assert "waived until 2026-12-31" in verdict.missing[0]
    assert not judge(checks=(waived, finding(Status.FAIL))).waived


def test_where_only_people_can_tell_it_is_attested_or_not_proven() -> None:
    what = requirement("check", "attest")
    assert judge(what, (*PASSED, ATTESTED)).word is Word.ATTESTED
    assert judge(what, (ATTESTED,)).missing == ("no rule over the description passed",)
    assert judge(what).missing == ("nobody attests it in the description",)
    (item,) = [item for item in judge(what, (*PASSED, ATTESTED)).evidence if item.kind == "attest"]
    assert (item.source, item.text) == ("Rosa, 2026-01-12", "We do.")


def test_an_attestation_does_not_stand_for_a_probe() -> None:
    assert judge(requirement("attest", "probe"), (ATTESTED,), probes=None).missing == ("not rehearsed yet",)


def test_evidence_of_another_requirement_does_not_count() -> None:
    other = Finding("Y-1.rule", "Y-1", Level.MUST, Status.PASS, "text")
    assert judge(checks=(other,)).word is Word.NOT_PROVEN


def test_with_no_evidence_at_all_nothing_in_the_catalogue_is_met_or_attested() -> None:
    rows = verdicts(REQUIREMENTS, (), {}, None)
    assert len(rows) == 52
    assert {row.word for row in rows} == {Word.NOT_PROVEN}
    assert all(row.missing for row in rows)
