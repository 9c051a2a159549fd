"""What shared hosts know of a customer (mail.tables): a fact a line, strict enough to be judged line by line there.

A line is a word that says what it is, and its fields, one blank before each; ``#`` at its start opens a comment,
and there is no other syntax. Fields are names, addresses, logins, numbers, days and words from allow-lists, so
nothing in them can end a line, begin another field, or mean a file or a program to the services whose tables are
made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

from mailwright.formats import postfix
from mailwright.formats.engine import FormatError, comment
from mailwright.site import values

NAME = "mail.tables"
VERSION = 1

_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


def identifier(value: str) -> str:
    """A customer's id. Raises FormatError for anything else."""
    if values.is_id(value):
        return value
    raise FormatError(value, NAME, "it is no id of a customer")


def selector(value: str) -> str:
    """A DKIM selector of one label. Raises FormatError for anything else."""
    return _checked(_SELECTOR, value, "it is no DKIM selector")


def domain(value: str) -> str:
    """A domain of two labels or more, in small letters. Raises FormatError for anything else."""
    text = postfix.name(value, NAME)
    if text != text.lower() or "." not in text or text.rpartition(".")[2].isdigit():
        raise FormatError(value, NAME, "it is no domain in small letters")
    return text


@lru_cache(1024)
def login(value: str, realm: str) -> str:
    """The login as shared hosts know it, ``ab011@college.ac.uk``. Raises FormatError for what is none."""
    return f"{_checked(_LOGIN, value, 'it is no plain login')}@{realm}"


@lru_cache(1024)
def own(value: str, domains: frozenset[str]) -> str:
    """An address in look-up form in one of ``domains``. Raises FormatError for anything else."""
    text = postfix.address(value, NAME)
    if text != text.lower() or text.rpartition("@")[2] not in domains:
        raise FormatError(value, NAME, "it is no address of the customer's own domains")
    return text


def target(value: str) -> str:
    """Where mail is sent on to: any plain address. Raises FormatError for anything else."""
    return postfix.address(value, NAME)


def number(value: int) -> str:
    """Raises FormatError below 1, which for quotas and days means something else to each service."""
    if isinstance(value, bool) or value < 1:
        raise FormatError(value, NAME, "it is no number above 0")
    return str(int(value))


def day(value: date) -> str:
    return value.isoformat()


def section(heading: str, word: str, rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of one kind below a comment; none where there are no rows. The functions above write the fields."""
    lines = [" ".join((word, *row)) for row in rows]
    return ["", *(f"# {comment(line)}" for line in heading.splitlines()), *lines] if lines else []


def _checked(form: re.Pattern[str], value: str, why: str) -> str:
    if form.fullmatch(value):
        return value
    raise FormatError(value, NAME, why)
