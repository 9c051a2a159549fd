"""A review as Markdown, for a comment below a pull or merge request: without people unless they are asked for.

Words stand as they are; everything else (addresses, hosts, values of a description) stands in a code span. That is
the one place where GitHub and GitLab look for neither markup nor mentions nor references: they find ``@team`` and
``#123`` behind a backslash too (github/cmark-gfm#181, github/markup#1168).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from mailwright.changes import verdict, words
from mailwright.changes.groups import Danger, Files, dangers, files, groups
from mailwright.changes.model import Part, Review, Step
from mailwright.changes.personal import impersonal, whole
from mailwright.formats.markdown import code
from mailwright.formats.visible import visible
from mailwright.records import dataclass

NAMED = 5
"""How many of those that are alike are named; the others are counted."""

LIMIT = 65_536 - 136
"""What GitHub takes as a comment, less what whoever posts it puts in front, to know it again (ci/comment.py).
GitHub counts characters; here those beyond U+FFFF count twice, to be sure."""

_LONGEST = 2_000
"""Of a longer sentence the beginning is shown: a comment is no place for a thousand addresses."""

# What mailwright's own sentences call a command, between backticks; of words of others these are shown.
_PROGRAM = r"(?:ansible-playbook|check|dig|doveadm|getent|mailwright|openssl|postqueue|who|--check)"
_QUOTED = rf"`({_PROGRAM}(?:[ -][A-Za-z0-9 .,/_-]*)?)`"
_COMMAND = re.compile(rf"""(["'(]*){_QUOTED}([)"'.,;:]*)""")
_WORDS = re.compile(rf"""["'(]*{_QUOTED.replace("(", "(?:", 1)}[)"'.,;:]*(?!\S)|\S+""")
_PART = re.compile(r"""(["'(]*)(.*?)([)"'.,;:]*)""", re.DOTALL)
_PLAIN = re.compile(
    r"(?!www$)[A-Za-z]+(?:['-][A-Za-z]+)*|IPv[46]|[0-9]{1,3}(?:,[0-9]{3})*%?|[0-9]{4,6}", re.IGNORECASE
)
_NUMBERED = re.compile(r"[0-9]+[.)]")
_HASH = re.compile(r"[0-9a-f]{7,}", re.IGNORECASE)  # GitHub makes a link of what begins like a commit's
_ADDRESS = re.compile(r"https://[A-Za-z0-9./_~?&=%+-]+")

Show = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Block:
    """Something that is shown whole or with fewer items, but never broken.

    rank  what is shown first when there is not room for all: the lowest
    """

    rank: int
    head: str
    items: tuple[str, ...]
    foot: str = ""


def render(review: Review, *, personal: bool = False, limit: int = LIMIT, full_report: str = "") -> str:
    """The review in at most ``limit`` characters.

    personal     with logins, names and personal addresses
    full_report  where all of it is: an https address becomes a link, anything else stands as text
    """
    if not (verdict.differs(review) or review.warnings):
        return f"{verdict.NOTHING}\n"

    def show(sentence: str) -> str:
        return sentence_of(whole(sentence) if personal else impersonal(sentence))

    several = len(review.parts) > 1
    blocks = [
        Block(0, "", ("\n\n".join(filter(None, map(show, _head(review)))) + "\n",)),
        Block(1, "", tuple(f"> Note: {show(warning)}\n" for warning in review.warnings)),
        Block(2, "### Risks\n\n", tuple(_danger(one, show, several=several) for one in dangers(review))),
        *(Block(3, _counted_head(part, several=several), tuple(_counted(part))) for part in review.parts),
        *(block for part in review.parts for block in _details(part, show, several=several)),
        *(block for part in review.parts for block in _files(part, several=several)),
        Block(4, "### The order to make it in\n\n", tuple(_steps(review.steps, show))),
    ]
    return fitted([block for block in blocks if block.items], limit, pointer(full_report))


def _head(review: Review) -> tuple[str, str]:
    return verdict.line(review), verdict.advice(review)


# --- Text that stays text -----------------------------------------------------------------------------------------


def sentence_of(text: str) -> str:
    """``text`` as itself: words plain, and what could mean something in code spans, each shown exactly."""
    shown = visible(text)
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST].rpartition(' ')[0] or shown[:_LONGEST]} …"
    found = _WORDS.findall(shown)
    return " ".join(_word(word, first=not place) for place, word in enumerate(found)) or str(code(shown or " "))


def _word(word: str, *, first: bool) -> str:
    """``first``: a number and a point where a line begins would begin a list."""
    if word == "…":
        return word
    part = _COMMAND.fullmatch(word) or _PART.fullmatch(word)
    assert part is not None  # noqa: S101 - the middle takes what the others leave
    before, inner, after = part.groups()
    if not inner or (first and _NUMBERED.match(word)):
        return str(code(word))
    if _PLAIN.fullmatch(inner) and not _HASH.fullmatch(inner) and not _COMMAND.fullmatch(word):
        return word
    return f"{before}{code(inner)}{after}"


# --- Parts --------------------------------------------------------------------------------------------------------


