"""Several runs become one body of evidence: for each probe, what counts, from which run, and why the rest does not.

There are two worlds, the running service (audits) and throw-away hosts (rehearsals). Within a world the newest
result that proved something stands, pass or fail: a later run from a place that could not see it takes nothing
back. Between the worlds nothing is weighed up: a failure in either is a failure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from mailwright.findings import Finding, Status
from mailwright.records import dataclass
from mailwright.report.evidence import Kind, Run

if TYPE_CHECKING:
    from mailwright.audit.model import Probe

FRESH = timedelta(days=92)
"""How long evidence counts: a quarter of a year."""

_AHEAD = timedelta(days=1)  # somewhere it is tomorrow already

WORLDS: tuple[Kind, ...] = ("audit", "rehearsal")


class Mark(StrEnum):
    """Why a run's passes prove nothing."""

    NONE = ""
    STALE = "stale"
    OTHER = "made for another description"
    FUTURE = "dated in the future"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of evidence.

    label  how the report calls it: ``L1`` of the live service, ``R1`` of a rehearsal
    name   the file's
    """

    label: str
    name: str
    sha256: str
    run: Run
    mark: Mark


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a probe found. ``source`` is None while the run itself still lasts.

    note  why it says nothing about the verdict; empty: it counts
    """

    finding: Finding
    source: Source | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Needed:
    """What there is to be seen for a requirement: ids of probes. ``harmful``: those that rehearsals alone run."""

    probes: tuple[str, ...] = ()
    harmful: frozenset[str] = frozenset()


def sources(files: Iterable[tuple[str, str, Run]], plan: str, today: date) -> tuple[Source, ...]:
    """The files (name, SHA-256, run), live ones first, from old to new; a run that is there twice is taken once.

    plan   digest of the plan of the description as it is
    today  the day by which age is reckoned
    """
    once: dict[Run, tuple[str, str]] = {}
    for name, sha256, run in files:
        once.setdefault(run, (name, sha256))
    found: list[Source] = []
    for letter, kind in zip("LR", WORLDS, strict=True):
        runs = sorted((run for run in once if run.kind == kind), key=lambda run: (run.ended, run.started))
        found += (
            Source(f"{letter}{number}", *once[run], run, _mark(run, plan, today))
            for number, run in enumerate(runs, 1)
        )
    return tuple(found)


def _mark(run: Run, plan: str, today: date) -> Mark:
    if run.plan != plan:
        return Mark.OTHER
    if run.ended.date() - today > _AHEAD:
        return Mark.FUTURE
    return Mark.STALE if today - run.ended.date() > FRESH else Mark.NONE


def needed(probes: Iterable[Probe]) -> dict[str, Needed]:
    """Requirement → what there is to be seen for it, of these probes."""
    ids: defaultdict[str, list[str]] = defaultdict(list)
    harmful: defaultdict[str, set[str]] = defaultdict(set)
    for probe in probes:
        for requirement in probe.requirements:
            ids[requirement].append(probe.id)
            if probe.harm:
                harmful[requirement].add(probe.id)
    return {
        requirement: Needed(tuple(found), frozenset(harmful[requirement])) for requirement, found in ids.items()
    }


def merge(given: Sequence[Source], wanted: dict[str, Needed]) -> tuple[Sighting, ...]:
    """What all runs together say, sorted by requirement's and probe's first appearance, live before rehearsed.

    wanted  the probes of this version at this site (``needed``). A result of any other proves nothing when it
            passed; a failure stands.
    """
    results: defaultdict[tuple[str, str], list[tuple[Source, Finding]]] = defaultdict(list)
    for source in given:
        for finding in source.run.findings:
            results[finding.requirement, finding.id].append((source, finding))
    found: list[Sighting] = []
    for (requirement, id_), each in results.items():
        known = id_ in wanted.get(requirement, Needed()).probes
        seen = [
            item for kind in WORLDS for item in _of_world([one for one in each if one[0].run.kind == kind], known)
        ]
        proven = any(_counts(item, Status.PASS, Status.FAIL) for item in seen)
        for item in seen:
            idle = proven and _counts(item, Status.NOT_PROVEN)
            found.append(Sighting(item.finding, item.source, "shown by another run") if idle else item)
    return tuple(found)


def _counts(item: Sighting, *statuses: Status) -> bool:
    return not item.note and item.finding.status in statuses


def _of_world(results: list[tuple[Source, Finding]], known: bool) -> Iterator[Sighting]:
    """One sighting that counts, where there is any; and what the reader should see besides."""
    # A run that does not count at all speaks for itself and overtakes nothing.
    sound = [item for item in results if item[0].mark in (Mark.NONE, Mark.STALE)]
    newest = max((item for item in sound if _proves(item[1])), key=_newest, default=None)
    if newest is not None:
        note = _note(*newest, known)
        yield Sighting(newest[1], newest[0], note)
        if not note:
            return
    open_ = [item for item in sound if not _proves(item[1]) and item[0].mark is Mark.NONE and known]
    if open_:
        source, finding = max(open_, key=_newest)
        yield Sighting(finding, source)
    others = [item for item in results if item[0].mark in (Mark.OTHER, Mark.FUTURE)]
    if others:
        source, finding = max(others, key=_newest)
        yield Sighting(finding, source, source.mark.value)


def _note(source: Source, finding: Finding, known: bool) -> str:
    """Why a result that proved something then proves nothing now; a failure stands until a newer run passes."""
    if finding.status is Status.FAIL:
        return ""
    return source.mark.value if source.mark else "" if known else "this version has no such probe"


def _proves(finding: Finding) -> bool:
    return finding.status in (Status.PASS, Status.FAIL)


def _newest(item: tuple[Source, Finding]) -> tuple[object, ...]:
    """Of two that ended together, the failure is the newer."""
    source, finding = item
    return source.run.ended, finding.status is Status.FAIL, source.run.started
