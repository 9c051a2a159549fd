"""Each mutant is found for exactly what was written beside it, the unchanged lab for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from mailwright.rehearsal.rehearse import Stage, prepare, staged
from mailwright.requirements.evaluate import evaluate
from support.example import load_example
from support.known_bad import Mutant, examined, examined_together, together, union
from support.live_changes import examine, unchanged

pytestmark = [pytest.mark.hosts, pytest.mark.slow]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("known-bad")
    site = load_example()
    with staged(prepare(site, evaluate(site, date.today()), (), folder), folder, print) as stage:
        stage.apply(print)
        yield stage


@pytest.mark.parametrize("group", together(), ids=lambda group: " ".join(mutant.name for mutant in group))
def test_exactly_what_was_written_down_is_found(stage: Stage, group: tuple[Mutant, ...], tmp_path: Path) -> None:
    """Of some at once; where that is not what was written down of them all, of each alone, which counts."""
    if len(group) > 1:
        seen = examined_together(stage, group, tmp_path)
        print(seen)  # shown when the test fails, and with -rP
        if (seen.fails, seen.unproven) == (union(group), frozenset()):
            return
    for mutant in group:
        seen = examined(stage, mutant, tmp_path)
        print(mutant.name, seen)
        assert (seen.fails, seen.unproven) == (mutant.fails, mutant.unproven), mutant.name


def test_nothing_is_found_on_the_unchanged_lab(stage: Stage) -> None:
    """The twin of all the others, after them: all was put right again, and it was the mutants that were found."""
    seen = examine(stage, unchanged, stage.probes, hurried=False)
    print(seen)
    assert (seen.fails, seen.unproven) == (frozenset(), frozenset())
