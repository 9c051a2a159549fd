"""The site that is described whole with one thing wrong, found out for exactly what was written down
(tests/support/known_bad_whole.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright.rehearsal.rehearse import Stage
from support.known_bad import Mutant
from support.known_bad_whole import WHOLE, examined_whole


@pytest.mark.parametrize("mutant", WHOLE, ids=lambda mutant: mutant.name)
def test_exactly_what_was_written_down_is_found(stage: Stage, mutant: Mutant, tmp_path: Path) -> None:
    seen = examined_whole(stage, mutant, tmp_path)
    print(seen)
    assert (seen.fails, seen.unproven) == (mutant.fails, mutant.unproven)
