"""What each worked site can show at best: the verdicts if every probe passed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mailwright.audit import for_site
from mailwright.findings import Finding, Status
from mailwright.rehearsal.rehearse import level, prepare
from mailwright.report.verdicts import Word
from mailwright.requirements.evaluate import evaluate
from mailwright.site.read import read
from support.example import ROOT

_GATES = {"GATE-1", "GATE-2"}
_FOR_PEOPLE = {
    *("WEB-1", "WEB-2", "INT-2", "AUDIT-2", "PRIV-1", "PRIV-2"),
    *("LIST-1", "LIST-2", "LIST-3", "SUPPORT-1", "SUPPORT-2", "AGREE-1"),
}


@pytest.mark.parametrize(
    ("name", "open_"),
    [
        ("example", {"SCALE-2", "AUDIT-4"} | _GATES | _FOR_PEOPLE),
        ("split", {"SCALE-2"} | _GATES | _FOR_PEOPLE),
        ("gateway", {"SCALE-2", "AUDIT-4"} | _FOR_PEOPLE),
        ("whole", {"SCALE-2", "AUDIT-4"} | _GATES),
    ],
)
def test_what_stays_open(name: str, open_: set[str], tmp_path: Path) -> None:
    site = read(ROOT / "inventories" / name / "site.yml").site
    assert site is not None
    prepared = prepare(site, evaluate(site, date(2026, 11, 1)), (), tmp_path)
    passed = [
        Finding(probe.id, requirement, level(requirement), Status.PASS, probe.title)
        for probe in for_site(prepared.plan)
        for requirement in probe.requirements
    ]
    verdicts = prepared.judge(passed)
    assert {verdict.requirement.id for verdict in verdicts if verdict.word is Word.NOT_PROVEN} == open_
    assert not [verdict.requirement.id for verdict in verdicts if verdict.word is Word.NOT_MET]


def test_without_probes_nothing_that_they_show_is_met(tmp_path: Path) -> None:
    site = read(ROOT / "inventories" / "whole" / "site.yml").site
    assert site is not None
    prepared = prepare(site, evaluate(site, date(2026, 11, 1)), (), tmp_path)
    met = {verdict.requirement.id for verdict in prepared.judge(()) if verdict.word is Word.MET}
    assert not met & _FOR_PEOPLE
