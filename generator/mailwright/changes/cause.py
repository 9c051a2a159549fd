"""What one cause brings: a change of the description, or another mailwright with the same one."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import date
from typing import TypeVar

from mailwright.build.tree import Tree
from mailwright.changes import comparison, files, risks
from mailwright.changes.model import THRESHOLD, Comparison, FileChange, Part, Risk
from mailwright.changes.reduce import reduce
from mailwright.changes.side import Made, Side, UnusableError
from mailwright.findings import Finding
from mailwright.plan.model import Plan
from mailwright.records import dataclass

FORCED = "many.rows"
"""The rule that a reason lets pass: whoever changes much at once on purpose can say so."""

_NUMBER = re.compile(r"[0-9]+")

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a review, besides its sides.

    today      waivers and attestations are judged as of this day
    threshold  share of a table's rows, of ten or more, above which a change of them is many at once
    forced     the reason for which many at once is let pass; empty: it is not
    complete   with the differences of all files; otherwise they are named only
    """

    today: date
    threshold: float = THRESHOLD
    forced: str = ""
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """What it brings, and what was compared to find that.

    new  what is made of the new description, perhaps without people who are the same in the old one
    """

    part: Part
    comparison: Comparison
    new: Made


def described(old: Side, new: Side, asked: Asked) -> Cause:
    """What the descriptions make different, as today's mailwright makes of both. Raises UnusableError for both."""
    if old.same_inputs(new):
        return nothing(Made(old, old.site, asked.today), asked)
    one, other = both(lambda side: side.site, old, new)
    reduced = reduce(one, other)
    before, after = Made(old, reduced.old, asked.today), Made(new, reduced.new, asked.today)
    if reduced.old == reduced.new:
        return nothing(after, asked)
    plans = both(lambda made: made.plan, before, after)
    newly = tuple(new.told(finding) for finding in broken(before.findings, after.findings))
    found = compared(*plans, asked, reduced.rows, newly)
    part = Part(
        "description", found.changes, judged(found, asked, new), _files(before, after, asked, found.renamed)
    )
    return Cause(part, found, after)


def nothing(made: Made, asked: Asked) -> Cause:
    """Nothing differs: one of the two has been read, and the other one says the same."""
    return Cause(Part("description"), compared(made.plan, made.plan, asked), made)


def both(get: Callable[[T], U], one: T, other: T) -> tuple[U, U]:
    """What both have. Raises UnusableError for both at once."""
    found: list[U] = []
    faults: list[tuple[Side, tuple[Finding, ...]]] = []
    for each in (one, other):
        try:
            found.append(get(each))
        except UnusableError as error:
            faults += error.faults
    if faults:
        raise UnusableError(*faults)
    return found[0], found[1]


def compared(
    old: Plan, new: Plan, asked: Asked, more: Mapping[str, int] | None = None, newly: tuple[Finding, ...] = ()
) -> Comparison:
    """What risk rules judge.

    more   rows of people who were left out of the tables
    newly  findings about the description that it brings
    """
    tables = {field.name: getattr(old, field.name) for field in fields(old)}
    sizes = {
        name: len(rows) + (more or {}).get(name, 0) for name, rows in tables.items() if isinstance(rows, tuple)
    }
    return comparison(old, new, sizes, asked.today, newly, asked.threshold)


def judged(comparison: Comparison, asked: Asked, new: Side) -> tuple[Risk, ...]:
    """The risks, each with its place in the description that is new; none where nothing differs."""
    if not comparison.changes and not comparison.broken:
        return ()
    return tuple(
        Risk(
            rule,
            hit.severity or rule.severity,
            hit.sentence,
            hit.safely or rule.safely,
            new.shown(new.reading.find(hit.value)) if hit.value else None,
            asked.forced if rule.id == FORCED else "",
        )
        for rule, hit in risks.find(comparison)
    )


def broken(old: Iterable[Finding], new: Iterable[Finding]) -> Iterator[Finding]:
    """Findings that fail in the new description and did not in the old one.

    The subject of a finding is what its message names. Where its place is a setting and no item of a list, it is
    that setting too: a log that is kept too shortly, and then more shortly still, breaks nothing that was whole.
    """
    before = {subject for finding in old if finding.fails for subject in _subjects(finding)}
    return (finding for finding in new if finding.fails and before.isdisjoint(_subjects(finding)))


def _subjects(finding: Finding) -> Iterator[tuple[str, str]]:
    yield finding.id, finding.message
    pointer = finding.where.pointer if finding.where is not None else ""
    steps = pointer.split("/")[1:]
    if len(steps) > 1 and not any(step.isdigit() for step in steps):
        yield finding.id, pointer
    elif len(steps) == 1:  # a whole section: the same words about it, with other numbers
        yield finding.id, f"{pointer} {_NUMBER.sub('0', finding.message)}"


def _files(before: Made, after: Made, asked: Asked, renamed: Mapping[str, str]) -> tuple[FileChange, ...]:
    """The files that differ, on hosts by their new names. Which ones they are is seen without the people who were
    left out; what differs in them is not, since a line's number counts those above it."""
    old, new = both(lambda made: made.tree, before, after)
    was = _called(old, renamed)
    if asked.complete:
        wanted = set(files.differing(was, new))
        was, new = _called(_kept(old, before, wanted, renamed), renamed), _kept(new, after, wanted, {})
    found = files.compare(was, new, diffs=asked.complete)
    return tuple(
        replace(one, hosts=tuple(sorted({renamed.get(host, host) for host in one.hosts}))) if renamed else one
        for one in found
    )


def _called(tree: Tree, renamed: Mapping[str, str]) -> Tree:
    """What lands on hosts, under their new names."""
    return {_path(path, renamed): output for path, output in tree.items()} if renamed else tree


def _path(path: str, renamed: Mapping[str, str]) -> str:
    folder, _, below = path.partition("/")
    host, _, rest = below.partition("/")
    return f"{folder}/{renamed[host]}/{rest}" if folder == "hosts" and host in renamed else path


def _kept(tree: Tree, made: Made, wanted: Container[str], renamed: Mapping[str, str]) -> Tree:
    """``tree``, or that of the whole site where it is another: of what lands on hosts only what is wanted, so that
    no two whole projects are held at a time."""
    if made.site is not made.side.site:
        tree = Made(made.side, made.side.site, made.today).tree
    return {
        path: output
        for path, output in tree.items()
        if _path(path, renamed) in wanted or not path.startswith("hosts/") or path.endswith("/FILES.json")
    }
