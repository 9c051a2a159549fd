"""Run probes side by side and turn what they saw into findings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event

from mailwright.audit.model import Context, Observation, Phase, Probe
from mailwright.findings import Finding, Level, Status

LIMIT = 300.0  # seconds for one probe; what it waits for is bounded too, so that it comes to notice
_SHOWN = 3  # observations that evidence quotes

Progress = Callable[[Probe, tuple[Finding, ...], float], None]


def run(
    probes: Iterable[Probe],
    context: Context,
    levels: Callable[[str], Level],
    on_progress: Progress = lambda _probe, _findings, _seconds: None,
    jobs: int = 6,
) -> tuple[Finding, ...]:
    """Findings of all probes, in the order of the probes: one for each requirement that a probe names.

    levels       the level of a requirement (requirements.catalogue)
    on_progress  is told of each probe that has ended, with its findings and the seconds it took
    jobs         probes at a time

    An interrupt (KeyboardInterrupt) ends the run; what is known by then is returned.
    """
    asked = tuple(probes)
    stop = Event()
    found: dict[str, tuple[Finding, ...]] = {}
    try:
        for phase in Phase:
            _phase(
                [probe for probe in asked if probe.phase is phase], context, levels, on_progress, jobs, stop, found
            )
    except KeyboardInterrupt:
        stop.set()
    return tuple(finding for probe in asked for finding in found.get(probe.id, ()))


def _phase(
    probes: list[Probe],
    context: Context,
    levels: Callable[[str], Level],
    on_progress: Progress,
    jobs: int,
    stop: Event,
    found: dict[str, tuple[Finding, ...]],
) -> None:
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="probe")
    try:
        running: dict[Future[tuple[tuple[Observation, ...], float]], Probe] = {
            pool.submit(observe, probe, context, stop): probe for probe in probes
        }
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                probe = running.pop(future)
                observations, seconds = future.result()
                found[probe.id] = judge(probe, observations, levels)
                on_progress(probe, found[probe.id], seconds)
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(wait=not stop.is_set(), cancel_futures=True)


def observe(probe: Probe, context: Context, stop: Event) -> tuple[tuple[Observation, ...], float]:
    """All that a probe sees, and the seconds it took. An OSError and the time limit become an observation."""
    started = time.monotonic()
    seen: list[Observation] = []
    try:
        for observation in probe.run(context):
            seen.append(observation)
            if stop.is_set() or time.monotonic() - started > LIMIT:
                seen.append(Observation("the rest of the probe", "was not tried: no time left", None))
                break
    except OSError as error:
        seen.append(Observation("the rest of the probe", f"could not be tried: {error}", None))
    return tuple(seen), time.monotonic() - started


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
