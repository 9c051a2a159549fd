"""Run probes side by side and turn what they saw into findings.

Whatever the other side does, a run ends in its time: a probe that hangs, or that an answer breaks, is *not proven*
with what it had seen, and the others go on.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import field
from pathlib import PurePath
from queue import Empty, SimpleQueue
from threading import Event
from traceback import extract_tb

from mailwright.audit.model import Context, Observation, Phase, Probe
from mailwright.audit.wire import words
from mailwright.findings import Finding, Level, Status
from mailwright.records import dataclass

LIMIT = 300.0  # seconds for one probe
GRACE = 15.0  # and for one that is over time, to leave things as they were; then it is left behind
_SLICE = 0.2  # seconds between two looks at the clock, and for an interrupt to be heard
_SHOWN = 3  # observations that evidence quotes
_REST = "the rest of the probe"

Progress = Callable[[Probe, tuple[Finding, ...], float], None]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of probes found.

    findings  in the order of the probes, one for each requirement that a probe names; *not proven* for what was
              not tried
    complete  every probe ran: there was no interrupt, and time for all of them
    """

    findings: tuple[Finding, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Begun:
    """A probe at work in a thread of its own, where ``seen`` grows."""

    probe: Probe
    started: float = field(default_factory=time.monotonic)
    stop: Event = field(default_factory=Event)
    seen: list[Observation] = field(default_factory=list)


def run(
    probes: Iterable[Probe],
    context: Context,
    levels: Callable[[str], Level],
    on_progress: Progress = lambda _probe, _findings, _seconds: None,
    jobs: int = 6,
    limit: float = math.inf,
    each: float | None = None,
) -> Ran:
    """Findings of all probes.

    levels       the level of a requirement (requirements.catalogue)
    on_progress  is told of each probe that has ended, with its findings and the seconds it took
    jobs         probes at a time
    limit        seconds for all of them
    each         seconds for one probe; None: LIMIT

    An interrupt (KeyboardInterrupt) ends the run, and what is known by then is returned. A probe that hangs in a
    call is left behind in its thread, which does not keep the process from ending.
    """
    asked = tuple(probes)
    allowed = LIMIT if each is None else each
    end = time.monotonic() + limit
    begun: dict[int, _Begun] = {}  # by the probe's place in ``asked``
    found: dict[int, tuple[Finding, ...]] = {}
    ended: SimpleQueue[int] = SimpleQueue()

    def begin(place: int) -> None:
        one = begun[place] = _Begun(asked[place])

        def work() -> None:
            try:
                _observe(one, context, allowed)
            finally:
                ended.put(place)

        threading.Thread(target=work, name=one.probe.id, daemon=True).start()

    def conclude(place: int, *further: Observation) -> None:
        one = begun[place]
        one.stop.set()
        found[place] = judge(one.probe, (*one.seen, *further), levels)
        on_progress(one.probe, found[place], time.monotonic() - one.started)

    def through(places: deque[int]) -> None:
        running: set[int] = set()
        while (places or running) and time.monotonic() < end:
            while places and len(running) < jobs:
                running.add(places[0])
                begin(places.popleft())
            try:
                place = ended.get(timeout=min(_SLICE, max(0.0, end - time.monotonic())))
            except Empty:
                late = {one for one in running if time.monotonic() >= begun[one].started + allowed + GRACE}
                hangs = f"could not be tried: it hung, and was given up after {allowed + GRACE:.0f} s"
                for one in late:
                    conclude(one, Observation(_REST, hangs, None))
                running -= late
                continue
            if place in running:  # and was not given up before it ended after all
                running.remove(place)
                conclude(place)

    why = "no time left"
    try:
        for phase in Phase:
            through(deque(place for place, probe in enumerate(asked) if probe.phase is phase))
    except KeyboardInterrupt:
        why = "interrupted"
    for one in begun.values():
        one.stop.set()
    complete = len(found) == len(asked)
    for place, probe in enumerate(asked):
        if place not in found:
            seen = tuple(begun[place].seen) if place in begun else ()
            what = _REST if place in begun else "the probe"
            found[place] = judge(probe, (*seen, Observation(what, f"was not tried: {why}", None)), levels)
    return Ran(tuple(finding for place in range(len(asked)) for finding in found[place]), complete)


def observe(probe: Probe, context: Context, stop: Event) -> tuple[tuple[Observation, ...], float]:
    """All that a probe sees, and the seconds it took. An exception and the time limit become an observation."""
    one = _Begun(probe, stop=stop)
    _observe(one, context, LIMIT)
    return tuple(one.seen), time.monotonic() - one.started


def _observe(one: _Begun, context: Context, limit: float) -> None:
    try:
        looking = one.probe.run(context)
        for observation in looking:
            one.seen.append(observation)
            if one.stop.is_set() or time.monotonic() - one.started > limit:
                if isinstance(looking, Generator):
                    looking.close()  # its own clearing up
                one.seen.append(Observation(_REST, f"was not tried: no time left after {limit:.0f} s", None))
                return
    except OSError as error:
        one.seen.append(Observation(_REST, f"could not be tried: {words(error)}", None))
    except Exception as error:  # an answer that nobody thought of must not end the others
        one.seen.append(Observation(_REST, f"broke off: {_shown(error)}", None))


def _shown(error: Exception) -> str:
    """What went wrong, and the line of the probes at which it did."""
    ours = [frame for frame in extract_tb(error.__traceback__) if "audit" in PurePath(frame.filename).parts]
    place = f", {PurePath(ours[-1].filename).name} line {ours[-1].lineno}" if ours else ""
    return f"{words(error)} [{type(error).__name__}{place}]"


def status(probe: Probe, observations: tuple[Observation, ...]) -> Status:
    """The verdict.

    FAIL        something is not as the requirement wants
    NOT_PROVEN  something could not be tried, a twin did not pass, or there is no twin where one is needed
    PASS        everything else
    """
    if any(item.ok is False and not item.twin for item in observations):
        return Status.FAIL
    proven = any(item.ok and not item.twin for item in observations) and all(item.ok for item in observations)
    if not proven or (probe.negative and not any(item.ok and item.twin for item in observations)):
        return Status.NOT_PROVEN
    return Status.PASS


def judge(
    probe: Probe, observations: tuple[Observation, ...], levels: Callable[[str], Level]
) -> tuple[Finding, ...]:
    """One finding for each requirement of the probe."""
    verdict = status(probe, observations)
    telling = _telling(verdict, observations)
    target = next((item.target for item in telling if item.target), None)
    message = {
        Status.PASS: probe.title,
        Status.FAIL: f"{probe.title}: this does not hold",
        Status.NOT_PROVEN: f"{probe.title}: this could not be shown",
    }[verdict]
    return tuple(
        Finding(
            probe.id,
            requirement,
            levels(requirement),
            verdict,
            message,
            target=target,
            evidence=_evidence(observations, telling),
        )
        for requirement in probe.requirements
    )


def _telling(verdict: Status, observations: tuple[Observation, ...]) -> list[Observation]:
    """The observations that the verdict rests on, the most telling first."""
    if verdict is Status.FAIL:
        return [item for item in observations if item.ok is False and not item.twin]
    if verdict is Status.NOT_PROVEN:
        return [item for item in observations if not item.ok] or list(observations)
    main = [item for item in observations if not item.twin]
    twins = [item for item in observations if item.twin]
    return [*main[:1], *twins[:1], *main[1:], *twins[1:]]


def _evidence(observations: tuple[Observation, ...], telling: list[Observation]) -> str:
    """Counts, and the words of the first few."""
    good = sum(item.ok is True for item in observations)
    bad = sum(item.ok is False for item in observations)
    unknown = sum(item.ok is None for item in observations)
    counts = f"{len(observations)} observations: {good} as wanted, {bad} not, {unknown} not tried"
    twins = sum(item.twin for item in observations)
    if twins:
        counts += f"; {twins} of them twins"
    return "\n".join([counts, *(f"{item.what}: {item.seen}" for item in telling[:_SHOWN])])
