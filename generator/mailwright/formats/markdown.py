"""Markdown (CommonMark): every value is plain text; ``{{ value | code }}`` makes a code span of it."""

from __future__ import annotations

import re

from mailwright.formats.engine import Format, FormatError, Verbatim, single_line

NAME = "Markdown"

# What means something inside a line; what does so where a line may begin; and what makes a link of plain text on
# pages that follow GitHub's dialect. CommonMark 2.4: a backslash before ASCII punctuation takes its meaning away.
_INSIDE = r"[\\`*_\[\]<>|&~!#$^{}]"
_AT_START = r"(?<![^ ])[-+=:]"
_NUMBERED = r"(?<=\d)[.)](?= |$)"
_LINKS = r":(?=//)|(?<=www)\."
_MEANING = re.compile(f"({_INSIDE}|{_AT_START}|{_NUMBERED}|{_LINKS})", re.IGNORECASE)


def text(value: object) -> str:
    """``value`` on one line, as itself. Raises FormatError for control characters."""
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise FormatError(value, NAME, f"there is no way to write a {type(value).__name__}")
    return _MEANING.sub(r"\\\1", single_line(value, NAME))


def code(value: str) -> Verbatim:
    """A code span that holds exactly ``value``, whatever backticks are in it (CommonMark 6.1)."""
    inner = single_line(value, NAME)
    longest = max((len(run) for run in re.findall(r"`+", inner)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if inner.startswith(("`", " ")) or inner.endswith(("`", " ")) or not inner.strip() else ""
    return Verbatim(f"{fence}{pad}{inner}{pad}{fence}")


MARKDOWN = Format(NAME, text, (("code", code),))
