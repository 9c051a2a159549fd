"""chrony.conf: a directive a line, arguments parted by spaces, no quoting at all."""

from __future__ import annotations

from mailwright.formats.engine import Format, comment
from mailwright.formats.words import word

NAME = "chrony.conf"


def write(value: object) -> str:
    """One argument. Raises FormatError for what is not one word."""
    return word(value, NAME)


FORMAT = Format(NAME, write, (("comment", comment),))