def _danger(danger: Danger, show: Show, *, several: bool) -> str:
    first = danger.first
    newer = ", by a newer mailwright" if several and danger.origin == "mailwright" else ""
    about = " ".join(str(code(id_)) for id_ in (first.rule.requirement, first.rule.id) if id_)
    lines = [f"- **{str(first.severity).upper()}** {about}: {show(first.rule.title)}{newer}"]
    said = Counter(
        f"{show(one.sentence)}{f' ({code(visible(str(one.where)))})' if one.where else ''}" for one in danger.risks
    )
    for sentence, times in list(said.items())[:NAMED]:
        lines.append(f"  - {sentence}{f', {times} times' if times > 1 else ''}.")
    if len(said) > NAMED:
        lines.append(f"  - and {sum(list(said.values())[NAMED:]):,} more like these")
    lines.append(f"  - Why: {show(words.why(first.rule))}")
    lines.append(f"  - Safe way: {show(first.safely)}")
    if first.forced:
        lines.append(f"  - Let pass: {show(first.forced)}")
    return "".join(f"{line}\n" for line in lines)


def _title(part: Part, title: str, *, several: bool) -> str:
    return f"{title}, by a newer mailwright" if several and part.origin == "mailwright" else title


def _counted_head(part: Part, *, several: bool) -> str:
    return f"### {_title(part, 'What changes', several=several)}\n\n"


def _counted(part: Part) -> Iterator[str]:
    for group in groups(part.changes):
        yield f"- {group.title}: {group.count:,}\n"
    if part.files:
        yield f"- Files: {len(part.files):,}\n"


def folded(rank: int, title: str, items: Sequence[str]) -> Block:
    return Block(rank, f"<details><summary>{title}</summary>\n\n", tuple(items), "\n</details>\n")


def _details(part: Part, show: Show, *, several: bool) -> Iterator[Block]:
    for group in groups(part.changes):
        said: dict[str, int] = {}
        for line in group.lines:
            note = f"\n  {show(line.note)}" if line.note else ""
            item = f"{show(line.sentence(NAMED))}{note}"
            said[item] = said.get(item, 0) + 1
        title = _title(part, f"{group.title} ({group.count:,})", several=several)
        yield folded(
            5, title, [f"- {f'{times} times: ' if times > 1 else ''}{item}\n" for item, times in said.items()]
        )


def _files(part: Part, *, several: bool) -> Iterator[Block]:
    if part.files:
        title = _title(part, f"Files that differ ({len(part.files):,})", several=several)
        yield folded(6, title, [_place(place) for place in files(part.files)])


def _place(place: Files) -> str:
    """Files that hold people's data may be named after them, so they are counted alone."""
    names = [file.lands or file.path.removeprefix(f"{place.area}/") for file in place.files if not file.personal]
    more = len(place.files) - len(names[:NAMED])
    shown = [*(str(code(visible(name))) for name in names[:NAMED]), *([f"{more:,} more"] if more and names else [])]
    where = (
        f"{code(visible(place.area))} {code(visible(place.component))}"
        if place.component
        else code(visible(place.area))
    )
    return f"- {where} ({len(place.files):,}){f': {words.listed(shown)}' if shown else ''}\n"


def _steps(steps: Sequence[Step], show: Show) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        wait = f" Then wait {words.duration(step.wait)}{': ' if step.why else '.'}" if step.wait else ""
        why = f"{'' if wait else ' '}{show(step.why)}" if step.why else ""
        yield f"{number}. {show(step.do)}.{wait}{why}\n"


# --- Fitting in ---------------------------------------------------------------------------------------------------


def pointer(full_report: str) -> str:
    if _ADDRESS.fullmatch(full_report):
        return f"[The full report]({full_report})"
    if full_report:
        return f"The full report: {code(visible(full_report))}"
    return "The whole review is in the HTML report: `mailwright diff --format html`"


def fitted(blocks: Sequence[Block], limit: int, pointer: str) -> str:
    """All blocks where there is room; else those of lower ranks first, with as many items as fit."""
    everything = _joined((block, len(block.items)) for block in blocks)
    if _length(everything) <= limit:
        return everything
    end = f"\n_Cut, because a comment is this long at most._ {pointer}.\n"
    room = limit - _length(end)
    shown: dict[int, int] = {}
    for index in sorted(range(len(blocks)), key=lambda index: (blocks[index].rank, index)):
        count = _most(blocks[index], room - 1)  # a line feed between it and the next
        if count:
            shown[index] = count
            room -= _length(_one(blocks[index], count)) + 1
    return _joined((blocks[index], shown[index]) for index in sorted(shown)) + end


def _most(block: Block, room: int) -> int:
    """How many of its items have room, with what stands around them."""
    if _length(_one(block, len(block.items))) <= room:
        return len(block.items)
    room -= _length(_one(block, 0))  # which says that all are left out: no number of fewer is longer
    for count, item in enumerate(block.items):
        room -= _length(item)
        if room < 0:
            return count
    return len(block.items) - 1


def _one(block: Block, count: int) -> str:
    left = len(block.items) - count
    more = f"- and {left:,} more\n" if left else ""
    return f"{block.head}{''.join(block.items[:count])}{more}{block.foot}"


def _joined(blocks: Iterable[tuple[Block, int]]) -> str:
    return "\n".join(_one(block, count) for block, count in blocks)


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
