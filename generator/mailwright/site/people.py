"""People, from a CSV file or from the description itself, judged by the same rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from mailwright.findings import Findings, Place
from mailwright.site import values
from mailwright.site.model import Person
from mailwright.source.table import Table

REQUIRED = ("login", "name", "address")
OPTIONAL = ("aliases", "internal", "department", "quota", "store", "category", "listed")

T = TypeVar("T")


def _list(text: str) -> tuple[str, ...]:
    """Addresses that are separated by spaces or semicolons."""
    return tuple(values.address(word) for word in text.replace(";", " ").split()) if text else ()


def _quota(text: str) -> int | None:
    return values.size(text) if text else None


def _store(text: str) -> str:
    return values.name(text) if text else ""


def _listed(text: str) -> bool | None:
    said = {"": None, "yes": True, "no": False}
    if text not in said:
        raise ValueError(f"{text!r} is neither yes nor no")
    return said[text]


def _text(text: str) -> str:
    if len(text) > 500:
        raise ValueError("the text is longer than 500 characters")
    return text


def _name(text: str) -> str:
    if not text:
        raise ValueError("the name is empty")
    return _text(text)


def from_csv(path: Path, findings: Findings, where: Place) -> Iterator[Person]:
    """The people of a file, in its order. ``where`` the description names it; faults go to ``findings``."""
    table = Table(path, REQUIRED, OPTIONAL, findings, where)
    first: dict[str, int] = {}
    order: dict[str, int] = {}
    for line, text, fields in table.rows():
        if not order:
            order = {name: index for index, name in enumerate(table.header)}
            picked = [order.get(name, -1) for name in REQUIRED + OPTIONAL]
        fields.append("")  # what index -1, an absent column, finds
        picks = [fields[index] for index in picked]
        login, name, address, aliases, internal, department, quota, store, category, listed = picks
        try:
            person = Person(
                values.login(login),
                _name(name),
                values.address(address),
                _list(aliases),
                _list(internal),
                _text(department),
                _quota(quota),
                Place(table.file, line, 1),
                _store(store),
                _text(category),
                _listed(listed),
            )
        except ValueError:
            _explain(table, line, text, fields, order)
            continue
        if (before := first.setdefault(login, line)) != line:
            message = f"the login {login!r} is there twice; the first time in line {before}"
            column = table.column(text, order["login"])
            table.error("site.duplicate-login", message, line, column, "Give each person a login of their own.")
            continue
        yield person


_CHECKS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("login", values.login),
    ("name", _name),
    ("address", values.address),
    ("aliases", _list),
    ("internal", _list),
    ("department", _text),
    ("quota", _quota),
    ("store", _store),
    ("category", _text),
    ("listed", _listed),
)


def _explain(table: Table, line: int, text: str, fields: list[str], order: dict[str, int]) -> None:
    """A finding for each field of a row that cannot be used. Only for rows that have a fault."""
    for name, check in _CHECKS:
        if name in order:
            try:
                check(fields[order[name]])
            except ValueError as error:
                table.error("site.person", str(error), line, table.column(text, order[name]))
