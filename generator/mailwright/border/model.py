"""What a dialect is, and the plan's border rows in the order in which a router judges by them."""

from __future__ import annotations

from collections.abc import Callable

from mailwright.plan.model import Direction, Passage, Plan
from mailwright.records import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """``file`` in ``border/`` of a project; ``render`` gives its text, or raises FormatError."""

    name: str
    file: str
    render: Callable[[Plan], str]


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows for one direction and family: all permits, then all rejects."""

    direction: Direction
    version: int
    rows: tuple[Passage, ...]


def judged(plan: Plan) -> tuple[Judged, ...]:
    """Each direction and family that has rows. A family that the campus does not have is left alone."""
    directions: tuple[Direction, ...] = ("in", "out")
    found = []
    for version in (4, 6):
        for direction in directions:
            rows = [row for row in plan.border if (row.direction, row.version) == (direction, version)]
            if rows:
                rows.sort(key=lambda row: row.verdict != "permit")
                found.append(Judged(direction, version, tuple(rows)))
    return tuple(found)


def unjudged(plan: Plan) -> tuple[int, ...]:
    """Families in which nothing is judged, because the campus has no prefix of them."""
    return tuple(version for version in (4, 6) if all(row.version != version for row in plan.border))
