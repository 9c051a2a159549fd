"""Gateways with one thing wrong, each found out for exactly what was written down (tests/support/mutants.py)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailwright.rehearsal.rehearse import Stage
from mailwright.report.verdicts import Word
from support.mutants import GATEWAY_MUTANTS, Mutant, made

ONLY = ("--tags", "postfix")  # the role that the mutants change


@pytest.fixture(scope="module", autouse=True)
def put_right(stage: Stage) -> Iterator[None]:
    yield
    stage.apply(print, *ONLY)


@pytest.mark.parametrize("mutant", GATEWAY_MUTANTS, ids=lambda mutant: mutant.name)
def test_exactly_what_was_written_down_is_not_met(stage: Stage, mutant: Mutant, tmp_path: Path) -> None:
    # This also puts right what the mutant before had changed.
    stage.apply(print, *ONLY, project=made(mutant, stage.prepared.project, tmp_path))
    found = stage.probe(lambda _probe, _findings, _seconds: None, since=time.time()).findings
    judged = stage.prepared.judge(found)
    assert {verdict.requirement.id for verdict in judged if verdict.word is Word.NOT_MET} == mutant.not_met
