"""The site that is described whole with one thing wrong, or some of different kinds, found out for exactly what was
written down (tests/support/known_bad_whole.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright.rehearsal.rehearse import Stage
from support.known_bad import Mutant, together, union
from support.known_bad_whole import KINDS, examined_whole


@pytest.mark.parametrize("group", together(KINDS), ids=lambda group: " ".join(mutant.name for mutant in group))
def test_exactly_what_was_written_down_is_found(stage: Stage, group: tuple[Mutant, ...], tmp_path: Path) -> None:
    """Of some at once; where that is not what was written down of them all, of each alone, which counts."""
    if len(group) > 1:
        seen = examined_whole(stage, group, tmp_path)
        print(seen)
        if (seen.fails, seen.unproven) == (union(group), frozenset()):
            return
    for mutant in group:
        seen = examined_whole(stage, (mutant,), tmp_path)
        print(mutant.name, seen)
        assert (seen.fails, seen.unproven) == (mutant.fails, mutant.unproven), mutant.name
