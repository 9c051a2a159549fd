"""rspamd: its configuration (UCL) by template, and the map of addresses by the line.

UCL ends a value at ``;`` or ``}``, expands ``$NAME`` and ``${NAME}`` even in quoted strings, and reads other files
at ``.include``. So a value is one plain word, and it is quoted. The filter's own rules are Lua without any value in
it; what they need is in the configuration and in the map.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailwright.formats import postfix
from mailwright.formats.engine import Format, Verbatim, comment
from mailwright.formats.words import word

NAME = "rspamd's configuration"
MAP = "the filter's map of addresses"
NOBODY = "-"
"""Stands in the map for an address that exists and that no login may send as."""


def write(value: object) -> str:
    """One plain word, quoted unless it is a number. Raises FormatError for anything else."""
    text = word(value, NAME)
    return text if isinstance(value, int) else f'"{text}"'


def strings(values: Iterable[object]) -> Verbatim:
    """A list of plain words: ``["a", "b"]``."""
    return Verbatim("[" + ", ".join(f'"{word(value, NAME)}"' for value in values) + "]")


def name(value: object) -> Verbatim:
    """A domain name, quoted. Raises FormatError for anything else."""
    return Verbatim(f'"{postfix.name(value, NAME)}"')


def names(values: Iterable[object]) -> Verbatim:
    """A list of domain names: ``["a.example", "b.example"]``."""
    return Verbatim("[" + ", ".join([name(value) for value in values]) + "]")


def logins(values: Iterable[str]) -> Verbatim:
    """A list of logins: ``["karlm", "webforms"]``. Raises FormatError for what is none."""
    return Verbatim("[" + ", ".join([f'"{postfix.login(value, NAME)}"' for value in values]) + "]")


def bare(value: object) -> Verbatim:
    """A name without quotes, for the middle of a string that the template quotes: a DKIM selector."""
    return postfix.name(value, NAME)


FORMAT = Format(
    NAME,
    write,
    (
        ("comment", comment),
        ("strings", strings),
        ("name", name),
        ("names", names),
        ("logins", logins),
        ("bare", bare),
    ),
)


def address_map(header: str, rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Lines of an address, a space, and the logins that may send as it, or ``-``.

    Raises FormatError for what is no plain address or login.
    """
    lines = [f"# {comment(line)}" for line in header.splitlines()]
    for address, logins in rows:
        senders = ",".join([postfix.login(login, MAP) for login in logins]) or NOBODY
        lines.append(f"{postfix.address(address, MAP)} {senders}")
    return "\n".join(lines) + "\n"


def list_map(header: str, rows: Iterable[tuple[str, str]]) -> str:
    """Lines of an address, a space, and the address of a list, or ``-``.

    Raises FormatError for what is no plain address.
    """
    lines = [f"# {comment(line)}" for line in header.splitlines()]
    for address, target in rows:
        lines.append(
            f"{postfix.address(address, MAP)} {target if target == NOBODY else postfix.address(target, MAP)}"
        )
    return "\n".join(lines) + "\n"
