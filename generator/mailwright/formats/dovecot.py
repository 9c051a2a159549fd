"""Dovecot: dovecot.conf of 2.3 and 2.4 by template, passwd-files by the line.

In dovecot.conf a value ends at the line, ``}`` closes a section, ``<file`` reads a file, ``$name`` and ``%{…}``
expand, ``#`` opens a comment. A passwd-file parts fields by colons and extra fields by blanks, and expands ``%`` in
them. So every value is a plain word, an address or a login.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailwright.formats import postfix
from mailwright.formats.engine import Format, FormatError, Verbatim, comment
from mailwright.formats.words import word

NAME = "dovecot.conf"
USERS = "a Dovecot passwd-file"


def write(value: object) -> str:
    """One plain word. Raises FormatError for anything else."""
    return word(value, NAME)


def name(value: object) -> Verbatim:
    """A host or domain name. Raises FormatError for anything else."""
    return postfix.name(value, NAME)


FORMAT = Format(NAME, write, (("comment", comment), ("name", name)))


def passwd_file(header: str, rows: Iterable[tuple[str, str, Sequence[tuple[str, object]]]]) -> str:
    """Lines ``user:::::home::key=value …``; the password field stays empty.

    rows: user (a login, or a mail address in lower case), home folder (may be empty), extra fields.
    Raises FormatError for what is no plain login, address or word.
    """
    lines = [f"# {comment(line)}" for line in header.splitlines()]
    for user, home, fields in rows:
        name = postfix.address(user, USERS) if "@" in user else postfix.login(user, USERS)
        extra = " ".join([f"{key}={_value(value)}" for key, value in fields])
        lines.append(f"{name}:::::{_value(home) if home else ''}::{extra}")
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """A quota, or a plain word without a colon, which would part fields."""
    if isinstance(value, Quota):
        return value.text
    text = word(value, USERS)
    if ":" in text:
        raise FormatError(value, USERS, "a colon would begin another field")
    return text


class Quota:
    """A quota in bytes as the extra field's value: of 2.3 ``*:bytes=N``, of 2.4 ``NB``."""

    __slots__ = ("text",)

    def __init__(self, size: int, version: str) -> None:
        if size < 1:  # 0 means no bound to 2.3 and nothing at all to 2.4
            raise FormatError(size, USERS, "a quota is at least a byte")
        self.text = f"*:bytes={int(size)}" if version == "2.3" else f"{int(size)}B"
