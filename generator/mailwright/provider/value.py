"""Where a value of a description comes from: which layers say it, which of them wins, and what holds for it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Named
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mailwright.findings import Findings, Place
from mailwright.provider import limits as held
from mailwright.provider import secrets
from mailwright.provider.model import Head, Layer, Limit
from mailwright.records import dataclass
from mailwright.source import nodes
from mailwright.source.about import about, near, parts
from mailwright.source.document import Plain, pointer
from mailwright.source.layers import join, stack
from mailwright.source.nodes import Mapping, Node
from mailwright.source.schema import load_schema

Defaults = Named[str, Plain]
NO_DEFAULTS: Defaults = MappingProxyType({})


class UnknownError(Exception):
    """There is no such value. ``close``: pointers that may be meant. The message is a sentence."""

    def __init__(self, message: str, close: Sequence[str]) -> None:
        super().__init__(message)
        self.close = tuple(close)


@dataclass(frozen=True, slots=True)
class Said:
    """One layer says a value. ``in_force``: no layer above it says another."""

    layer: str
    value: Plain
    in_force: bool
    where: Place


@dataclass(frozen=True, slots=True)
class Value:
    """A single value, or a list, of the joined description.

    said         the layers that say it, the highest first; none: it is as if ``default`` were said
    default      of the schema; None where it has none
    title        and description, of the schema
    limits       of the provider, for what a customer may say
    """

    pointer: str
    said: tuple[Said, ...]
    default: Plain
    title: str
    description: str
    limits: tuple[Limit, ...]


def defaults(head: Head) -> Defaults:
    """Of a customer on shared hosts: its first passwords lie in its own folder of secrets."""
    return {"/store/passwords": secrets.passwords(head.id)} if head.platform else NO_DEFAULTS


def files(path: Path, findings: Findings) -> tuple[Layer, ...]:
    """The layers of a description that is no customer's: its file, and those that it extends, the lowest first."""
    return tuple(Layer(Path(root.spot.file).name, root) for root in stack(path, findings))


def explain(
    layers: Sequence[Layer], at: str, limits: Iterable[Limit] = (), defaults: Defaults = NO_DEFAULTS
) -> tuple[Value, ...]:
    """The value at a pointer of the description that the layers make; of a mapping, each value below it.

    defaults  those that this customer has in place of the schema's, by pointer

    Raises UnknownError where no layer says it and the schema has no setting there.
    """
    whole = [one for layer in layers for one in _apart(layer)]
    root = reduce(join, (layer.root for layer in whole))
    _known(root, at)
    said = tuple(limits)
    return tuple(_value(whole, root, one, said, defaults) for one in _leaves(whole, at))


def _apart(layer: Layer) -> Iterator[Layer]:
    """A profile's files one by one, where it extends others."""
    several = stack(Path(layer.root.spot.file), Findings()) if layer.name.startswith("profile ") else ()
    if len(several) < 2:
        yield layer
        return
    *lower, top = several
    for root in lower:
        yield Layer(f"{layer.name} ({Path(root.spot.file).name})", root)
    yield Layer(layer.name, top)


def _known(root: Mapping, at: str) -> None:
    """Raises UnknownError unless each key on the way is a setting's name, or is said."""
    schema: dict[str, Any] | None = load_schema("site")
    node: Node | None = root
    way: list[str] = []
    for key in parts(at):
        inside = _step(node, key) if node is not None else None
        if inside is None and key not in (schema or {}).get("properties", {}):
            called = [one for one in near(at) if one.rpartition("/")[2] == key]  # the same name at another place
            close = [*called, *_close(schema, node, way, key)]
            raise UnknownError(f"there is no {pointer(*way, key)}", (close or near(at))[:3])
        way.append(key)
        node, schema = inside, about(pointer(*way))


def _close(schema: dict[str, Any] | None, node: Node | None, way: list[str], key: str) -> list[str]:
    known = set((schema or {}).get("properties", {}))
    if isinstance(node, Mapping):
        known |= node.entries.keys()
    return [pointer(*way, word) for word in difflib.get_close_matches(key, sorted(known), n=3, cutoff=0.5)]


def _step(node: Node, key: str) -> Node | None:
    if isinstance(node, Mapping):
        entry = node.entries.get(key)
        return None if entry is None else entry.node
    if isinstance(node, nodes.Sequence) and key.isdigit() and int(key) < len(node.items):
        return node.items[int(key)]
    return None


def _find(root: Mapping, at: str) -> Node | None:
    node: Node | None = root
    for key in parts(at):
        node = None if node is None else _step(node, key)
    return node


def _leaves(layers: Sequence[Layer], at: str) -> list[str]:
    """Pointers of all single values and lists at or below a pointer: those that some layer says, then defaults."""
    found: dict[str, None] = {}
    for layer in reversed(layers):
        node = _find(layer.root, at)
        if node is not None:
            found |= dict.fromkeys(_below(node, at))
    # A mapping that one layer says as a single value or as empty is told of by what others say below it.
    kept = [one for one in found if not any(other.startswith(f"{one}/") for other in found)]
    return kept if kept == [at] else (kept + list(_defaults(at, kept))) or [at]


def _defaults(at: str, said: Sequence[str]) -> Iterator[str]:
    """Settings of a mapping that nobody says, and that have a default."""
    for name in (about(at) or {}).get("properties", {}) if at else ():
        one = at + pointer(name)
        default = (about(one) or {}).get("default")
        if default not in (None, {}) and not any(f"{other}/".startswith(f"{one}/") for other in said):
            yield one


def _below(node: Node, at: str) -> Iterator[str]:
    if isinstance(node, Mapping) and node.entries:
        for key, entry in node.entries.items():
            yield from _below(entry.node, at + pointer(key))
    else:
        yield at


def _value(layers: Sequence[Layer], root: Mapping, at: str, limits: tuple[Limit, ...], defaults: Defaults) -> Value:
    effective = _find(root, at)
    said = []
    for layer in reversed(layers):
        node = _find(layer.root, at)
        if node is not None:
            spot = _key_spot(layer.root, at) or node.spot
            place = Place(spot.file, spot.line, spot.column, at)
            said.append(Said(layer.name, plain(node), node is effective, place))
    kind = about(at) or {}
    return Value(
        at,
        tuple(said),
        defaults.get(at, kind.get("default")),
        str(kind.get("title", "")),
        str(kind.get("description", "")),
        tuple(held.holding(limits, at)),
    )


def plain(node: Node) -> Plain:
    """The value of a node, without its places."""
    if isinstance(node, Mapping):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, nodes.Sequence):
        return [plain(item) for item in node.items]
    return node.value


def _key_spot(root: Mapping, at: str) -> nodes.Spot | None:
    *way, key = parts(at) or [""]
    above = _find(root, pointer(*way))
    entry = above.entries.get(key) if isinstance(above, Mapping) else None
    return None if entry is None else entry.spot
