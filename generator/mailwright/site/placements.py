"""Who is on which store: a file beside the description that remembers it.

A mailbox never moves by itself, because a move strands mail. So whoever was placed once stays there: ``store`` of a
person says it, or else the line of the login in ``stores.csv``, which ``mailwright build`` writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from mailwright.findings import Findings, Place
from mailwright.site import values
from mailwright.site.model import Person
from mailwright.source.table import Table

FILE = "stores.csv"


def kept(people: tuple[Person, ...], folder: Path, findings: Findings) -> tuple[Person, ...]:
    """The people, each with the store that ``stores.csv`` in the folder remembers, if none is said."""
    path = folder / FILE
    if not os.path.lexists(path):  # a link that leads nowhere is a mistake: everybody would be placed anew
        return people
    remembered = _read(path, findings)
    return tuple(
        person if person.store else replace(person, store=remembered.get(person.login, "")) for person in people
    )


def text(placed: Iterable[tuple[str, str]]) -> str:
    """The file's text, from pairs of login and store."""
    return "login,store\n" + "".join(f"{login},{store}\n" for login, store in sorted(placed))


def _read(path: Path, findings: Findings) -> dict[str, str]:
    table = Table(path, ("login", "store"), (), findings, Place(str(path), 1, 1))
    found: dict[str, str] = {}
    first: dict[str, int] = {}
    for line, _text, fields in table.rows():
        row = dict(zip(table.header, fields, strict=True))
        try:
            login, store = values.login(row["login"]), values.name(row["store"])
        except ValueError as error:
            table.error("site.placement", str(error), line, 1)
            continue
        if (before := first.setdefault(login, line)) != line:
            message = f"{login} is there twice; the first time in line {before}"
            table.error("site.duplicate", message, line, 1, "Keep the line of the store where the mail is.")
            continue
        found[login] = store
    return found
