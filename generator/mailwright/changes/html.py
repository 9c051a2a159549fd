"""A review as one page that needs nothing else: no script, no request, readable on a phone and on paper.

Names of people stand in full: the page is for those who may see the description. What is shown is bounded, so that
any browser opens it; what is left out is counted, and JSON has it (``LIMITS``).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from mailwright import __version__
from mailwright.changes import flow, picture, verdict, words
from mailwright.changes.groups import Danger, Line, dangers, groups
from mailwright.changes.model import Change, FileChange, Kind, Origin, Part, Review, Step
from mailwright.changes.personal import whole
from mailwright.formats.engine import Verbatim
from mailwright.formats.engine import render as render_template
from mailwright.formats.html import HTML
from mailwright.formats.visible import visible
from mailwright.records import dataclass
from mailwright.requirements import catalogue

_NAMED = 5  # keys in a sentence; the others unfold
_HOSTS = 12  # that are named at the top
_MARKED = 8  # members of a node or arrow in the list below the picture


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a page shows; ordinary reviews stay far below.

    risks      kinds of them
    steps      to be made in order
    lines      of one section of what changes
    members    that unfold from one line, or of one kind of risk; sentences: of all lines of a part
    files      of a part, with or without their differences
    diff       characters of one file's differences; diffs: of all files' of a part
    width      characters of one line of them, and of a sentence
    """

    risks: int = 500
    steps: int = 500
    lines: int = 500
    members: int = 1_000
    sentences: int = 20_000
    files: int = 5_000
    diff: int = 1_000_000
    diffs: int = 5_000_000
    width: int = 5_000


LIMITS = Limits()

_AREAS = {
    "inventory": "Inventory: variables of the hosts",
    "roles": "Roles: how hosts are set up",
    "dns": "DNS",
    "border": "Border",
    "documents": "Documents",
    "compliance": "Compliance",
    "project": "The project itself",
}
_STATES = {"added": "new", "removed": "gone", "changed": "changed", "same": "as before"}
SIGNS = {"added": "+", "removed": "\N{MINUS SIGN}", "changed": "~"}


def render(review: Review, limits: Limits = LIMITS) -> str:
    """The page, with a Content-Security-Policy that allows its own style and nothing else."""
    style = render_template(HTML, "report/review.css.j2")
    sections = _sections(review, limits)
    return render_template(
        HTML,
        "report/review.html.j2",
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        version=__version__,
        verdict=verdict.line(review),
        advice=verdict.advice(review),
        level=str(review.worst or "none"),
        contents=_contents(review, bool(sections["marked"])),
        hosts=words.some(review.hosts, _HOSTS) if review.hosts else "",
        **sections,
    )


def body(review: Review, prefix: str, limits: Limits = LIMITS) -> Verbatim:
    """The same sections, to stand below a heading of a page that has several reviews. ``prefix``: of anchors."""
    return Verbatim(
        render_template(
            HTML, "report/review_body.html.j2", **{**_sections(review, limits), "prefix": prefix, "top": 3}
        )
    )


def _sections(review: Review, limits: Limits) -> dict[str, object]:
    """What stands below the verdict."""
    parts = [_part(part, review, limits) for part in review.parts if part.changes or part.files]
    found = dangers(review)
    drawn = flow.flow(*review.plans)
    several = len(parts) > 1 or any(part.origin == "mailwright" for part in parts)
    return {
        "prefix": "",
        "top": 2,
        "old": review.old,
        "new": review.new,
        "risks": [_risk(danger, limits) for danger in found[: limits.risks]],
        "risks_left": _left(sum(len(danger.risks) for danger in found[limits.risks :]), "risk"),
        "severities": [(str(severity), text) for severity, text in words.SEVERITIES.items()],
        "warnings": [whole(warning) for warning in review.warnings],
        "pictures": [
            ("wide", picture.wide(drawn, review.new.domain)),
            ("tall", picture.tall(drawn, review.new.domain)),
        ],
        "marked": drawn.marked,
        "most_marked": _MARKED,
        "parts": parts,
        "several": several,
        "steps": [_step(step) for step in review.steps[: limits.steps]],
        "steps_left": _left(len(review.steps) - limits.steps, "step"),
        "complete": review.complete,
        "some_changes": bool(review.changes),
        "some_files": bool(review.files),
        "signs": SIGNS,
        "states": _STATES,
    }


