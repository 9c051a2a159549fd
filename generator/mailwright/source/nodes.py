"""A document as a tree in which every value knows its file, line and column.

A large file has hundreds of thousands of places, keys and single values, and tuples are made in half the time.
"""

from __future__ import annotations

from typing import NamedTuple

from mailwright.records import dataclass


class Spot(NamedTuple):
    """A place in one file, before the document that it belongs to is known. Counts from 1."""

    file: str
    line: int
    column: int


class Scalar(NamedTuple):
    value: str | int | bool | None
    spot: Spot


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    spot: Spot


class Entry(NamedTuple):
    spot: Spot  # of the key
    node: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: dict[str, Entry]
    spot: Spot


Node = Scalar | Sequence | Mapping
