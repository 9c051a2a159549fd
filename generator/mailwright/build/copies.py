"""``description/``: copies of the files that the site was described in, so that a build can be reviewed alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailwright.build.manifest import Input
from mailwright.build.tree import DESCRIPTION, PERSONAL, Output, Tree, safe
from mailwright.formats.engine import FormatError

_UNSAFE = re.compile(r"[^A-Za-z0-9_.+@~,/ -]|(?:^|(?<=/)) ")  # = announces one of them
_DASH = re.compile(r"(?:^|/)-")


def make(inputs: Iterable[Input]) -> Tree:
    """Not for everybody on the machine: descriptions name people. Raises FormatError for a name like ``-a.csv``."""
    return {safe(DESCRIPTION + _checked(item.copy)): Output(item.data, PERSONAL) for item in inputs}


def name(path: str) -> str:
    """What the copy of a file is called, from its path below the folder that all inputs share.

    What a description can name stays as it is. Folders on the way to it, and its own name, are the author's: other
    characters become ``=`` and two hexadecimal digits for each byte.
    """
    return _UNSAFE.sub(lambda match: "".join(f"={byte:02X}" for byte in match[0].encode("utf-8", "replace")), path)


def _checked(path: str) -> str:
    if _DASH.search(path):
        raise FormatError(path, "description/", "a name in a project does not begin with a hyphen")
    return path