def _left(count: int, thing: str) -> str:
    """What is said in the place of so many things that the page does not show; empty for none."""
    if count <= 0:
        return ""
    return (
        f"{words.number(count, f'more {thing}')} {'is' if count == 1 else 'are'} left out here; JSON has them all."
    )


def _said(sentence: str, limits: Limits) -> str:
    """The sentence with everybody's name, and not endless."""
    text = whole(sentence)
    return text[: limits.width] + _rest(len(text) - limits.width)


def _rest(count: int) -> str:
    return f" … and {count:,} more characters" if count > 0 else ""


def _contents(review: Review, marked: bool) -> list[tuple[str, str, str]]:
    """Anchor, title and number of each section that is there."""
    all_ = (
        ("risks", "Risks", len(review.risks)),
        ("warnings", "Warnings", len(review.warnings)),
        ("flow", "Mail flow", int(marked)),
        ("changes", "What changes", len(review.changes)),
        ("steps", "In this order", len(review.steps)),
        ("files", "Files", len(review.files)),
    )
    return [(id_, title, f"{number:,}") for id_, title, number in all_ if number]


# --- Risks and steps -------------------------------------------------------------------------------------------


_Span = tuple[bool, str]  # whether it is code, and the text


@dataclass(frozen=True, slots=True)
class _Risk:
    """What one rule found; ``cases`` are its sentences, each with its place in the new description, or none."""

    rule: str
    severity: str
    requirement: str
    requirement_title: str
    title: str
    cases: tuple[tuple[str, str], ...]
    left: str
    why: tuple[_Span, ...]
    safely: tuple[_Span, ...]
    forced: str
    origin: Origin


def _risk(danger: Danger, limits: Limits) -> _Risk:
    risk = danger.first
    requirement = catalogue.find(risk.rule.requirement)
    shown = danger.risks[: limits.members]
    return _Risk(
        risk.rule.id,
        str(risk.severity),
        risk.rule.requirement,
        requirement.title if requirement else "",
        risk.rule.title,
        tuple((f"{_said(each.sentence, limits)}.", str(each.where) if each.where else "") for each in shown),
        _left(len(danger.risks) - len(shown), "case"),
        spans(words.why(risk.rule)),
        spans(risk.safely) if risk.safely == risk.rule.safely else ((False, whole(risk.safely)),),
        whole(risk.forced),
        danger.origin,
    )


def spans(text: str) -> tuple[_Span, ...]:
    """A rule's own words, in which nothing of a description stands: what is between backquotes is code."""
    return tuple((number % 2 == 1, part) for number, part in enumerate(text.replace("``", "`").split("`")) if part)


@dataclass(frozen=True, slots=True)
class _Step:
    do: str
    wait: str
    why: str


def _step(step: Step) -> _Step:
    return _Step(f"{whole(step.do)}.", words.duration(step.wait) if step.wait else "", whole(step.why))


# --- What changes for people -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """``kind`` of all its changes, or empty; ``members`` are their sentences where there are several."""

    sentence: str
    kind: Kind | str
    note: str
    members: tuple[str, ...]
    left: str


@dataclass(frozen=True, slots=True)
class _Group:
    title: str
    count: str
    lines: tuple[_Line, ...]
    left: str


@dataclass(frozen=True, slots=True)
class _Area:
    """Files of one host, or of one of the build's own folders, by component."""

    title: str
    components: tuple[tuple[str, tuple[_File, ...]], ...]
    count: str


