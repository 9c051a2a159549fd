"""Each check has a mutant on which it fails, and the registry says nothing that is not so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mailwright.audit import PROBES
from support.known_bad import ANSWERED, EXAMPLE, GATEWAY, SPLIT, TEN
from support.known_bad_whole import WHOLE

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = (*EXAMPLE, *SPLIT, *GATEWAY, *WHOLE)


def test_no_check_is_without_a_mutant() -> None:
    failing = {probe for mutant in MUTANTS for probe in mutant.fails}
    assert failing | ANSWERED.keys() == {probe.id for probe in PROBES}
    assert not failing & ANSWERED.keys()


def test_answers_are_tried_where_it_is_said() -> None:
    for probe, file in ANSWERED.items():
        assert "Status.FAIL" in (ROOT / file).read_text(encoding="utf-8"), probe


def test_mutants_have_names_of_their_own() -> None:
    assert [name for name, count in Counter(mutant.name for mutant in MUTANTS).items() if count > 1] == []


def test_what_is_asked_besides_may_be_found() -> None:
    known = {probe.id for probe in PROBES}
    for mutant in MUTANTS:
        assert mutant.fails | mutant.unproven | mutant.also <= known, mutant.name
        assert not mutant.fails & mutant.unproven, mutant.name


def test_the_ten_of_an_auditor_are_among_them() -> None:
    assert len(TEN) == 10
    assert set(TEN) <= {mutant.name for mutant in EXAMPLE}
