"""Of all that is found in one customer's files, what somebody can use: causes, not what follows from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from mailwright.findings import Finding
from mailwright.provider.read import ENDING
from mailwright.site.read import in_order

MOST = 100
"""Findings of one description; who has mended these sees the rest."""

_ENCODING = "source.not-utf-8"


def causes(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in the order of their places.

    Of a description that is no UTF-8 nothing else is told, since nobody knows what it says. Of one with more than
    MOST faults (it may refer to a value a thousand times) the last one told says how many more there are.
    Tables of people are told of row by row.
    """
    found = in_order(findings)
    unreadable = {_description(one) for one in found if one.id == _ENCODING} - {""}
    kept = [one for one in found if one.id == _ENCODING or _description(one) not in unreadable]
    count = Counter(map(_description, kept))
    if not any(file and number > MOST for file, number in count.items()):
        return tuple(kept)
    told: list[Finding] = []
    seen: dict[str, int] = defaultdict(int)
    for one in kept:
        file = _description(one)
        seen[file] += 1
        if not file or seen[file] < MOST or count[file] <= MOST:
            told.append(one)
        elif seen[file] == MOST:
            told.append(replace(one, message=f"{one.message}; and {count[file] - MOST} more in this file"))
    return tuple(told)


def _description(finding: Finding) -> str:
    """The description that it is of; empty: of none."""
    where = finding.where
    return where.file if where is not None and where.file.endswith(ENDING) else ""
