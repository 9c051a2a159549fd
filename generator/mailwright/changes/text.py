"""Changes for people: grouped, counted, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from mailwright.changes import SECTIONS, Change
from mailwright.formats.visible import visible

NAMED = 5
"""How many of those that are alike are named; the others are counted."""

NOTHING = "Nothing changes: both descriptions make the same service.\n"


def render(changes: Sequence[Change]) -> str:
    """What changes, section by section; those that are alike are one line. Exactly NOTHING where nothing does."""
    if not changes:
        return NOTHING
    lines = ["1 change" if len(changes) == 1 else f"{len(changes):,} changes"]
    for section in SECTIONS:
        found = [change for change in changes if change.table in section.tables]
        if found:
            lines += ["", f"{section.title} ({len(found):,})", *_lines(found)]
    return "".join(f"{visible(line)}\n" for line in lines)


def _lines(found: Sequence[Change]) -> list[str]:
    groups: dict[tuple[str, str], list[Change]] = {}
    for index, change in enumerate(found):
        groups.setdefault((change.alike or f"\0{index}", change.note), []).append(change)
    lines: list[str] = []
    notes = [note for _, note in groups]
    for number, ((alike, note), members) in enumerate(groups.items()):
        lines += _wrapped("- ", _sentence(alike, members))
        if note and note not in notes[number + 1 :]:  # once, below the last that it is about
            lines += _wrapped("  ", note)
    return lines


def _sentence(alike: str, members: Sequence[Change]) -> str:
    if len(members) == 1:
        return f"{members[0].sentence}."
    keys = list(dict.fromkeys(change.key for change in members))
    more = f" and {len(keys) - NAMED:,} more" if len(keys) > NAMED else ""
    return f"{len(members):,} {alike}: {', '.join(keys[:NAMED])}{more}."


def _wrapped(mark: str, sentence: str) -> list[str]:
    return fill(
        sentence, 110, initial_indent=mark, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    ).split("\n")
