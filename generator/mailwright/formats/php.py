"""PHP configuration: every value is a literal that PHP takes as it stands, and nothing of it is code.

A string goes between apostrophes, where PHP expands nothing and knows two escapes: of the apostrophe and of the
backslash. A comment ends at ``?>``, too, where PHP would begin to send what follows to the browser.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailwright.formats import engine
from mailwright.formats.engine import Format, FormatError, Verbatim, single_line

NAME = "PHP"


def write(value: object) -> str:
    """A truth value, a number, or text in one line. Raises FormatError for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise FormatError(value, NAME, f"there is no way to write a {type(value).__name__}")
    return _string(value)


def _string(value: str) -> str:
    text = single_line(value, NAME)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise FormatError(value, NAME, "it holds half a character")
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def strings(values: Iterable[str]) -> Verbatim:
    """A list of texts: ``['a', 'b']``."""
    return Verbatim("[" + ", ".join(_string(value) for value in values) + "]")


def comment(value: object) -> Verbatim:
    """``value`` as the rest of a line that ``//`` opened."""
    return Verbatim(engine.comment(value).replace("?>", "? >"))


FORMAT = Format(NAME, write, (("comment", comment), ("strings", strings)))
