"""Gateways with one thing wrong, each found out for exactly what was written down (tests/support/known_bad.py)."""

from __future__ import annotations

import pytest

from mailwright.rehearsal.rehearse import Stage
from support.known_bad import GATEWAY, Mutant, examined_besides


@pytest.mark.parametrize("mutant", GATEWAY, ids=lambda mutant: mutant.name)
def test_exactly_what_was_written_down_is_found(stage: Stage, mutant: Mutant) -> None:
    seen = examined_besides(stage, mutant)
    print(seen)
    assert (seen.fails, seen.unproven) == (mutant.fails, mutant.unproven)
