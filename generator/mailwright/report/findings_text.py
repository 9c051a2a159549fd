"""Findings for people: ``file:line:column: LEVEL id message``, the way out below it, counts at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mailwright.findings import Finding, Status
from mailwright.formats.visible import visible

_WORDS = (
    (Status.FAIL, "to mend"),
    (Status.NOT_PROVEN, "not proven"),
    (Status.WAIVED, "waived"),
    (Status.ATTESTED, "attested"),
    (Status.PASS, "passed"),
)
MOST = 50
_COLOURS = {Status.FAIL: "1;31", Status.NOT_PROVEN: "33", Status.WAIVED: "33"}


def render(findings: Sequence[Finding], colour: bool = False) -> str:
    """What is to mend, not proven or waived; what passed or is attested is counted. ``colour``: ANSI sequences.

    Of one rule the first MOST are shown: a hundred thousand alike would bury all others.
    """
    lines: list[str] = []
    number: Counter[str] = Counter()
    for finding in findings:
        if finding.status not in (Status.PASS, Status.ATTESTED):
            number[finding.id] += 1
            if number[finding.id] <= MOST:
                lines.extend(_lines(finding, colour))
    lines += [
        f"… and {count - MOST:,} more of {id_}; --format json has all"
        for id_, count in number.items()
        if count > MOST
    ]
    return "".join(f"{line}\n" for line in (*lines, counts(findings)))


def counts(findings: Sequence[Finding]) -> str:
    """``2 to mend, 1 waived, 31 passed``; ``nothing found`` for no findings at all."""
    number = Counter(finding.status for finding in findings)
    parts = [f"{number[status]} {word}" for status, word in _WORDS if number[status]]
    return ", ".join(parts) or "nothing found"


def _lines(finding: Finding, colour: bool) -> list[str]:
    place = finding.where or finding.target
    head = f"{visible(str(place))}: " if place else ""
    level = finding.level.value
    if finding.status is not Status.FAIL:
        level = f"{level} ({finding.status.value})"
    if colour:
        level = f"\x1b[{_COLOURS[finding.status]}m{level}\x1b[0m"
    lines = [f"{head}{level} {finding.id} {visible(finding.message)}"]
    for number, line in enumerate(finding.evidence.split("\n") if finding.evidence else ()):
        lines.append(f"    {'seen:' if number == 0 else '     '} {visible(line)}")
    if finding.fix:
        lines.append(f"    mend: {visible(finding.fix)}")
    return lines
