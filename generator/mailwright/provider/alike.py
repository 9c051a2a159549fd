"""Findings of many customers, of which those that stand at one place of a shared layer are one (SCALE-2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from mailwright.findings import Finding, Place, Status

NAMED = 3
"""Customers that the message names; the finding itself has all of them."""

Key = tuple[str, str, str, str, str]


class Alike:
    """Gathers findings. ``folder`` is that of the customers' files: what stands there is each one's own.

    What stands elsewhere (in the defaults, in a profile, in a platform's description) is one finding for all whom
    it concerns, with the words of the first, since only names of customers differ in the others.
    """

    def __init__(self, folder: Path) -> None:
        self._own = f"{folder}/"
        self._found: dict[Key, tuple[Finding, list[str]]] = {}

    def add(self, finding: Finding, customers: Iterable[str]) -> None:
        """One finding of ``customers``; none of them: it is the provider's."""
        where = finding.where
        shared = where is not None and not self._is_own(where)
        message = "" if shared or finding.status is Status.PASS else finding.message
        # Without the pointer, which in the provider's file is another one than in a customer's description.
        key = (finding.id, finding.level.value, finding.status.value, str(where or ""), message)
        _, ids = self._found.setdefault(key, (finding, []))
        if finding.status is not Status.PASS:  # who passed is nobody's question, and would be everybody
            ids += customers

    def groups(self) -> Iterator[tuple[Finding, list[str]]]:
        """Each finding as it came first, with the customers that have it."""
        yield from self._found.values()

    def findings(self) -> tuple[Finding, ...]:
        """Each with its customers; where they share its place, its message says of how many and whom.

        A rule has passed where it passed for all.
        """
        failed = {finding.id for finding, _ in self._found.values() if finding.status is not Status.PASS}
        return tuple(
            self._whole(finding, ids)
            for finding, ids in self._found.values()
            if finding.status is not Status.PASS or finding.id not in failed
        )

    def _whole(self, finding: Finding, ids: list[str]) -> Finding:
        if not ids:
            return finding
        said = finding.message
        if finding.where is None or not self._is_own(finding.where):
            said = f"{said} ({concerned(ids)})"
        return replace(finding, message=said, customers=tuple(sorted(ids)))

    def _is_own(self, where: Place) -> bool:
        return where.file.startswith(self._own)


def concerned(ids: Iterable[str]) -> str:
    """``in 187 customers: abbey, bede, college and 184 others``."""
    names = sorted(ids)
    if len(names) == 1:
        return f"in the customer {names[0]}"
    first, rest = names[:NAMED], len(names) - NAMED
    if rest <= 0:
        return f"in {len(names)} customers: {', '.join(first[:-1])} and {first[-1]}"
    return f"in {len(names):,} customers: {', '.join(first)} and {rest:,} other{'s' if rest > 1 else ''}"
