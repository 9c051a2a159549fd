"""From observations to findings."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from mailwright import plan
from mailwright.audit import runner
from mailwright.audit.model import Context, Observation, Phase, Probe
from mailwright.findings import Finding, Level, Status, Target
from support.example import load_example

CONTEXT = Context(plan.make(load_example()), "127.0.0.1", {}, None, None, ())


def level(_requirement: str) -> Level:
    return Level.MUST


def probe(
    *seen: Observation | Exception, id_: str = "group.probe", negative: bool = False, phase: Phase = Phase.MAIN
) -> Probe:
    def run(_context: Context) -> Iterator[Observation]:
        for item in seen:
            if isinstance(item, Exception):
                raise item
            yield item

    return Probe(id_, ("ADDR-1", "ADDR-2"), "outside", "A title", run, negative, phase)


def saw(ok: bool | None, twin: bool = False) -> Observation:
    return Observation("what", "seen", ok, twin, Target("host", 25))


PASS, FAIL, UNPROVEN = Status.PASS, Status.FAIL, Status.NOT_PROVEN


@pytest.mark.parametrize(
    ("seen", "negative", "wanted"),
    [
        ((saw(True),), False, PASS),
        ((saw(True), saw(False)), False, FAIL),
        ((saw(None), saw(False)), False, FAIL),
        ((saw(True), saw(None)), False, UNPROVEN),
        ((), False, UNPROVEN),
        ((saw(True),), True, UNPROVEN),  # refused, but was anybody there?
        ((saw(True), saw(True, twin=True)), True, PASS),
        ((saw(True), saw(False, twin=True)), True, UNPROVEN),
        ((saw(True), saw(False, twin=True)), False, UNPROVEN),
        ((saw(True), saw(True, twin=True), saw(None, twin=True)), True, UNPROVEN),
        ((saw(False), saw(False, twin=True)), True, FAIL),
        ((saw(True, twin=True),), True, UNPROVEN),  # a twin alone is no evidence
    ],
)
def test_the_verdict(seen: tuple[Observation, ...], negative: bool, wanted: Status) -> None:
    assert runner.status(probe(negative=negative), seen) is wanted


def test_a_finding_for_each_requirement_with_what_failed_first() -> None:
    found = runner.run([probe(saw(True), saw(False))], CONTEXT, level)
    assert [finding.requirement for finding in found] == ["ADDR-1", "ADDR-2"]
    assert {finding.status for finding in found} == {FAIL}
    assert found[0].target == Target("host", 25)
    assert found[0].evidence.splitlines() == ["2 observations: 1 as wanted, 1 not, 0 not tried", "what: seen"]


def test_an_oserror_is_not_proven_and_what_was_seen_counts() -> None:
    found = runner.run([probe(saw(True), ConnectionRefusedError("nobody there"))], CONTEXT, level)
    assert found[0].status is UNPROVEN
    assert "nobody there" in found[0].evidence
    found = runner.run([probe(saw(False), TimeoutError("late"))], CONTEXT, level)
    assert found[0].status is FAIL


def test_another_error_is_a_fault_of_the_probe() -> None:
    with pytest.raises(ZeroDivisionError):
        runner.run([probe(ZeroDivisionError())], CONTEXT, level)


def test_phases_follow_one_another_whatever_the_order() -> None:
    done: list[str] = []

    def progress(one: Probe, _found: tuple[Finding, ...], _seconds: float) -> None:
        done.append(one.id)

    probes = [
        probe(saw(True), id_="last", phase=Phase.LAST),
        probe(saw(True), id_="late", phase=Phase.LATE),
        probe(saw(True), id_="main"),
    ]
    found = runner.run(probes, CONTEXT, level, progress)
    assert done == ["main", "late", "last"]
    assert [finding.id for finding in found[::2]] == ["last", "late", "main"]


def test_an_interrupt_returns_what_there_is() -> None:
    release = threading.Event()

    def slow(_context: Context) -> Iterator[Observation]:
        release.wait(5)
        yield saw(True)

    def interrupt(_probe: Probe, _found: tuple[Finding, ...], _seconds: float) -> None:
        raise KeyboardInterrupt

    waiting = Probe("slow", ("ADDR-1",), "outside", "Slow", slow)
    started = time.monotonic()
    found = runner.run([probe(saw(True)), waiting], CONTEXT, level, interrupt)
    release.set()
    assert [finding.id for finding in found] == ["group.probe", "group.probe"]
    assert time.monotonic() - started < 2


def test_a_probe_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(_context: Context) -> Iterator[Observation]:
        while True:
            yield saw(True)

    monkeypatch.setattr(runner, "LIMIT", 0.05)
    (found,) = runner.run([Probe("endless", ("ADDR-1",), "outside", "Endless", endless)], CONTEXT, level)
    assert found.status is UNPROVEN
    assert "no time left" in found.evidence
