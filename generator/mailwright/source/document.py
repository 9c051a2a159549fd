"""A document: plain values, and the place of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailwright.findings import Place
from mailwright.source.nodes import Mapping, Node, Sequence

Plain = str | int | bool | None | list["Plain"] | dict[str, "Plain"]


def pointer(*parts: str | int) -> str:
    """An RFC 6901 pointer: ``pointer("people", 3, "login")`` is ``/people/3/login``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _walk(node: Node, at: str) -> Iterator[tuple[str, Node]]:
    yield at, node
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            yield from _walk(entry.node, at + pointer(key))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from _walk(item, f"{at}/{index}")


def _plain(node: Node) -> Plain:
    if isinstance(node, Mapping):
        return {key: _plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return node.value


@dataclass(frozen=True, slots=True)
class Document:
    """A description after its layers were joined.

    data    plain values: dict, list, str, int, bool, None; text stands as it was written
    places  of each value, by pointer
    keys    of each key, by the pointer of its value
    """

    file: str
    data: dict[str, Plain]
    places: dict[str, Place]
    keys: dict[str, Place]

    @classmethod
    def of(cls, file: str, root: Mapping) -> Document:
        places: dict[str, Place] = {}
        keys: dict[str, Place] = {}
        for at, node in _walk(root, ""):
            places[at] = Place(node.spot.file, node.spot.line, node.spot.column, at)
            if isinstance(node, Mapping):
                for key, entry in node.entries.items():
                    below = at + pointer(key)
                    keys[below] = Place(entry.spot.file, entry.spot.line, entry.spot.column, below)
        data = _plain(root)
        assert isinstance(data, dict)  # noqa: S101 - the root is a mapping
        return cls(file, data, places, keys)

    def place(self, at: str) -> Place:
        """Where the value at a pointer stands; where it is missing, what would hold it."""
        while at not in self.places:
            at = at.rpartition("/")[0]
        return self.places[at]

    def key_place(self, at: str) -> Place:
        """Where the key of the value at a pointer stands; an item of a list has none: the item itself."""
        return self.keys.get(at) or self.place(at)

    def find(self, value: object) -> Place | None:
        """Where the first scalar (or else key) that equals ``value`` stands."""
        for at, place in self.places.items():
            if type(found := self.value(at)) is type(value) and found == value:
                return place
        for at, place in self.keys.items():
            if at.rpartition("/")[2].replace("~1", "/").replace("~0", "~") == value:
                return place
        return None

    def value(self, at: str) -> Plain:
        """The value at a pointer. Raises KeyError or IndexError where there is none."""
        found: Plain = self.data
        for part in at.split("/")[1:]:
            if isinstance(found, list):
                found = found[int(part)]
            elif isinstance(found, dict):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            else:
                raise KeyError(at)
        return found
