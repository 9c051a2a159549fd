"""The play of a project: the only values in it are names of our own roles, and nothing else can be written."""

from __future__ import annotations

import re

from mailwright.formats.engine import Format, FormatError

NAME = "a playbook"

_ROLE = re.compile(r"[a-z][a-z0-9_]*")


def role(value: object) -> str:
    """``value`` if it is the name of a role. Raises FormatError otherwise: a play is run, not only read."""
    if not isinstance(value, str) or not _ROLE.fullmatch(value):
        raise FormatError(value, NAME, "it is no name of a role")
    return value


PLAYBOOK = Format(NAME, role)
