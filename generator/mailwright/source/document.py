"""A document: plain values, and the place of each."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.findings import Place
from mailwright.records import dataclass
from mailwright.source.nodes import Mapping, Node, Scalar, Sequence, Spot

Plain = str | int | bool | None | list["Plain"] | dict[str, "Plain"]


def pointer(*parts: str | int) -> str:
    """An RFC 6901 pointer: ``pointer("people", 3, "login")`` is ``/people/3/login``."""
    return "".join([step(part) if isinstance(part, str) else f"/{part}" for part in parts])


def step(key: str) -> str:
    """The pointer of what a key leads to, from what has the key on."""
    if "~" in key or "/" in key:
        key = key.replace("~", "~0").replace("/", "~1")
    return f"/{key}"


def plain(node: Node) -> Plain:
    """The value of a node, without its places."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    return [plain(item) for item in node.items]


@dataclass(frozen=True, slots=True)
class Document:
    """A description after its layers were joined.

    data  plain values: dict, list, str, int, bool, None; text stands as it was written
    root  the same, with the place of each value and of each key
    """

    file: str
    data: dict[str, Plain]
    root: Mapping

    @classmethod
    def of(cls, file: str, root: Mapping) -> Document:
        return cls(file, {key: plain(entry.node) for key, entry in root.entries.items()}, root)

    def pointers(self) -> Iterator[str]:
        """Of all values."""
        return (at for at, _node in _values(self.root, ""))

    def place(self, at: str) -> Place:
        """Where the value at a pointer stands; where it is missing, what would hold it."""
        node, _key, rest = self._reached(at)
        return _place(node.spot, at.removesuffix(rest))

    def key_place(self, at: str) -> Place:
        """Where the key of the value at a pointer stands; an item of a list has none: the item itself."""
        node, key, rest = self._reached(at)
        if rest or key is None:
            return _place(node.spot, at.removesuffix(rest))
        return _place(key, at)

    def _reached(self, at: str) -> tuple[Node, Spot | None, str]:
        """The last node on the way to a pointer, where its key stands if it has one, and what is missing."""
        node: Node = self.root
        key: Spot | None = None
        parts = at.split("/")[1:]
        for number, part in enumerate(parts):
            if isinstance(node, Mapping):
                entry = node.entries.get(part.replace("~1", "/").replace("~0", "~") if "~" in part else part)
                if entry is not None:
                    key, node = entry
                    continue
            elif isinstance(node, Sequence) and part.isdecimal() and int(part) < len(node.items):
                key, node = None, node.items[int(part)]
                continue
            return node, key, "".join(f"/{one}" for one in parts[number:])
        return node, key, ""

    def find(self, value: object) -> Place | None:
        """Where the first scalar (or else key) that equals ``value`` stands."""
        for at, node in _values(self.root, ""):
            if isinstance(node, Scalar) and type(node.value) is type(value) and node.value == value:
                return _place(node.spot, at)
        return next((_place(spot, at) for at, key, spot in _keys(self.root, "") if key == value), None)

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


def _place(spot: Spot, at: str) -> Place:
    return Place(spot.file, spot.line, spot.column, at)


def _children(node: Node, at: str) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Mapping):
        yield from ((at + step(key), entry.node) for key, entry in node.entries.items())
    elif isinstance(node, Sequence):
        yield from ((f"{at}/{index}", item) for index, item in enumerate(node.items))


def _values(node: Node, at: str) -> Iterator[tuple[str, Node]]:
    """Every value at and below a pointer, with its own."""
    yield at, node
    for where, child in _children(node, at):
        yield from _values(child, where)


def _keys(node: Node, at: str) -> Iterator[tuple[str, str, Spot]]:
    """Every key below a pointer, with that of its value: those of a mapping before those further down."""
    if isinstance(node, Mapping):
        yield from ((at + step(key), key, entry.spot) for key, entry in node.entries.items())
    for where, child in _children(node, at):
        yield from _keys(child, where)
