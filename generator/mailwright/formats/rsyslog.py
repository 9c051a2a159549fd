"""rsyslog.conf (RainerScript): values stand in double quotes, where ``\\``, ``$`` and ``%`` would mean more."""

from __future__ import annotations

from mailwright.formats.engine import Format, comment
from mailwright.formats.words import word

NAME = "rsyslog.conf"


def write(value: object) -> str:
    """A quoted parameter. Raises FormatError for what is not one word."""
    return f'"{word(value, NAME)}"'


FORMAT = Format(NAME, write, (("comment", comment),))
