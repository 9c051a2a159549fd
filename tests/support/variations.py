"""A plan with one of its texts replaced: each text of each row that reaches the mail components' files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace

from mailwright.plan.model import Because, Plan

Change = Callable[[str], Plan]

# Texts that only say which rows are meant, and come from lists of ours; none is written to these files.
_CHOICES = frozenset({"host", "kind", "service", "tls", "stage", "os", "functions", "clients"})


def variations(plan: Plan) -> Iterator[tuple[str, Change]]:
    """Each place of a text in the plan by name (``routes[2].targets[0]``), and the plan with another text there."""
    for field in fields(plan):
        value = getattr(plan, field.name)
        if is_dataclass(value):
            for name, change in _of_row(value):
                yield f"{field.name}.{name}", _whole(plan, field.name, change)
            continue
        for index, row in enumerate(value):
            for name, change in _of_row(row):
                yield f"{field.name}[{index}].{name}", _in_table(plan, field.name, index, change)


def _of_row(row: object) -> Iterator[tuple[str, Callable[[str], object]]]:
    for field in fields(row):  # type: ignore[arg-type]
        if field.name in _CHOICES:
            continue
        value = getattr(row, field.name)
        if isinstance(value, str):
            yield field.name, _set(row, field.name)
        elif isinstance(value, Because):
            yield "because.reason", _set_because(row, "reason")
            yield "because.requirement", _set_because(row, "requirement")
        elif isinstance(value, tuple) and value and all(isinstance(item, str) for item in value):
            for index in range(len(value)):
                yield f"{field.name}[{index}]", _set_item(row, field.name, index)


def _set(row: object, name: str) -> Callable[[str], object]:
    return lambda text: replace(row, **{name: text})  # type: ignore[type-var]


def _set_because(row: object, name: str) -> Callable[[str], object]:
    because: Because = row.because  # type: ignore[attr-defined]
    return lambda text: replace(row, because=replace(because, **{name: text}))  # type: ignore[type-var]


def _set_item(row: object, name: str, index: int) -> Callable[[str], object]:
    items: tuple[str, ...] = getattr(row, name)
    return lambda text: replace(row, **{name: (*items[:index], text, *items[index + 1 :])})  # type: ignore[type-var]


def _whole(plan: Plan, name: str, change: Callable[[str], object]) -> Change:
    return lambda text: replace(plan, **{name: change(text)})  # type: ignore[arg-type]


def _in_table(plan: Plan, name: str, index: int, change: Callable[[str], object]) -> Change:
    rows: tuple[object, ...] = getattr(plan, name)
    return lambda text: replace(plan, **{name: (*rows[:index], change(text), *rows[index + 1 :])})  # type: ignore[arg-type]
