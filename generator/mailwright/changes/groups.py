"""Changes in the groups in which people read them: by section, and of those that are alike one line.

Text, Markdown and HTML all show these; how many of a line's keys they name is theirs. Names of people stay marked
(``personal``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailwright.changes import SECTIONS
from mailwright.changes.model import Change, FileChange, Origin, Review, Risk
from mailwright.changes.personal import impersonal, personal, whole
from mailwright.records import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One change, or several that are alike.

    words    of a single change its sentence; of several how many there are of what: ``12 mailboxes are new``.
             Without a full stop
    keys     which ones, each once, in their order; empty for a single change, whose sentence says it
    note     what somebody has to do or know about it; it stands below the last line of the group that has it
    changes  themselves, never none
    """

    words: str
    keys: tuple[str, ...]
    note: str
    changes: tuple[Change, ...]

    def sentence(self, named: int) -> str:
        """All of it in one sentence, with at most so many keys; the others are counted."""
        if not self.keys:
            return f"{self.words}."
        more = f" and {len(self.keys) - named:,} more" if len(self.keys) > named else ""
        keys = f": {', '.join(self.keys[:named])}{more}"
        if impersonal(keys) != whole(keys):  # without their names, the number says it all
            keys = personal(whole(keys), "")
        return f"{self.words}{keys}."


@dataclass(frozen=True, slots=True)
class Group:
    """The changes of one section; there is at least one."""

    title: str
    lines: tuple[Line, ...]

    @property
    def count(self) -> int:
        return sum(len(line.changes) for line in self.lines)


def groups(changes: Iterable[Change]) -> tuple[Group, ...]:
    """What changes, section by section, without the sections in which nothing does."""
    sections = {table: section.title for section in SECTIONS for table in section.tables}
    found: dict[str, list[Change]] = {section.title: [] for section in SECTIONS}
    for change in changes:
        found[sections[change.table]].append(change)
    return tuple(Group(title, tuple(_lines(members))) for title, members in found.items() if members)


def _lines(found: Sequence[Change]) -> list[Line]:
    alike: dict[tuple[str, str], list[Change]] = {}
    for index, change in enumerate(found):
        alike.setdefault((change.alike or f"\0{index}", change.note), []).append(change)
    last = {note: number for number, (_, note) in enumerate(alike)}
    lines = []
    for number, ((what, note), members) in enumerate(alike.items()):
        words, keys = members[0].sentence, tuple[str, ...]()
        if len(members) > 1:
            words, keys = f"{len(members):,} {what}", tuple(dict.fromkeys(change.key for change in members))
        lines.append(Line(words, keys, note if last[note] == number else "", tuple(members)))
    return lines


@dataclass(frozen=True, slots=True)
class Danger:
    """Risks that one rule found and of which the same is said, the gravest first of a review's."""

    origin: Origin
    risks: tuple[Risk, ...]

    @property
    def first(self) -> Risk:
        return self.risks[0]


def dangers(review: Review) -> tuple[Danger, ...]:
    """The review's risks: the gravest first, those that somebody lets pass last."""
    found: dict[tuple[bool, int, Origin, str, str, str], list[Risk]] = {}
    for part in review.parts:
        for one in part.risks:
            key = (bool(one.forced), -one.severity, part.origin, one.rule.id, one.safely, one.forced)
            found.setdefault(key, []).append(one)
    ranked = sorted(found, key=lambda key: key[:2])  # stable: otherwise in the order of the rules
    return tuple(Danger(key[2], tuple(found[key])) for key in ranked)


@dataclass(frozen=True, slots=True)
class Files:
    """Files of one area that differ, of one component where they are on a host; there is at least one."""

    area: str
    component: str
    files: tuple[FileChange, ...]


def files(changes: Iterable[FileChange]) -> tuple[Files, ...]:
    """Differing files by area and component, in the order in which they come."""
    found: dict[tuple[str, str], list[FileChange]] = {}
    for file in changes:
        found.setdefault((file.area, file.component), []).append(file)
    return tuple(Files(area, component, tuple(members)) for (area, component), members in found.items())
