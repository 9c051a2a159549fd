"""What differs in what customers share: values of layers, limits, the team, the names of platforms."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mailwright.changes import words
from mailwright.changes.personal import personal
from mailwright.changes.provider.model import Note, Spot
from mailwright.findings import Place
from mailwright.provider.limits import words as said_limit
from mailwright.provider.model import Layer, Limit, Provider, Wide
from mailwright.provider.suffixes import is_public
from mailwright.source.document import Plain, pointer
from mailwright.source.nodes import Mapping, Node, Scalar, Sequence
from mailwright.source.nodes import Spot as Spot_

MISSING = object()
"""The value of what is not said."""

_LONGEST = 60  # letters of a value in a sentence


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a layer that differs. ``old`` and ``new``: plain, or MISSING.

    layer     its name, and the place of the value, or of what held it before
    """

    layer: str
    pointer: str
    old: object
    new: object
    where: Place

    @property
    def spot(self) -> Spot:
        return Spot(self.layer, self.where)


def values(old: Provider, new: Provider) -> tuple[Value, ...]:
    """Every value that a layer says on one side and not, or otherwise, on the other one."""
    found = list(_layer(old.defaults, new.defaults))
    before, after = ({layer.name: layer for layer in provider.profiles} for provider in (old, new))
    for name in sorted(before.keys() & after.keys()):
        if before[name].usable and after[name].usable:
            found += _layer(before[name], after[name])
    return tuple(found)


def _layer(old: Layer, new: Layer) -> Iterator[Value]:
    for at, before, after, spot in _differing(old.root, new.root, "", new.root.spot):
        yield Value(new.name, at, plain(before), plain(after), Place(spot.file, spot.line, spot.column, at))


def _differing(
    old: Node | None, new: Node | None, at: str, held: Spot_
) -> Iterator[tuple[str, Node | None, Node | None, Spot_]]:
    """Lists and single values as a whole; mappings value by value, since layers merge them. With the place in the
    new layer: of the value's key, or of what held it.

    held  the place of what holds it
    """
    before = old.entries if isinstance(old, Mapping) else {}
    after = new.entries if isinstance(new, Mapping) else {}
    if (before or after) and all(node is None or isinstance(node, Mapping) for node in (old, new)):
        for key in dict.fromkeys((*before, *after)):
            one, other = before.get(key), after.get(key)
            yield from _differing(
                one.node if one is not None else None,
                other.node if other is not None else None,
                at + pointer(key),
                other.spot if other is not None else held,
            )
    elif plain(old) != plain(new) or (old is None) != (new is None):
        yield at, old, new, held


def plain(node: Node | None) -> object:
    """The value of a node without its places; MISSING for none."""
    if node is None:
        return MISSING
    if isinstance(node, Mapping):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)  # noqa: S101
    return node.value


def value_at(data: Plain, at: str) -> object:
    """The value at a pointer; MISSING where there is none."""
    found: object = data
    for part in at.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            return MISSING
    return found


def node_at(root: Node, at: str) -> Node | None:
    """The same in a tree."""
    found: Node | None = root
    for part in at.split("/")[1:]:
        entry = (
            found.entries.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        )
        found = entry.node if entry is not None else None
    return found


def files_of(node: Node) -> set[str]:
    """The files that a tree was made of: a layer may extend others."""
    found = {node.spot.file}
    if isinstance(node, Mapping):
        for entry in node.entries.values():
            found |= files_of(entry.node)
    return found


