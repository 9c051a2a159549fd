"""Findings about files, of which a broken file cannot make too many."""

from __future__ import annotations

from mailwright.findings import Findings, Place

MAX_REPEATS = 100  # findings of one kind in one file


class Report:
    """Adds the errors of one stage of reading to ``findings``: at most MAX_REPEATS of a kind in a file.

    A place that an earlier stage found fault with is passed over: what comes after the cause is a consequence.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._count: dict[tuple[str, str], int] = {}
        self._faulty = {_spot(item.where) for item in findings.items if item.where}

    def faulty(self, where: Place) -> bool:
        """Whether an earlier stage found fault with the value at this place."""
        return _spot(where) in self._faulty

    def error(self, id_: str, message: str, where: Place, fix: str = "") -> None:
        count = self._count.get((where.file, id_), 0) + 1
        if self.faulty(where) or count > MAX_REPEATS:
            return
        self._count[where.file, id_] = count
        if count == MAX_REPEATS:
            message = f"{message} (no more of this kind is shown)"
        self._findings.error(id_, message, where, fix)


def _spot(where: Place) -> tuple[str, int, int]:
    return (where.file, where.line, where.column)
