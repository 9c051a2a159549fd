"""logrotate: directives of one line; a value could open a block or a script, so only words go in."""

from __future__ import annotations

from mailwright.formats.engine import Format, comment
from mailwright.formats.words import word

NAME = "a logrotate file"


def write(value: object) -> str:
    """One argument or path, without wildcards. Raises FormatError for what is not one word."""
    return word(value, NAME)


FORMAT = Format(NAME, write, (("comment", comment),))
