"""Dovecot: dovecot.conf of 2.3 and 2.4 by template, passwd-files by the line.

In dovecot.conf a value ends at the line, ``}`` closes a section, ``<file`` reads a file, ``$name`` and ``%{…}``
expand, ``#`` opens a comment. A passwd-file parts fields by colons and extra fields by blanks, and expands ``%`` in
them. So every value is a plain word, an address or a login.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailwright.formats import ldap, postfix
from mailwright.formats.engine import Format, FormatError, Verbatim, comment
from mailwright.formats.words import word
from mailwright.site.model import IPAddress

NAME = "dovecot.conf"
USERS = "a Dovecot passwd-file"


def write(value: object) -> str:
    """One plain word. Raises FormatError for anything else."""
    return word(value, NAME)


def name(value: object) -> Verbatim:
    """A host or domain name. Raises FormatError for anything else."""
    return postfix.name(value, NAME)


def networks(values: Iterable[IPAddress]) -> Verbatim:
    """A list of addresses, apart by blanks."""
    return Verbatim(" ".join([word(value, NAME) for value in values]))


def logins(values: Iterable[str], sign: str = "") -> Verbatim:
    """A list of logins, apart by blanks, each with ``sign`` before it."""
    return Verbatim(" ".join([sign + postfix.login(value, NAME) for value in values]))


FORMAT = Format(
    NAME,
    write,
    (
        ("comment", comment),
        ("name", name),
        ("networks", networks),
        ("dn", ldap.dn),
        ("uris", ldap.uris),
        ("attribute", ldap.attribute),
        ("logins", logins),
    ),
)

Fields = Sequence[tuple[str, object]]


def passwd_file(header: str, rows: Iterable[tuple[str, str, Fields]]) -> str:
    """Lines ``user:::::home::key=value …``; the password field stays empty.

    rows: user (a login, or a mail address in lower case), home folder (may be empty), extra fields.
    Raises FormatError for what is no plain login, address or word.
    """
    return lines(header, (entry(user, fields, home) for user, home, fields in rows))


def lines(header: str, entries: Iterable[str]) -> str:
    """A passwd-file of entries that are written already."""
    head = [f"# {comment(line)}" for line in header.splitlines()]
    return "\n".join([*head, *entries]) + "\n"


def entry(user: str, fields: Fields, home: str = "") -> str:
    """The line of a login or of a mail address in lower case; two of one with an apostrophe. Raises FormatError for
    anything else."""
    return _entry(postfix.address(user, USERS) if "@" in user else postfix.login(user, USERS), fields, home)


def road(start: str, store: object, fields: Fields) -> str:
    """The line ``start/store``: what holds for that service, or the like, of the store's logins.

    Raises FormatError for what is no plain word or host name.
    """
    return _entry(f"{_value(start)}/{postfix.name(store, USERS)}", fields)


def service(key: str, fields: Fields) -> str:
    """The line of a service, or of a plain word about it after a slash. Raises FormatError for anything else."""
    return _entry(_value(key), fields)


def _entry(key: str, fields: Fields, home: str = "") -> str:
    extra = " ".join([f"{name}={_value(value)}" for name, value in fields])
    rest = f":::::{_value(home) if home else ''}::{extra}"
    # When it looks for a key, Dovecot 2.4 has put a backslash before each apostrophe.
    return "\n".join(one + rest for one in dict.fromkeys((key, key.replace("'", "\\'"))))


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
