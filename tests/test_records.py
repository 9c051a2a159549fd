"""Records are what the standard library's dataclasses are."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, fields, replace
from inspect import signature
from typing import Any

import msgspec
import pytest

from mailwright import records


def _both(body: Callable[[], type]) -> tuple[Any, Any]:
    return records.dataclass(frozen=True, slots=True)(body()), dataclasses.dataclass(frozen=True, slots=True)(
        body()
    )


def _some() -> type:
    class Some:
        """Of every kind of field."""

        name: str
        place: int = field(compare=False, repr=False)
        more: tuple[str, ...] = ()
        seen: list[str] = field(default_factory=list, compare=False)
        length: int = field(init=False, repr=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "length", len(self.name))

        @property
        def key(self) -> str:
            return self.name

    return Some


def _one() -> type:
    class One:
        only: str

    return One


def _none() -> type:
    class Nothing:
        """No field at all."""

    return Nothing


def _own() -> type:
    class Own:
        """Hashes and says itself."""

        name: str

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "own"

    return Own


@records.dataclass(frozen=True, slots=True)
class Kept:
    name: str
    inner: tuple[Kept, ...] = ()


@pytest.mark.parametrize(
    ("body", "words"),
    [(_some, ("a", 1)), (_some, ("a", 1, ("b",), ["c"])), (_one, ("a",)), (_none, ()), (_own, ("a",))],
)
def test_records_are_as_the_standard_ones(body: Callable[[], type], words: tuple[object, ...]) -> None:
    ours, theirs = (kind(*words) for kind in _both(body))
    assert repr(ours) == repr(theirs)
    assert hash(ours) == hash(theirs)
    assert [one.name for one in fields(ours)] == [one.name for one in fields(theirs)]
    assert [getattr(ours, one.name) for one in fields(ours)] == [
        getattr(theirs, one.name) for one in fields(theirs)
    ]
    assert type(ours).__slots__ == type(theirs).__slots__
    assert type(ours).__match_args__ == type(theirs).__match_args__
    assert ours == type(ours)(*words)
    assert str(signature(type(ours))) == str(signature(type(theirs)))
    assert ours != theirs
    assert ours.__eq__(theirs) is NotImplemented
    assert not hasattr(ours, "__dict__")


def test_what_takes_no_part_in_comparison_takes_none() -> None:
    ours, _ = _both(_some)
    assert ours("a", 1) == ours("a", 2)
    assert hash(ours("a", 1)) == hash(ours("a", 2))
    assert ours("a", 1) != ours("b", 1)


def test_each_has_a_list_of_its_own() -> None:
    ours, _ = _both(_some)
    assert ours("a", 1).seen is not ours("a", 1).seen


def test_nothing_of_them_can_be_changed() -> None:
    ours, _ = _both(_some)
    made = ours("a", 1)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'name'"):
        made.name = "b"
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'other'"):
        made.other = "b"
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'name'"):
        del made.name


@pytest.mark.parametrize("words", [(), ("a",), ("a", 1, (), [], 3, 4)])
def test_wrong_words_are_refused_as_by_the_standard_ones(words: tuple[object, ...]) -> None:
    said = []
    for kind in _both(_some):
        for _time in range(2):  # the first instance is made otherwise than the next
            with pytest.raises(TypeError) as refused:
                kind(*words)
            said.append(str(refused.value))
    assert len(set(said)) == 1


def test_they_are_replaced_copied_kept_and_sent() -> None:
    made = Kept("a", (Kept("b"),))
    assert replace(made, name="c") == Kept("c", (Kept("b"),))
    assert copy.deepcopy(made) == made
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=Kept) == made


def test_a_default_before_what_has_none_is_refused() -> None:
    class Wrong:
        first: str = ""
        second: str

    kind = records.dataclass(frozen=True, slots=True)(Wrong)
    with pytest.raises(SyntaxError):
        kind("a", "b")


def test_a_list_as_a_default_is_refused() -> None:
    class Wrong:
        first: list[str] = []  # noqa: RUF012

    with pytest.raises(ValueError, match="mutable default"):
        records.dataclass(frozen=True, slots=True)(Wrong)


def test_fields_of_other_kinds_are_refused() -> None:
    class Wrong:
        first: str = field(kw_only=True)

    with pytest.raises(TypeError, match="kind that is not known"):
        records.dataclass(frozen=True, slots=True)(Wrong)


def test_what_is_ordered_is_ordered_as_the_standard_librarys() -> None:
    def place() -> type:
        class Place:
            file: str
            line: int
            note: str = field(default="", compare=False)

        return Place

    ours: Any = records.dataclass(frozen=True, slots=True, order=True)(place())
    theirs: Any = dataclasses.dataclass(frozen=True, slots=True, order=True)(place())
    places = [("b", 1), ("a", 2), ("a", 10, "x"), ("a", 2, "y")]
    for method in ("__lt__", "__le__", "__gt__", "__ge__"):
        for one in places:
            for other in places:
                found = getattr(ours(*one), method)(ours(*other))
                assert found is getattr(theirs(*one), method)(theirs(*other))
        assert getattr(ours("a", 1), method)(("a", 1)) is NotImplemented
    assert [place.line for place in sorted(ours(*one) for one in places)] == [2, 2, 10, 1]
