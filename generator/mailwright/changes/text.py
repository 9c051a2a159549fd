"""A review for people at a terminal: the verdict and the risks, then what changes, the files, and the order.

The first screen (SCREEN lines of WIDTH columns) tells whether to approve and why, and how many risks follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from mailwright.changes import verdict, words
from mailwright.changes.groups import Danger, Group, dangers, files, groups
from mailwright.changes.model import FileChange, Part, Review, Severity, Step
from mailwright.changes.personal import whole
from mailwright.formats.visible import visible

NAMED = 5
"""How many of those that are alike are named; the others are counted."""

SCREEN = 24
WIDTH = 80

COLOURS = {Severity.HIGH: "1;31", Severity.MEDIUM: "1;33", Severity.LOW: "1;36"}
KINDS = {"added": "32", "removed": "31", "changed": "33"}
_MARKS = {"+": "32", "-": "31", "@": "36"}
_ORIGINS = {
    "description": "What the description changes",
    "mailwright": "What a newer mailwright changes, with the same description",
}


def render(review: Review, *, files: bool = False, colour: bool = False) -> str:
    """The review in sentences, with everybody's name.

    files   with the differences of the files, where the review has them; else they are named
    colour  with ANSI sequences for severities and for what is added or removed
    """
    ink = Ink(colour)
    lines = [*_head(review, ink)]
    lines += _risks(review, ink, len(lines))
    several = len(review.parts) > 1
    for part in review.parts:
        if several:
            lines += ["", ink.bold(f"== {_ORIGINS[part.origin]} ==")]
        lines += _changes(part, ink)
        lines += _files(part, ink, diffs=files)
        if several and not (part.changes or part.files):
            lines += ["", "Nothing."]
    lines += _steps(review.steps, ink)
    return "".join(f"{line}\n" for line in lines)


class Ink:
    """Puts ANSI sequences around text that is ready to be shown; around nothing where nobody asked."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code else text

    def bold(self, text: str) -> str:
        return self(text, "1")


def shown(sentence: str) -> str:
    return visible(whole(sentence))


def wrapped(sentence: str, first: str = "", rest: str = "") -> list[str]:
    return wrap(
        shown(sentence),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _head(review: Review, ink: Ink) -> Iterator[str]:
    code = COLOURS[review.worst] if review.worst is not None else "1;32"
    yield from (ink(line, code) for line in wrapped(verdict.line(review)))
    if verdict.differs(review):
        yield from wrapped(verdict.advice(review))
    for warning in review.warnings:
        yield from wrapped(f"Note: {warning}")


def _risks(review: Review, ink: Ink, above: int) -> list[str]:
    """One block for each rule that found something. What does not fit on the first screen is announced there."""
    found = dangers(review)
    blocks = [_danger(one, ink, several=len(review.parts) > 1) for one in found]
    lines: list[str] = []
    announced = False
    for number, block in enumerate(blocks):
        left = [risk for one in found[number:] for risk in one.risks]
        # The block, the announcement of those after it and an empty line before each.
        room = SCREEN - above - len(lines) - len(block) - (2 if number + 1 < len(blocks) else 0)
        if lines and room < 0 and not announced:
            announced = True
            lines += ["", f"... {words.number(len(left), 'more risk')} below: {verdict.counts(left)}."]
        lines += block
    return lines


def _danger(danger: Danger, ink: Ink, *, several: bool) -> list[str]:
    first = danger.first
    place = f"  {first.where}" if first.where and len(danger.risks) == 1 else ""
    origin = "  (newer mailwright)" if several and danger.origin == "mailwright" else ""
    label = ink(str(first.severity).upper(), COLOURS[first.severity])
    about = "  ".join(filter(None, (first.rule.requirement, first.rule.id)))
    lines = ["", f"{label}  {visible(f'{about}{place}{origin}')}"]
    shown = danger.risks[:NAMED]
    for one in shown:
        where = f" ({one.where})" if one.where and not place else ""
        lines += (
            wrapped(f"{one.sentence}{where}.", "  ", "  ")
            if len(danger.risks) == 1
            else wrapped(f"{one.sentence}{where}.", "  - ", "    ")
        )
    if len(danger.risks) > NAMED:
        lines.append(f"  - and {len(danger.risks) - NAMED:,} more like these")
    lines += wrapped(f"Why: {words.why(first.rule)}", "  ", "  ")
    lines += wrapped(f"Safe way: {first.safely}", "  ", "  ")
    if first.forced:
        lines += wrapped(f"Let pass: {first.forced}", "  ", "  ")
    return lines


def _changes(part: Part, ink: Ink) -> Iterator[str]:
    for group in groups(part.changes):
        yield ""
        yield ink.bold(f"{group.title} ({group.count:,})")
        yield from _group(group, ink)


def _group(group: Group, ink: Ink) -> Iterator[str]:
    for line in group.lines:
        kinds = {change.kind for change in line.changes}
        code = KINDS[kinds.pop()] if len(kinds) == 1 else ""
        first, *rest = wrapped(line.sentence(NAMED), "- ", "  ")
        yield ink("-", code) + first[1:]
        yield from rest
        if line.note:
            yield from wrapped(line.note, "  ", "  ")


def _files(part: Part, ink: Ink, *, diffs: bool) -> Iterator[str]:
    if not part.files:
        return
    yield ""
    yield ink.bold(f"Files that differ ({len(part.files):,})")
    for place in files(part.files):
        where = f"{place.area}, {place.component}" if place.component else place.area
        names = [file.lands or file.path.removeprefix(f"{place.area}/") for file in place.files]
        more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
        yield from wrapped(f"{where} ({len(names):,}): {', '.join(names[:NAMED])}{more}", "- ", "  ")
    if diffs:
        for file in part.files:
            yield from _diff(file, ink)


def _diff(file: FileChange, ink: Ink) -> Iterator[str]:
    """As ``diff -u`` would say it. What is no text has its name alone."""
    yield ""
    yield ink.bold(visible(f"--- {'/dev/null' if file.kind == 'added' else f'a/{file.path}'}"))
    yield ink.bold(visible(f"+++ {'/dev/null' if file.kind == 'removed' else f'b/{file.path}'}"))
    for line in file.diff:
        yield ink(visible(line, "\t"), _MARKS.get(line[:1], ""))


def _steps(steps: Sequence[Step], ink: Ink) -> Iterator[str]:
    if not steps:
        return
    yield ""
    yield ink.bold("The order to make it in")
    for number, step in enumerate(steps, 1):
        mark = f"{number}. "
        yield from wrapped(" ".join(_step(step)), mark, " " * len(mark))


def _step(step: Step) -> Iterable[str]:
    yield f"{step.do}."
    if step.wait:
        yield f"Then wait {words.duration(step.wait)}{f': {step.why}' if step.why else '.'}"
    elif step.why:
        yield step.why
