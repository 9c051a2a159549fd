"""The catalogue is whole, typed, and claims no more than this version shows."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from mailwright.audit import PROBES
from mailwright.findings import Level
from mailwright.requirements import catalogue
from mailwright.requirements.catalogue import REQUIREMENTS, find

# What no rule, setting or probe of this version shows; an issue that closes a gap takes its id out here.
OPEN = "SCALE-2"


def test_all_52_are_there_once() -> None:
    count = Counter(requirement.id.partition("-")[0] for requirement in REQUIREMENTS)
    assert count == {
        "ADDR": 9, "ROLE": 5, "DNS": 4, "MSG": 5, "RELAY": 3, "GATE": 2, "REMOTE": 2, "WEB": 2, "INT": 4,
        "AUDIT": 6, "LIST": 3, "PRIV": 2, "SUPPORT": 2, "SCALE": 2, "AGREE": 1,
    }  # fmt: skip
    assert len({requirement.id for requirement in REQUIREMENTS}) == len(REQUIREMENTS) == 52


def test_levels_are_the_notes_own() -> None:
    count = Counter(requirement.level for requirement in REQUIREMENTS)
    assert count == {Level.MUST: 20, Level.SHOULD: 9, Level.SHOULD_NOT: 4, Level.ADVICE: 19}


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.id)
def test_a_requirement_says_enough(requirement: catalogue.Requirement) -> None:
    assert requirement.section
    assert requirement.title
    assert requirement.says.endswith(".")
    assert requirement.evidence
    assert len(set(requirement.evidence)) == len(requirement.evidence)
    for text in (
        requirement.gap,
        requirement.limits,
        requirement.absent,
        *(words for _, words in requirement.needs),
    ):
        assert text == "" or text.endswith(".")
        assert "  " not in text


def test_gaps_are_those_that_are_known() -> None:
    assert {requirement.id for requirement in REQUIREMENTS if requirement.gap} == set(OPEN.split())


def test_what_a_requirement_needs_is_a_probe_of_its_own() -> None:
    probes = {(probe.id, requirement) for probe in PROBES for requirement in probe.requirements}
    needed = {(probe, requirement.id) for requirement in REQUIREMENTS for probe, _ in requirement.needs}
    assert needed
    assert needed <= probes


def test_what_is_shown_by_documents_alone_has_a_gap() -> None:
    for requirement in REQUIREMENTS:
        if not {"check", "config", "probe", "attest"} & set(requirement.evidence):
            assert requirement.gap, requirement.id


@pytest.mark.parametrize("id_", ["MSG-4", "ADDR-8", "ADDR-9"])
def test_what_was_tested_is_said(id_: str) -> None:
    requirement = find(id_)
    assert requirement is not None
    assert "Tested is that" in requirement.limits


def test_find() -> None:
    found = find("ROLE-5")
    assert found is not None
    assert found.id == "ROLE-5"
    assert find("ROLE-99") is None


def test_loading_it_loads_no_rule() -> None:
    code = "import sys, mailwright.requirements.catalogue as _; print([m for m in sys.modules if 'rules' in m])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
