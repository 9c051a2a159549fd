"""Attributes by which git makes another file of a working copy than the one that it keeps (gitattributes(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

FILE = ".gitattributes"

_HARMLESS: Mapping[str, tuple[str, ...]] = {
    "working-tree-encoding": ("unspecified", "unset", "utf-8", "utf8"),
    "filter": ("unspecified", "unset"),
    "ident": ("unspecified", "unset"),
    "eol": ("unspecified", "unset", "lf"),
}
"""Attribute → values, in lower case, with which a file of the working copy has the bytes that git keeps."""

NAMES = tuple(_HARMLESS)


def changing(told: bytes) -> Iterator[tuple[str, str]]:
    """Path and attribute (``eol=crlf``) of each file that a checkout would change, of what ``git check-attr -z``
    tells: rows of path, attribute, value, each ended by NUL."""
    words = iter(os.fsdecode(told).split("\0")[:-1])
    for path, name, value in zip(words, words, words, strict=True):
        if value.lower() not in _HARMLESS[name]:
            yield path, name if value == "set" else f"{name}={value}"
