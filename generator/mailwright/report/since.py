"""What changed since the last report: a report of today held against the JSON of an earlier one."""

from __future__ import annotations

from datetime import date
from typing import Any

from mailwright.records import dataclass
from mailwright.report.compliance import Report, Waived
from mailwright.report.merge import Source
from mailwright.report.strict_json import UnreadableError, load
from mailwright.report.verdicts import Word

_RANK = {Word.NOT_MET: 0, Word.NOT_PROVEN: 1, Word.ATTESTED: 2, Word.MET: 2}


@dataclass(frozen=True, slots=True)
class Previous:
    """What is taken from an earlier report of ``day``. ``waivers``: (rule, last day, whether it had ended)."""

    day: date
    version: str
    domain: str
    plan: str
    verdicts: dict[str, Word]
    evidence: frozenset[str]  # SHA-256 of files
    waivers: tuple[tuple[str, date, bool], ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A requirement whose verdict changed."""

    requirement: str
    title: str
    before: Word
    after: Word

    @property
    def way(self) -> tuple[str, str]:
        return self.before.value, self.after.value


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different.

    added      requirements that the earlier report did not have
    removed    requirements that it had and this version has not
    evidence   runs that are new
    dropped    how many files of evidence it had that are no longer given
    ended      waivers that were in force then and have run out
    withdrawn  rules whose waiver, in force then, is no longer in the description
    granted    waivers that it did not have
    """

    since: date
    version: str
    description: bool
    better: tuple[Move, ...]
    worse: tuple[Move, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    evidence: tuple[Source, ...]
    dropped: int
    ended: tuple[Waived, ...]
    withdrawn: tuple[str, ...]
    granted: tuple[Waived, ...]

    @property
    def nothing(self) -> bool:
        return not any(
            (
                *(self.description, self.better, self.worse, self.added, self.removed),
                *(self.evidence, self.dropped, self.ended, self.withdrawn, self.granted),
            )
        )


def read(text: str) -> Previous:
    """The earlier report's ``report.json``. Raises UnreadableError."""
    document = load(text, "report")
    return Previous(
        day=_day(document["date"]),
        version=document["mailwright"],
        domain=document["scope"]["domains"][0],
        plan=document["description"]["plan"],
        verdicts={each["id"]: Word(each["verdict"]) for each in document["requirements"]},
        evidence=frozenset(each["sha256"] for each in document["evidence"]),
        waivers=tuple(_waiver(each) for each in document["waivers"]),
    )


def compare(previous: Previous, report: Report) -> Changes:
    """What changed from ``previous`` to ``report``."""
    moves = [
        Move(row.id, row.verdict.requirement.title, previous.verdicts[row.id], row.verdict.word)
        for row in report.rows
        if row.id in previous.verdicts
    ]
    ids = [row.id for row in report.rows]
    before = {(rule, until): ended for rule, until, ended in previous.waivers}
    rules = {waiver.rule for waiver in report.waivers}
    return Changes(
        since=previous.day,
        version=previous.version,
        description=previous.plan != report.plan,
        better=tuple(move for move in moves if _RANK[move.after] > _RANK[move.before]),
        worse=tuple(move for move in moves if _RANK[move.after] < _RANK[move.before]),
        added=tuple(id_ for id_ in ids if id_ not in previous.verdicts),
        removed=tuple(id_ for id_ in previous.verdicts if id_ not in ids),
        evidence=tuple(source for source in report.sources if source.sha256 not in previous.evidence),
        dropped=len(previous.evidence - {source.sha256 for source in report.sources}),
        ended=tuple(each for each in report.waivers if each.ended and before.get((each.rule, each.until)) is False),
        withdrawn=tuple(
            dict.fromkeys(rule for rule, _, ended in previous.waivers if not ended and rule not in rules)
        ),
        granted=tuple(each for each in report.waivers if not each.ended and (each.rule, each.until) not in before),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UnreadableError(f"there is no day {text}") from None


def _waiver(value: dict[str, Any]) -> tuple[str, date, bool]:
    return value["rule"], _day(value["until"]), value["ended"]
