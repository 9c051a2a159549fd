"""Style sheets: the one value that a site gives is a colour."""

from __future__ import annotations

import re

from mailwright.formats.engine import Format, FormatError

NAME = "CSS"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def colour(value: object) -> str:
    """``#rrggbb``. Raises FormatError for anything else."""
    if isinstance(value, str) and _COLOUR.fullmatch(value):
        return value
    raise FormatError(value, NAME, "it is no colour of the form #rrggbb")


CSS = Format(NAME, colour)