def said(value: object) -> str:
    """A value in a sentence, with what may be people marked; empty for MISSING."""
    if value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        text = words.some([_flat(item) for item in value]) if value else "none"
        return personal(text, words.number(len(value), "value"))
    if isinstance(value, dict):
        return words.some([f"{key} {_flat(item)}" for key, item in value.items()]) if value else "nothing"
    text = "nothing" if value is None else str(value)
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
    return personal(text, "an address") if "@" in text else text


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {_flat(item)}" for key, item in value.items())
    if isinstance(value, list):
        return " ".join(map(_flat, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- Limits ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LimitChange:
    """``wider``: customers may say something that they could not before, whatever else they may say no more."""

    old: Limit | None
    new: Limit | None
    wider: bool

    @property
    def limit(self) -> Limit:
        found = self.new or self.old
        assert found is not None  # noqa: S101
        return found

    @property
    def spot(self) -> Spot:
        return Spot("limits", self.limit.where)

    @property
    def sentence(self) -> str:
        at = self.limit.pointer
        if self.new is None:
            assert self.old is not None  # noqa: S101
            return f"customers may set {at} to anything; before, {_may(self.old)}"
        if self.old is None:
            return f"of {at}, {_may(self.new)}; before, they could set anything"
        return f"of {at}, {_may(self.new)}; before, {_may(self.old)}"


def limits(old: Provider, new: Provider) -> tuple[LimitChange, ...]:
    before, after = ({limit.pointer: limit for limit in provider.limits} for provider in (old, new))
    found = []
    for at in sorted(before.keys() | after.keys()):
        one, other = before.get(at), after.get(at)
        if one is not None and other is not None and _rule(one) == _rule(other):
            continue
        found.append(LimitChange(one, other, _wider(one, other)))
    return tuple(found)


def _rule(limit: Limit) -> tuple[object, ...]:
    return limit.fixed, limit.minimum, limit.maximum, frozenset(map(repr, limit.one_of))


def _wider(old: Limit | None, new: Limit | None) -> bool:
    """Whether ``new`` lets something pass that ``old`` does not."""
    if old is None or (new is not None and new.fixed):
        return False
    if new is None or old.fixed:
        return True
    return (
        _lower(new.minimum, old.minimum)
        or _lower(_minus(new.maximum), _minus(old.maximum))
        or (bool(old.one_of) and (not new.one_of or not set(map(repr, new.one_of)) <= set(map(repr, old.one_of))))
    )


def _lower(new: int | None, old: int | None) -> bool:
    """Whether a lower bound is lower, or gone."""
    return old is not None and (new is None or new < old)


def _minus(bound: int | None) -> int | None:
    return None if bound is None else -bound


def _may(limit: Limit) -> str:
    if limit.fixed:
        return "customers may set nothing"
    return f"customers may set {said_limit(limit) or 'anything'}"


# --- Domains that others are below -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WideChange:
    """A domain that customers may have now, or no more, or for another reason, although others are below it."""

    old: Wide | None
    new: Wide | None

    @property
    def wide(self) -> Wide:
        found = self.new or self.old
        assert found is not None  # noqa: S101
        return found

    @property
    def spot(self) -> Spot:
        return Spot("wide_domains", self.wide.where)

    @property
    def sentence(self) -> str:
        name, reason = self.wide.name, self.wide.reason
        what = "a public suffix" if is_public(name) else "a domain that others are below"
        if self.new is None:
            return f"no customer may have {name}, {what}, any more; before, one might: {reason}"
        if self.old is None:
            return f"a customer may have {name}, {what}: {reason}"
        return f"that a customer may have {name}, {what}, has another reason: {reason}; before: {self.old.reason}"


def widened(old: Provider, new: Provider) -> tuple[WideChange, ...]:
    before, after = ({one.name: one for one in provider.widened} for provider in (old, new))
    return tuple(
        WideChange(before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


# --- The provider itself ------------------------------------------------------------------------------------------


def notes(old: Provider, new: Provider) -> Iterator[Note]:
    """What else differs in provider.yml."""
    if old.name != new.name:
        yield Note(f"the provider is called {new.name} instead of {old.name}", Spot("provider", new.where))
    for change in limits(old, new):
        yield Note(change.sentence, change.spot)
    for wide in widened(old, new):
        yield Note(wide.sentence, wide.spot)
    came, gone = apart(old.team, new.team)
    for person in came:
        yield Note(
            f"{personal(person, 'somebody')} is new in the team: customers' roles may reach them",
            Spot("team", new.where),
        )
    for person in gone:
        yield Note(f"{personal(person, 'somebody')} is in the team no more", Spot("team", new.where))
    before, after = ([platform.name for platform in provider.platforms] for provider in (old, new))
    came, gone = apart(before, after)
    for name in came:
        yield Note(f"the platform {name} is new", Spot("platforms", new.where))
    for name in gone:
        yield Note(f"the platform {name} is gone", Spot("platforms", new.where))
    before, after = ([layer.name for layer in provider.profiles] for provider in (old, new))
    came, gone = apart(before, after)
    for name in came:
        yield Note(f"the {name} is new", Spot("profiles", new.where))
    for name in gone:
        yield Note(f"the {name} is gone", Spot("profiles", new.where))


def apart(old: Collection[str], new: Collection[str]) -> tuple[list[str], list[str]]:
    """What came, and what went."""
    return [one for one in new if one not in old], [one for one in old if one not in new]
