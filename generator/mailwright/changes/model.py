"""One difference between two plans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol, TypeVar

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """A row of ``table`` that appears, vanishes or differs.

    key       which one, in words: ``mx1.college.ac.uk port 25``
    sentence  what it means, whole, without a full stop
    alike     what many such changes are called together, to stand behind their number: ``mailboxes are new``; a
              list of their keys follows. Empty: it always stands alone
    note      what somebody has to do or know about it; the same for all that are alike
    old, new  the rows themselves; None where there is none
    """

    table: str
    kind: Kind
    key: str
    sentence: str
    alike: str = ""
    note: str = ""
    old: object = None
    new: object = None


class _Row(Protocol):
    @property
    def key(self) -> Any: ...  # each table has its own kind of key


Row = TypeVar("Row", bound=_Row)


def pairs(old: Iterable[Row], new: Iterable[Row]) -> Iterator[tuple[Row | None, Row | None, Row]]:
    """The rows that differ in more than their reasons, in the order of their keys: (old, new, whichever is there).

    ``old`` is None where a row appears, ``new`` where one vanishes.
    """
    before = {row.key: row for row in old}
    after = {row.key: row for row in new}
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        if one is not None and other is not None and not differences(one, other):
            continue
        yield one, other, other if other is not None else before[key]


def differences(old: object, new: object) -> tuple[str, ...]:
    """The names of the fields, but for ``because``, in which two rows of one table differ."""
    if old == new:
        return ()
    names = (field.name for field in fields(old) if field.compare and field.name != "because")  # type: ignore[arg-type]
    return tuple(name for name in names if getattr(old, name) != getattr(new, name))


def kind(old: object, new: object) -> Kind:
    return "added" if old is None else "removed" if new is None else "changed"
