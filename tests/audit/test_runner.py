"""From observations to findings."""

from __future__ import annotations

import signal
import subprocess
import sys
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
    found = runner.run([probe(saw(True), saw(False))], CONTEXT, level).findings
    assert [finding.requirement for finding in found] == ["ADDR-1", "ADDR-2"]
    assert {finding.status for finding in found} == {FAIL}
    assert found[0].target == Target("host", 25)
    assert found[0].evidence.splitlines() == ["2 observations: 1 as wanted, 1 not, 0 not tried", "what: seen"]


def test_an_oserror_is_not_proven_and_what_was_seen_counts() -> None:
    found = runner.run([probe(saw(True), ConnectionRefusedError("nobody there"))], CONTEXT, level).findings
    assert found[0].status is UNPROVEN
    assert "nobody there" in found[0].evidence
    found = runner.run([probe(saw(False), TimeoutError("late"))], CONTEXT, level).findings
    assert found[0].status is FAIL


@pytest.mark.parametrize("error", [ZeroDivisionError("by nought"), UnicodeError("\udc80"), MemoryError()])
def test_another_error_is_not_proven_says_where_and_the_others_go_on(error: Exception) -> None:
    ran = runner.run([probe(saw(True), error), probe(saw(True), id_="other")], CONTEXT, level)
    assert [finding.status for finding in ran.findings] == [UNPROVEN, UNPROVEN, PASS, PASS]
    assert f"[{type(error).__name__}, test_runner.py line" in ran.findings[0].evidence
    assert ran.complete


def test_phases_follow_one_another_whatever_the_order() -> None:
    done: list[str] = []

    def progress(one: Probe, _found: tuple[Finding, ...], _seconds: float) -> None:
        done.append(one.id)

    probes = [
        probe(saw(True), id_="last", phase=Phase.LAST),
        probe(saw(True), id_="late", phase=Phase.LATE),
        probe(saw(True), id_="main"),
    ]
    found = runner.run(probes, CONTEXT, level, progress).findings
    assert done == ["main", "late", "last"]
    assert [finding.id for finding in found[::2]] == ["last", "late", "main"]


def hanging(id_: str, release: threading.Event, *first: Observation) -> Probe:
    """Sees something, then does not come back from a call."""

    def run(_context: Context) -> Iterator[Observation]:
        yield from first
        release.wait(20)
        yield saw(False)

    return Probe(id_, ("ADDR-1",), "outside", "Hangs", run)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_an_interrupt_returns_what_there_is(release: threading.Event) -> None:
    def interrupt(_probe: Probe, _found: tuple[Finding, ...], _seconds: float) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    probes = [
        probe(saw(True), id_="done"),
        hanging("seen", release, saw(True)),
        probe(saw(True), id_="not-begun", phase=Phase.LAST),
    ]
    ran = runner.run(probes, CONTEXT, level, interrupt)
    assert time.monotonic() - started < 15
    assert not ran.complete
    by_id = {finding.id: finding for finding in ran.findings}
    assert [finding.id for finding in ran.findings] == ["done", "done", "seen", "not-begun", "not-begun"]
    assert by_id["done"].status is PASS
    assert by_id["seen"].status is UNPROVEN
    assert "2 observations: 1 as wanted" in by_id["seen"].evidence
    assert "the rest of the probe: was not tried: interrupted" in by_id["seen"].evidence
    assert by_id["not-begun"].status is UNPROVEN
    assert "the probe: was not tried: interrupted" in by_id["not-begun"].evidence


def test_an_interrupt_while_it_waits(release: threading.Event) -> None:
    """As the terminal sends it: whatever the main thread does just then."""

    def soon(_probe: Probe, _found: tuple[Finding, ...], _seconds: float) -> None:
        threading.Timer(0.2, signal.raise_signal, (signal.SIGINT,)).start()

    ran = runner.run([hanging("hangs", release), probe(saw(False), id_="fails")], CONTEXT, level, soon)
    assert [finding.status for finding in ran.findings] == [UNPROVEN, FAIL, FAIL]
    assert not ran.complete


def test_a_probe_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    cleared = threading.Event()

    def endless(_context: Context) -> Iterator[Observation]:
        try:
            while True:
                yield saw(True)
        finally:
            cleared.set()

    monkeypatch.setattr(runner, "LIMIT", 0.05)
    (found,) = runner.run([Probe("endless", ("ADDR-1",), "outside", "Endless", endless)], CONTEXT, level).findings
    assert found.status is UNPROVEN
    assert "no time left" in found.evidence
    assert cleared.is_set()


def test_a_probe_that_hangs_is_left_behind_and_the_others_go_on(
    release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "GRACE", 0.1)
    told: list[str] = []
    probes = [
        hanging("one", release, saw(True)),
        hanging("two", release, saw(False)),
        probe(saw(True), id_="third"),
        probe(saw(True), id_="later", phase=Phase.LAST),
    ]
    ran = runner.run(probes, CONTEXT, level, lambda one, _found, _seconds: told.append(one.id), jobs=2, each=1.0)
    assert [finding.status for finding in ran.findings] == [UNPROVEN, FAIL, PASS, PASS, PASS, PASS]
    assert "it hung, and was given up after" in ran.findings[0].evidence
    assert sorted(told) == ["later", "one", "third", "two"]
    assert ran.complete


def test_the_whole_has_a_bound(release: threading.Event) -> None:
    started = time.monotonic()
    probes = [
        probe(saw(True), id_="done"),
        hanging("hangs", release),
        probe(saw(True), id_="last", phase=Phase.LAST),
    ]
    ran = runner.run(probes, CONTEXT, level, limit=1.0)
    assert time.monotonic() - started < 15
    assert [finding.status for finding in ran.findings] == [PASS, PASS, UNPROVEN, UNPROVEN, UNPROVEN]
    assert "the rest of the probe: was not tried: no time left" in ran.findings[2].evidence
    assert "the probe: was not tried: no time left" in ran.findings[3].evidence
    assert not ran.complete


HANGS = """
import threading, sys
from mailwright.audit import roads, runner
from mailwright.audit.model import Observation, Probe

def hang(context):
    yield Observation("what", "seen", True)
    yield from roads.side_by_side([1, 2], lambda _: threading.Event().wait())

ran = runner.run([Probe("hangs", ("ADDR-1",), "outside", "Hangs", hang)], None, lambda _: None, limit=0.2)
print(ran.findings[0].status)
"""


def test_the_process_ends_though_threads_hang() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "not-proven\n"
