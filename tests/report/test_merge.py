"""Several runs, several places to look from, two worlds: what counts and what does not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta, timezone
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.findings import Finding, Status
from mailwright.report import merge
from mailwright.report.evidence import Run
from mailwright.report.merge import Mark, Needed, Sighting
from mailwright.report.verdicts import Verdict, Word, verdicts
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.requirements.model import Requirement
from support.runs import NOW, PLAN, file_of, found, run

TODAY = NOW.date()
PASS, FAIL, OPEN = Status.PASS, Status.FAIL, Status.NOT_PROVEN
ONE = {"RELAY-2": Needed(("relay.one",))}
TWO = {"RELAY-2": Needed(("relay.one", "relay.two"))}
WHAT = Requirement("RELAY-2", "Relaying", next(iter(REQUIREMENTS)).level, "Title", "Says.", ("probe",))


def one(status: Status, id_: str = "relay.one") -> Finding:
    return found(status, id_, "RELAY-2")


def merged(runs: Iterable[Run], wanted: dict[str, Needed] = ONE) -> tuple[Sighting, ...]:
    return merge.merge(merge.sources(map(file_of, runs), PLAN, TODAY), wanted)


def judged(runs: Iterable[Run], wanted: dict[str, Needed] = ONE) -> Verdict:
    (verdict,) = verdicts((WHAT,), (), {}, merged(runs, wanted), wanted)
    return verdict


def shown(runs: Iterable[Run], wanted: dict[str, Needed] = ONE) -> list[tuple[str, str, str]]:
    """Label of the run, status and note of each sighting."""
    return [
        (item.source.label if item.source else "", item.finding.status.value, item.note)
        for item in merged(runs, wanted)
    ]


@pytest.mark.parametrize(
    ("older", "newer", "word"),
    [
        (PASS, PASS, Word.MET),
        (FAIL, PASS, Word.MET),
        (PASS, FAIL, Word.NOT_MET),
        (FAIL, FAIL, Word.NOT_MET),
        (OPEN, PASS, Word.MET),
        (OPEN, FAIL, Word.NOT_MET),
        # a place from which it cannot be seen takes nothing back
        (PASS, OPEN, Word.MET),
        (FAIL, OPEN, Word.NOT_MET),
        (OPEN, OPEN, Word.NOT_PROVEN),
    ],
)
def test_within_a_world_the_newest_that_proved_something_stands(older: Status, newer: Status, word: Word) -> None:
    runs = [run(one(older), days=2), run(one(newer), days=1, vantages=("inside",))]
    assert judged(runs).word is word
    assert judged(reversed(runs)).word is word


@pytest.mark.parametrize(
    ("live", "rehearsed", "word"),
    [
        (PASS, PASS, Word.MET),
        (FAIL, PASS, Word.NOT_MET),
        (PASS, FAIL, Word.NOT_MET),
        (OPEN, PASS, Word.MET),
        (PASS, OPEN, Word.MET),
        (OPEN, FAIL, Word.NOT_MET),
        (OPEN, OPEN, Word.NOT_PROVEN),
    ],
)
@pytest.mark.parametrize("days", [(1, 2), (2, 1)])
def test_between_the_worlds_a_failure_is_never_outweighed(
    live: Status, rehearsed: Status, word: Word, days: tuple[int, int]
) -> None:
    runs = [run(one(live), days=days[0]), run(one(rehearsed), days=days[1], kind="rehearsal")]
    assert judged(runs).word is word


def test_what_could_not_be_seen_in_one_world_and_was_in_the_other_is_shown_and_does_not_count() -> None:
    runs = [run(one(OPEN)), run(one(PASS), kind="rehearsal")]
    assert shown(runs) == [("L1", "not-proven", "shown by another run"), ("R1", "pass", "")]


def test_three_places_make_one_picture() -> None:
    ids = ("relay.outside", "relay.inside", "relay.host")
    wanted = {"RELAY-2": Needed(ids)}
    runs = [
        run(*(one(PASS if id_ == f"relay.{place}" else OPEN, id_) for id_ in ids), vantages=(place,), days=number)
        for number, place in enumerate(("outside", "inside", "host"))
    ]
    assert judged(runs, wanted).word is Word.MET
    assert [item.finding.status for item in merged(runs, wanted)] == [PASS] * 3
    assert judged(runs[:2], wanted).word is Word.NOT_PROVEN


def test_an_interrupted_run_counts_for_what_it_saw_and_is_no_proof_of_the_rest() -> None:
    broken = run(one(PASS, "relay.one"), complete=False)
    verdict = judged([broken], TWO)
    assert (verdict.word, verdict.missing) == (Word.NOT_PROVEN, ("without a result that counts: relay.two",))
    assert judged([broken, run(one(PASS, "relay.two"), days=3)], TWO).word is Word.MET


def test_a_probe_that_never_ran_is_missing_even_if_others_passed() -> None:
    assert judged([run(one(PASS))], TWO).word is Word.NOT_PROVEN
    assert judged([run(one(PASS), one(PASS, "relay.two"))], TWO).word is Word.MET


def test_the_same_run_twice_is_one() -> None:
    made = run(one(PASS))
    found_ = merge.sources([("a.json", "1" * 64, made), ("copy of a.json", "2" * 64, made)], PLAN, TODAY)
    assert [(source.label, source.name) for source in found_] == [("L1", "a.json")]


def test_runs_are_named_live_ones_first_from_old_to_new() -> None:
    runs = [run(days=1, kind="rehearsal"), run(days=1), run(days=2)]
    sources = merge.sources(map(file_of, runs), PLAN, TODAY)
    assert [(source.label, source.run) for source in sources] == [("L1", runs[2]), ("L2", runs[1]), ("R1", runs[0])]


@pytest.mark.parametrize(
    ("made", "mark"),
    [
        (run(days=0), Mark.NONE),
        (run(days=92), Mark.NONE),
        (run(days=93), Mark.STALE),
        (run(days=-1), Mark.NONE),  # east of here it is tomorrow
        (run(days=-2), Mark.FUTURE),
        (run(plan="f" * 64), Mark.OTHER),
        (run(plan="f" * 64, days=93), Mark.OTHER),
        (run(ended=NOW.astimezone(timezone(timedelta(hours=14)))), Mark.NONE),
    ],
)
def test_runs_are_marked(made: Run, mark: Mark) -> None:
    (source,) = merge.sources([file_of(made)], PLAN, TODAY)
    assert source.mark is mark


@pytest.mark.parametrize(
    ("made", "note"),
    [
        (run(one(PASS), days=93), "stale"),
        (run(one(PASS), plan="f" * 64), "made for another description"),
        (run(one(PASS), days=-2), "dated in the future"),
    ],
)
def test_a_marked_pass_proves_nothing_and_is_shown(made: Run, note: str) -> None:
    assert shown([made]) == [("L1", "pass", note)]
    assert judged([made]).word is Word.NOT_PROVEN
    both = [made, run(one(PASS), kind="rehearsal")]
    assert judged(both).word is Word.MET


def test_a_stale_failure_stands_until_something_newer_passes() -> None:
    old = run(one(FAIL), days=200)
    assert judged([old]).word is Word.NOT_MET
    assert judged([old, run(one(OPEN))]).word is Word.NOT_MET
    assert judged([old, run(one(PASS))]).word is Word.MET
    # A pass that is stale itself overtakes the failure, but proves nothing any more.
    assert judged([old, run(one(PASS), days=150)]).word is Word.NOT_PROVEN


@pytest.mark.parametrize("parts", [{"plan": "f" * 64}, {"days": -2}])
def test_a_failure_that_cannot_be_placed_is_shown_and_counts_for_nothing(parts: dict[str, object]) -> None:
    strange = run(one(FAIL), **parts)  # type: ignore[arg-type]
    assert judged([strange]).word is Word.NOT_PROVEN
    assert judged([strange, run(one(PASS))]).word is Word.MET
    assert [note for _, _, note in shown([strange])] != [""]


def test_a_clock_in_the_future_overtakes_nothing() -> None:
    assert judged([run(one(FAIL)), run(one(PASS), days=-40)]).word is Word.NOT_MET
    assert judged([run(one(PASS)), run(one(FAIL), days=-40)]).word is Word.MET


def test_a_probe_that_this_version_does_not_have_proves_nothing_but_its_failure_stands() -> None:
    old = [run(one(PASS)), run(one(PASS, "relay.gone"))]
    assert ("L2", "pass", "this version has no such probe") in shown(old)
    assert judged(old[1:]).word is Word.NOT_PROVEN
    assert judged([*old, run(one(FAIL, "relay.gone"), days=-1)]).word is Word.NOT_MET
    assert judged([run(one(PASS)), run(one(OPEN, "relay.gone"))]).word is Word.MET


def test_a_probe_proves_nothing_for_a_requirement_that_it_does_not_name() -> None:
    stray = run(found(PASS, "relay.one", "RELAY-2"))
    assert judged([stray], {"RELAY-1": Needed(("relay.one",))}).word is Word.NOT_PROVEN


def test_of_two_results_that_ended_together_the_failure_stands() -> None:
    assert judged([run(one(PASS)), run(one(FAIL), vantages=("inside",))]).word is Word.NOT_MET
    assert judged([run(one(FAIL), one(PASS))]).word is Word.NOT_MET


RUNS = st.lists(
    st.builds(
        lambda statuses, days, kind, plan, place: run(
            *(one(status, id_) for id_, status in statuses.items()),
            days=days,
            kind=kind,
            plan=plan,
            vantages=(place,),
        ),
        st.dictionaries(
            st.sampled_from(("relay.one", "relay.two", "relay.gone")), st.sampled_from((PASS, FAIL, OPEN))
        ),
        st.sampled_from((-5, 0, 1, 2, 91, 93, 300)),
        st.sampled_from(("audit", "rehearsal")),
        st.sampled_from((PLAN, "f" * 64)),
        st.sampled_from(("outside", "inside", "host")),
    ),
    max_size=6,
)


@given(RUNS, st.randoms(use_true_random=False))
def test_the_order_of_the_files_and_copies_of_them_make_no_difference(runs: list[Run], order: Random) -> None:
    shuffled = [*runs, *runs[:2]]
    order.shuffle(shuffled)
    assert judged(shuffled, TWO).word is judged(runs, TWO).word


@given(RUNS)
def test_a_run_that_shows_nothing_takes_nothing_back(runs: list[Run]) -> None:
    word = judged(runs, TWO).word
    assert judged([*runs, run(one(OPEN), one(OPEN, "relay.two"))], TWO).word is word


@given(RUNS)
def test_a_failure_of_today_is_never_outweighed(runs: list[Run]) -> None:
    for kind in ("audit", "rehearsal"):
        assert judged([*runs, run(one(FAIL), days=-1, kind=kind)], TWO).word is Word.NOT_MET


@given(RUNS)
def test_met_needs_a_sound_pass_of_each_probe_and_no_sound_failure_that_is_newer(runs: list[Run]) -> None:
    sound = [each for each in runs if each.plan == PLAN and timedelta(days=-1) <= NOW - each.ended]
    fresh = [each for each in sound if NOW - each.ended <= timedelta(days=92)]
    passed = {item.id for each in fresh for item in each.findings if item.status is PASS}
    if judged(runs, TWO).word is Word.MET:
        assert {"relay.one", "relay.two"} <= passed
    if not any(item.status is FAIL for each in sound for item in each.findings):
        assert judged(runs, TWO).word is (Word.MET if {"relay.one", "relay.two"} <= passed else Word.NOT_PROVEN)
