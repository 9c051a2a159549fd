"""nginx: ``;`` and ``{`` end a directive, ``$`` expands and cannot be escaped, so only words go in.

Names of servers, paths, networks and numbers are words. Whatever is free text is said by what nginx passes on to.
"""

from __future__ import annotations

from mailwright.formats.engine import Format, comment
from mailwright.formats.words import word

NAME = "nginx's configuration"


def write(value: object) -> str:
    """A number, a network, a path or a name. Raises FormatError for what is not one word."""
    return word(value, NAME)


FORMAT = Format(NAME, write, (("comment", comment),))
