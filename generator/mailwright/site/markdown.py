"""What a text in Markdown may not hold: markup of its own, pictures, and links that lead to no page.

What ``faults`` finds, ``formats.markdown_html`` shows as plain text or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from mailwright.records import dataclass

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SAFE = re.compile(
    r"https?://[^/]|mailto:|tel:|(?:[a-z0-9-]+(?:\.[a-z]{2})?\.(?:html|txt))?(?:#[A-Za-z0-9-]+)?$", re.I
)
_ALMOST = re.compile(r"<[A-Za-z/!?]\S*")


@dataclass(frozen=True, slots=True)
class Fault:
    """What a text may not hold, and where: line and column count from 1."""

    line: int
    column: int
    message: str
    fix: str


def leads(target: str) -> bool:
    """Whether a link may lead there."""
    return bool(target and _SAFE.match(target))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    class Finding(MarkdownIt):
        def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 - it is called so
            return True

    return Finding("commonmark", {"html": True}).enable("table")


def faults(text: str, beside: Collection[str] = ()) -> Iterator[Fault]:
    """HTML, pictures and links that lead to no page, in the order of their lines.

    beside  the files that are in the same folder
    """
    lines = text.split("\n")
    seen: dict[str, int] = {}
    for token in _parser().parse(text):
        first, last = token.map or (0, len(lines))
        if token.type == "html_block":
            line, column = _find("<", lines, first, last)
            yield Fault(line, column, f"there is HTML in the text: {_short(token.content)}", _PLAIN)
        for inner in token.children or ():
            yield from _of(inner, lines, first, last, seen, beside)


_PLAIN = "Write it in Markdown, which has no need of HTML; put backquotes around what is to be shown as it is."
_LEAD = "Link to https://, http://, mailto: or tel:, or to a page of the folder, such as support.html."


def _of(
    token: Token, lines: Sequence[str], first: int, last: int, seen: dict[str, int], beside: Collection[str]
) -> Iterator[Fault]:
    if token.type == "html_inline" or (token.type == "text" and _ALMOST.search(token.content)):
        # Browsers take for HTML what CommonMark takes for text; it would be shown as it is.
        almost = _ALMOST.search(token.content)
        line, column = _next(almost.group() if almost else token.content, lines, first, last, seen)
        yield Fault(line, column, f"there is HTML in the text: {_short(token.content)}", _PLAIN)
    elif token.type == "image":
        line, column = _next("![", lines, first, last, seen)
        yield Fault(line, column, "there is a picture in the text, and the pages have none", "Say it in words.")
    elif token.type == "link_open":
        target = str(token.attrGet("href") or "")
        near, _, _ = target.partition("#")
        if not leads(target) or (":" not in near and near not in ("", *beside)):
            line, column = _next(target, lines, first, last, seen)
            yield Fault(line, column, f"a link leads to {_short(target) or 'nowhere'}, which is no page", _LEAD)


def _next(what: str, lines: Sequence[str], first: int, last: int, seen: dict[str, int]) -> tuple[int, int]:
    """Where the next one of these stands: each is found once."""
    key = f"{first} {what}"
    seen[key] = seen.get(key, 0) + 1
    return _find(what, lines, first, last, seen[key])


def _find(what: str, lines: Sequence[str], first: int, last: int, which: int = 1) -> tuple[int, int]:
    """Line and column of the so-manieth occurrence between two lines; the first line's text where it is written
    in another way than it is meant, with escapes."""
    wanted = what.split("\n")[0]
    for number in range(first, min(last, len(lines))):
        at = lines[number].find(wanted) if wanted else -1
        while at >= 0:
            which -= 1
            if not which:
                return number + 1, at + 1
            at = lines[number].find(wanted, at + 1)
    first = min(first, len(lines) - 1)
    return first + 1, len(lines[first]) - len(lines[first].lstrip()) + 1


def _short(text: str) -> str:
    line = text.strip().split("\n")[0]
    return line if len(line) <= 60 else line[:59] + "…"
