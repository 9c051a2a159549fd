"""Mailman's configuration (lazr.config, an INI dialect).

A value ends at the line, ``$name`` expands, and the next line continues it when it begins with a blank: only plain
words go in.
"""

from __future__ import annotations

from mailwright.formats.engine import Format, comment
from mailwright.formats.words import word

NAME = "Mailman's configuration"


def write(value: object) -> str:
    """One word. Raises FormatError for anything else."""
    return word(value, NAME)


FORMAT = Format(NAME, write, (("comment", comment),))