@dataclass(frozen=True, slots=True)
class _Part:
    origin: Origin
    title: str
    groups: tuple[_Group, ...]
    areas: tuple[_Area, ...]
    changes: str
    files: str
    files_left: str


def _part(part: Part, review: Review, limits: Limits) -> _Part:
    files = sorted(part.files, key=_order)
    shown = list(_files(files[: limits.files], limits))
    title = "What the description changes"
    if part.origin == "mailwright":
        title = f"What mailwright {review.new.version} makes otherwise than {review.old.version}"
    return _Part(
        part.origin,
        title,
        tuple(_groups(part.changes, limits)),
        tuple(_areas(shown)),
        f"{len(part.changes):,}",
        f"{len(part.files):,}",
        _left(len(part.files) - len(shown), "file"),
    )


def _groups(changes: Iterable[Change], limits: Limits) -> Iterator[_Group]:
    room = limits.sentences
    for group in groups(changes):
        lines = []
        for line in group.lines[: limits.lines]:
            made = _line(line, min(limits.members, room), limits)
            room -= len(made.members)
            lines.append(made)
        unsaid = sum(len(line.changes) for line in group.lines[limits.lines :])
        yield _Group(group.title, f"{group.count:,}", tuple(lines), _left(unsaid, "change"))


def _line(line: Line, room: int, limits: Limits) -> _Line:
    kinds = {change.kind for change in line.changes}
    several = len(line.changes) > 1
    members = tuple(f"{_said(change.sentence, limits)}." for change in line.changes[:room]) if several else ()
    return _Line(
        _said(line.sentence(_NAMED), limits),
        kinds.pop() if len(kinds) == 1 else "",
        whole(line.note),
        members,
        _left(len(line.changes) - len(members), "change") if several else "",
    )


# --- Files -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines of one kind that follow each other: ``added``, ``removed``, ``same``, or ``at`` for where they are."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    lands: str
    kind: Kind
    personal: bool
    hosts: str
    added: int
    removed: int
    blocks: tuple[_Block, ...]
    left: str  # about lines that are not shown
    area: str
    component: str


def _order(file: FileChange) -> tuple[int, str, str, str]:
    areas = list(_AREAS)
    return (areas.index(file.area) + 1 if file.area in _AREAS else 0, file.area, file.component, file.path)


def _files(files: Iterable[FileChange], limits: Limits) -> Iterator[_File]:
    room = limits.diffs
    for file in files:
        shown = []
        left = min(limits.diff, room)
        for line in file.diff:
            cut = _cut(line, limits.width)
            left -= len(cut) + 1
            if left < 0:
                break
            shown.append(cut)
        room -= sum(len(line) + 1 for line in shown)
        yield _File(
            file.path,
            file.lands,
            file.kind,
            file.personal,
            "" if file.lands else ", ".join(file.hosts),
            sum(line.startswith("+") for line in file.diff),
            sum(line.startswith("-") for line in file.diff),
            tuple(_blocks(shown)),
            _left(len(file.diff) - len(shown), "line"),
            file.area,
            file.component,
        )


def _cut(line: str, width: int) -> str:
    """The line as it is shown: a tab as an arrow, whatever else does not print as its escape, and not endless."""
    return visible(line[:width].replace("\t", "→   ")) + _rest(len(line) - width)


def _blocks(lines: Iterable[str]) -> Iterator[_Block]:
    for kind, block in groupby(lines, key=_kind_of_line):
        yield _Block(kind, "\n".join(block))


def _kind_of_line(line: str) -> str:
    return {"+": "added", "-": "removed", "@": "at"}.get(line[:1], "same")


def _areas(files: Sequence[_File]) -> Iterator[_Area]:
    for name, of_area in groupby(files, key=lambda file: file.area):
        members = list(of_area)
        components = tuple(
            (component, tuple(each)) for component, each in groupby(members, key=lambda file: file.component)
        )
        yield _Area(_AREAS.get(name, name), components, words.number(len(members), "file"))
