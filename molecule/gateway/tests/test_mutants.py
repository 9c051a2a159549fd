"""Gateways with one thing wrong, each found out for exactly what was written down (tests/support/mutants.py)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mailwright.rehearsal.rehearse import Stage
from mailwright.report.verdicts import Word
from support.mutants import GATEWAY_MUTANTS, Mutant, made


@pytest.mark.parametrize("mutant", GATEWAY_MUTANTS, ids=lambda mutant: mutant.name)
def test_exactly_what_was_written_down_is_not_met(stage: Stage, mutant: Mutant, tmp_path: Path) -> None:
    stage.apply(print, project=made(mutant, stage.prepared.project, tmp_path))
    since = time.time()
    try:
        found = stage.probe(lambda _probe, _findings, _seconds: None, since=since)
        judged = stage.prepared.judge(found)
        assert {verdict.requirement.id for verdict in judged if verdict.word is Word.NOT_MET} == mutant.not_met
    finally:
        stage.apply(print)
