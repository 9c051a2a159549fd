"""``dataclass`` for small frozen records: the standard library's, made in a ninth of the time.

That one writes the text of eight functions for each class and compiles them, which took a quarter of a review with
its 160 classes. Here only ``__init__`` is compiled, when a class has its first instance. Type checkers see the
standard one, and what else it can do (classes that are not frozen, say) it does.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(
        *, frozen: bool = False, slots: bool = False, order: bool = False, **more: bool
    ) -> Callable[[type], type]:
        """Makes a class of the annotations below it, as ``dataclasses.dataclass`` with the same words."""
        if frozen and slots and not more:
            return _ordered if order else _record
        return dataclasses.dataclass(frozen=frozen, slots=slots, order=order, **more)


def _ordered(body: type) -> type:
    """``_record`` of which some come before others, as the values of their fields do."""
    made = _record(body)
    compared = _values(tuple(field.name for field in dataclasses.fields(made) if field.compare))

    def comparison(name: str, compare: Callable[[Any, Any], bool]) -> None:
        def method(self: Any, other: object) -> bool:
            return compare(compared(self), compared(other)) if other.__class__ is self.__class__ else NotImplemented

        method.__name__ = name
        method.__qualname__ = f"{made.__qualname__}.{name}"
        setattr(made, name, method)

    for one in (operator.lt, operator.le, operator.gt, operator.ge):
        comparison(f"__{one.__name__}__", one)
    return made


def _record(body: type) -> type:
    """The class, with slots for its fields. Raises TypeError for a field that is given by keyword alone, or that
    has a default and is no parameter."""
    body.__doc__ = body.__doc__ or body.__name__  # or the standard library would look for a signature
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(body)
    every = dataclasses.fields(made)
    if any(field.kw_only or not (field.init or _has_no_default(field)) for field in every):
        raise TypeError(f"{made.__qualname__} has a field of a kind that is not known here")
    names = tuple(field.name for field in every)
    shown = tuple(field.name for field in every if field.repr)
    compared = _values(tuple(field.name for field in every if field.compare))
    whole = _values(names)

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(compared(self))

    def __repr__(self: Any) -> str:  # noqa: N807
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def __getstate__(self: Any) -> tuple[object, ...]:  # noqa: N807
        return whole(self)

    def __setstate__(self: Any, state: tuple[object, ...]) -> None:  # noqa: N807
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    made.__init__ = _Init(made, every)
    for function in (__eq__, __hash__, __repr__, __getstate__, __setstate__, _setattr, _delattr):
        if body.__dict__.get(function.__name__) is None:
            setattr(made, function.__name__, function)
    return made  # type: ignore[no-any-return]


def _setattr(_self: object, name: str, _value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(_self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_setattr.__name__, _delattr.__name__ = "__setattr__", "__delattr__"


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _values(names: tuple[str, ...]) -> Callable[[Any], tuple[object, ...]]:
    """A function of an object: the values of its attributes."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


class _Absent:
    """The default of a field whose default is made for each instance."""

    def __repr__(self) -> str:
        return "<factory>"


_ABSENT = _Absent()


class _Init:
    """Stands where ``__init__`` will be, until somebody looks for it."""

    def __init__(self, made: Any, every: tuple[dataclasses.Field[Any], ...]) -> None:
        self.made, self.every = made, every

    def __get__(self, one: object, of: type | None = None) -> Callable[..., None]:
        self.made.__init__ = init = _init(self.made, self.every)
        return init.__get__(one, of)  # type: ignore[no-any-return]


def _init(made: type, every: tuple[dataclasses.Field[Any], ...]) -> Callable[..., None]:
    """The ``__init__`` that the standard library would write."""
    known: dict[str, object] = {"_absent": _ABSENT}
    parameters, lines = ["self"], ["    pass"]
    for field in every:
        if not field.init:
            continue  # __post_init__ gives it its value
        name = value = field.name
        if field.default is not dataclasses.MISSING:
            known[f"_default_{name}"] = field.default
            parameters.append(f"{name}=_default_{name}")
        elif field.default_factory is not dataclasses.MISSING:
            known[f"_default_{name}"] = field.default_factory
            parameters.append(f"{name}=_absent")
            value = f"_default_{name}() if {name} is _absent else {name}"
        else:
            parameters.append(name)
        known[f"_set_{name}"] = getattr(made, name).__set__  # the slot's own, which need not be looked for
        lines.append(f"    _set_{name}(self, {value})")
    if hasattr(made, "__post_init__"):
        lines.append("    self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines), known)  # noqa: S102 - our own names
    init: Any = known["__init__"]
    init.__annotations__ = {**{field.name: field.type for field in every if field.init}, "return": None}
    init.__qualname__, init.__module__ = f"{made.__qualname__}.__init__", made.__module__
    return init  # type: ignore[no-any-return]
