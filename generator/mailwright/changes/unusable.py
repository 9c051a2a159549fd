"""What can be said of two sides of which one cannot be used: its faults, how the other one does, and which lines of
the descriptions differ."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from mailwright.changes.side import Built, Made, Side, UnusableError
from mailwright.findings import Findings
from mailwright.formats.differences import unified
from mailwright.formats.visible import visible
from mailwright.report.findings import in_order
from mailwright.report.findings_text import render as render_findings
from mailwright.report.impersonal import impersonal
from mailwright.source.files import content
from mailwright.source.layers import MAX_BYTES

LINES = 200
"""How many lines of the difference are shown at most."""


def render(error: UnusableError, old: Side | Built, new: Side, today: date, *, personal: bool) -> str:
    """For a terminal; nothing of a description moves its cursor. Not ``personal``: no value of one is said."""
    faults = {side.label: findings for side, findings in error.faults}
    before, after = old.described if isinstance(old, Built) else old, new
    said = []
    for label, described, which in ((old.label, before, "old"), (new.label, after, "new")):
        if (findings := faults.get(label)) is not None:
            said.append(visible(f"{label}, the {which} side, cannot be compared:"))
            if not personal:
                findings = tuple(map(impersonal, findings))
            said.append(render_findings(in_order(findings)).removesuffix("\n"))
        elif described is not None and described.reading.site is not None:
            fails = {each.id for each in Made(described, described.reading.site, today).findings if each.fails}
            does = f"breaks {', '.join(sorted(fails))}" if fails else "has no fault"
            said.append(visible(f"{label}, the {which} side, {does}."))
    if personal and (lines := tuple(_lines(before, after))):
        said += [
            "",
            "What they mean can be said when both can be used. The lines of the descriptions that differ:",
            *(visible(line, "\t") for line in lines),
        ]
    return "".join(f"{line}\n" for line in said)


def faults(error: UnusableError, *, personal: bool) -> str:
    """What is the matter with each side, where nothing can be said of the other one."""
    said = []
    for side, findings in error.faults:
        said.append(visible(f"{side.label} cannot be compared:"))
        shown = findings if personal else tuple(map(impersonal, findings))
        said.append(render_findings(in_order(shown)).removesuffix("\n"))
    return "".join(f"{line}\n" for line in said)


def _lines(old: Side | None, new: Side | None) -> Iterator[str]:
    """Of the two descriptions themselves; none where one is not there, or no text, which its finding says. None
    either where one is a link, since it may lead to any file of this machine, and whoever made it may be a stranger
    to whoever reads this."""
    if old is None or new is None:
        return
    before, after = (_content(side.file) for side in (old, new))
    if before is None or after is None:
        return
    found = tuple(unified(before, after))
    if found:
        yield from (f"--- {old.label}", f"+++ {new.label}", *found[:LINES])
    if len(found) > LINES:
        yield f"… and {len(found) - LINES:,} more lines"


def _content(file: Path) -> bytes | None:
    return None if file.is_symlink() else content(file, MAX_BYTES, Findings())
