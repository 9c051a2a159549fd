"""systemd's own files: units and drop-ins, journald.conf, sysusers.d, tmpfiles.d.

``%`` would be a specifier, white space parts arguments, ``;`` parts commands: only words go in.
"""

from __future__ import annotations

from mailwright.formats.engine import Format, comment
from mailwright.formats.words import word

NAME = "a systemd file"


def write(value: object) -> str:
    """One argument. Raises FormatError for what is not one word."""
    return word(value, NAME)


FORMAT = Format(NAME, write, (("comment", comment),))
