"""PHP-FPM's pools: an INI file in which ``;`` starts a comment and ``$`` expands, so only words go in."""

from __future__ import annotations

from mailwright.formats.engine import Format, comment
from mailwright.formats.words import word

NAME = "a pool of PHP-FPM"


def write(value: object) -> str:
    """A number, a path or a name. Raises FormatError for what is not one word."""
    return word(value, NAME)


FORMAT = Format(NAME, write, (("comment", comment),))
