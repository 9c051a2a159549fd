"""The verdict table: all 52, each as it truly is for this site on these releases."""

from __future__ import annotations

import os

import pytest

from mailwright.findings import Finding, Status
from mailwright.rehearsal.rehearse import Stage
from mailwright.report.verdicts import Verdict, Word
from mailwright.requirements.catalogue import REQUIREMENTS

_PLAIN = (
    *(f"ADDR-{number}" for number in range(1, 10)),
    *("ROLE-1", "ROLE-2", "ROLE-4", "ROLE-5"),
    *(f"DNS-{number}" for number in range(1, 5)),
    *(f"MSG-{number}" for number in range(1, 6)),
    *("RELAY-1", "RELAY-2", "RELAY-3", "REMOTE-1", "REMOTE-2", "INT-1", "INT-3", "INT-4"),
    *("AUDIT-1", "AUDIT-3", "SCALE-1"),
)
_GATES = ("GATE-1", "GATE-2")  # shown where there are gateways
# shown where there are lists, webmail, an address book, and pages; that support and operation talk is people's word
_FOR_PEOPLE = (
    *("WEB-1", "WEB-2", "INT-2", "AUDIT-2"),
    *("LIST-1", "LIST-2", "LIST-3", "PRIV-1", "PRIV-2", "SUPPORT-1", "AGREE-1"),
)
_TALK = ("SUPPORT-2",)
_NOT_YET = ("SCALE-2",)

_LOG_HOST = ("AUDIT-4",)  # where another host than the log's own signs it

# Scenario → what is met there, and what this version cannot show there: each says what is missing.
_EXPECTED = {
    "default": (_PLAIN, (*_GATES, *_LOG_HOST, *_FOR_PEOPLE, *_TALK, *_NOT_YET)),
    "debian-12": (_PLAIN, (*_GATES, *_LOG_HOST, *_FOR_PEOPLE, *_TALK, *_NOT_YET)),
    "directory": (_PLAIN, (*_GATES, *_LOG_HOST, *_FOR_PEOPLE, *_TALK, *_NOT_YET)),
    "split": ((*_PLAIN, *_LOG_HOST), (*_GATES, *_FOR_PEOPLE, *_TALK, *_NOT_YET)),
    "gateway": ((*_PLAIN, *_GATES), (*_LOG_HOST, *_FOR_PEOPLE, *_TALK, *_NOT_YET)),
    "provider": (_PLAIN, (*_GATES, *_LOG_HOST, *_FOR_PEOPLE, *_TALK, *_NOT_YET)),
    "whole": ((*_PLAIN, *_FOR_PEOPLE), (*_GATES, *_LOG_HOST, *_NOT_YET)),
}
SCENARIO = os.environ["MOLECULE_SCENARIO_NAME"]
MET, NOT_PROVEN = _EXPECTED[SCENARIO]
ATTESTED = ("ROLE-3", "AUDIT-5", "AUDIT-6", *(_TALK if SCENARIO == "whole" else ()))


def test_all_52_are_judged() -> None:
    assert len(REQUIREMENTS) == 52
    assert sorted((*MET, *ATTESTED, *NOT_PROVEN)) == sorted(each.id for each in REQUIREMENTS)


def test_every_probe_ran_and_passed(stage: Stage, probed: tuple[Finding, ...]) -> None:
    assert {finding.id for finding in probed} == {probe.id for probe in stage.probes}
    assert [str(finding) for finding in probed if finding.status is not Status.PASS] == []


@pytest.mark.parametrize("id_", MET)
def test_met(verdicts: dict[str, Verdict], id_: str) -> None:
    assert verdicts[id_].word is Word.MET, verdicts[id_].missing
    assert verdicts[id_].evidence


@pytest.mark.parametrize("id_", ATTESTED)
def test_attested(verdicts: dict[str, Verdict], id_: str) -> None:
    assert verdicts[id_].word is Word.ATTESTED, verdicts[id_].missing
    assert any(item.kind == "attest" for item in verdicts[id_].evidence)


@pytest.mark.parametrize("id_", NOT_PROVEN)
def test_not_proven_says_what_is_missing(verdicts: dict[str, Verdict], id_: str) -> None:
    assert verdicts[id_].word is Word.NOT_PROVEN
    requirement = verdicts[id_].requirement
    nobodys_word = id_ in _TALK and "attest" in requirement.evidence  # these sites do not vouch for it
    assert requirement.gap or requirement.absent or requirement.needs or nobodys_word
    assert verdicts[id_].missing
