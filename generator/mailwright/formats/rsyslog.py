"""rsyslog.conf (RainerScript): values stand in double quotes, where ``\\``, ``$`` and ``%`` would mean more."""

from __future__ import annotations

from collections.abc import Iterable

from mailwright.formats import postfix
from mailwright.formats.engine import Format, Verbatim, comment
from mailwright.formats.words import word

NAME = "rsyslog.conf"


def write(value: object) -> str:
    """A quoted parameter. Raises FormatError for what is not one word."""
    return f'"{word(value, NAME)}"'


def strings(values: Iterable[object]) -> Verbatim:
    """An array of quoted words. Raises FormatError for what is not one word."""
    return Verbatim("[" + ", ".join(write(value) for value in values) + "]")


def name(value: object) -> Verbatim:
    """A host's name without quotes, for the middle of a string that the template quotes, a path among them."""
    return postfix.name(value, NAME)


FORMAT = Format(NAME, write, (("comment", comment), ("strings", strings), ("name", name)))
