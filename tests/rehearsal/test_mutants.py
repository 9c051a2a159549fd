"""A failed probe fails the run: deployments with one thing wrong, each found out for exactly what it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from mailwright.findings import Status
from mailwright.rehearsal.lab import read_fragments
from mailwright.rehearsal.rehearse import Stage, prepare, staged
from mailwright.report.verdicts import Word
from mailwright.requirements.evaluate import evaluate
from support.example import load_example
from support.mutants import MUTANTS, Mutant, made

pytestmark = [pytest.mark.hosts, pytest.mark.slow]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("mutants")
    site = load_example()
    with staged(prepare(site, evaluate(site, date.today()), (), folder), folder, print) as stage:
        stage.apply(print)
        yield stage


def not_met(stage: Stage, since: float) -> set[str]:
    found = stage.probe(lambda _probe, _findings, _seconds: None, since=since).findings
    for finding in found:
        if finding.status is not Status.PASS:  # shown when the test fails
            print(f"{finding.id} {finding.requirement} {finding.status}: {finding.evidence}")
    return {verdict.requirement.id for verdict in stage.prepared.judge(found) if verdict.word is Word.NOT_MET}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_exactly_what_was_written_down_is_not_met(stage: Stage, mutant: Mutant, tmp_path: Path) -> None:
    fragments = read_fragments(stage.prepared.project / "dns")
    if mutant.records is not None:
        kept = {
            zone: "".join(line for line in text.splitlines(keepends=True) if mutant.records(line))
            for zone, text in fragments.items()
        }
        assert kept != fragments
        stage.lab.serve(kept)
    if mutant.border is not None:
        changed = mutant.border(stage.border)
        assert changed != stage.border
        stage.lab.border(changed)
    # This also puts right what the mutant before had changed.
    stage.apply(print, project=made(mutant, stage.prepared.project, tmp_path))
    try:
        assert not_met(stage, time.time()) == mutant.not_met
    finally:
        if mutant.records is not None:
            stage.lab.serve(fragments)
        if mutant.border is not None:
            stage.lab.border(stage.border)


def test_the_unchanged_deployment_has_nothing_that_is_not_met(stage: Stage) -> None:
    """The twin of all the others: it is the mutants that were found, not the probes that always complain."""
    stage.apply(print)
    assert not_met(stage, time.time()) == set()
