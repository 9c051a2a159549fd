"""The findings of an audit on a terminal: a line for each check, and what was seen where one did not pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailwright.findings import Finding, Status
from mailwright.formats.visible import visible
from mailwright.report.audit_checks import Check, counts, groups

_COLOURS = {Status.FAIL: "1;31", Status.NOT_PROVEN: "33", Status.PASS: "32"}


def render(findings: Iterable[Finding], colour: bool = False) -> str:
    """All checks in their groups, and how many there are of each verdict. ``colour``: ANSI sequences."""
    found = groups(findings)
    lines: list[str] = []
    for group in found:
        lines.append(f"\x1b[1m{group.title}\x1b[0m" if colour else group.title)
        width = max(len(check.id) for check in group.checks)
        for check in group.checks:
            lines.extend(_lines(check, width, colour))
        lines.append("")
    every = [check for group in found for check in group.checks]
    number = counts(every)
    said = f"{number[Status.PASS]} passed, {number[Status.FAIL]} failed, {number[Status.NOT_PROVEN]} not proven"
    return "".join(f"{line}\n" for line in (*lines, f"{len(every)} checks: {said}"))


def _lines(check: Check, width: int, colour: bool) -> Iterator[str]:
    word = f"{check.word:<10}"
    if colour:
        word = f"\x1b[{_COLOURS.get(check.status, '33')}m{word}\x1b[0m"
    asked = f"{', '.join(check.requirements)} ({check.level.value})"
    yield f"  {word} {check.id:<{width}}  {asked}  {visible(check.message)}"
    if check.status is Status.PASS:
        return
    for number, line in enumerate(check.evidence):
        yield f"      {'seen:' if number == 0 else '     '} {visible(line)}"
