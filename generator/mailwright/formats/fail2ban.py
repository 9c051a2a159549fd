"""fail2ban: jails, filters and actions (INI).

A value ends at the line, ``%(name)s`` and ``<name>`` expand, blanks and commas part lists: only plain words go in.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailwright.formats.engine import Format, Verbatim, comment
from mailwright.formats.words import word

NAME = "fail2ban's configuration"


def write(value: object) -> str:
    """One word. Raises FormatError for anything else."""
    return word(value, NAME)


def blanks(values: Iterable[object]) -> Verbatim:
    """Words parted by blanks. Raises FormatError for what is none."""
    return Verbatim(" ".join([write(value) for value in values]))


def commas(values: Iterable[object]) -> Verbatim:
    """Words parted by commas. Raises FormatError for what is none."""
    return Verbatim(",".join([write(value) for value in values]))


FORMAT = Format(NAME, write, (("comment", comment), ("blanks", blanks), ("commas", commas)))
