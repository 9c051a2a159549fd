"""The narrowest writer: formats whose values are numbers, addresses, paths and names, and never free text."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from mailwright.formats.engine import FormatError

# Nothing here ends a word, quotes, expands or comments in any format that uses this writer.
_WORD = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_./:@-]*")
_UNIX_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


def word(value: object, format_name: str) -> str:
    """A number, an address, or a word of letters, digits and ``_ . / : @ -`` that does not start with a sign.

    Raises FormatError for anything else.
    """
    if isinstance(value, IPv4Address | IPv4Network | IPv6Address | IPv6Network):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    raise FormatError(value, format_name, "it is no plain word")


def unix_name(value: str, format_name: str) -> str:
    """A user or group as Debian names them. Raises FormatError for anything else."""
    if _UNIX_NAME.fullmatch(value):
        return value
    raise FormatError(value, format_name, "it is no name of a Unix user or group")
