"""Findings about files, of which a broken file cannot make too many."""

from __future__ import annotations

from mailwright.findings import Findings, Place

MAX_REPEATS = 100  # findings of one kind in one file


class Report:
    """Adds errors to ``findings``: at most MAX_REPEATS of a kind in a file, and one at a place.

    What comes first at a place is the cause; what comes after it there is a consequence.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._count: dict[tuple[str, str], int] = {}
        self._places = {
            (item.where.file, item.where.line, item.where.column) for item in findings.items if item.where
        }

    def error(self, id_: str, message: str, where: Place, fix: str = "") -> None:
        place = (where.file, where.line, where.column)
        if place in self._places:
            return
        count = self._count[where.file, id_] = self._count.get((where.file, id_), 0) + 1
        if count > MAX_REPEATS:
            return
        if count == MAX_REPEATS:
            message = f"{message} (no more of this kind is shown)"
        self._places.add(place)
        self._findings.error(id_, message, where, fix)
