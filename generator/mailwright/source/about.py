"""What a schema says of the value at a pointer: its subschema, and the names that could stand there."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from mailwright.source.document import pointer
from mailwright.source.schema import load_schema

ANY = "*"
"""A part of a pointer that stands for every key or item."""

SIZE = "#/$defs/size"


def parts(at: str) -> list[str]:
    """The keys of a pointer (RFC 6901), unescaped: ``/a~1b/c`` is ``["a/b", "c"]``."""
    return [part.replace("~1", "/").replace("~0", "~") for part in at.split("/")[1:]]


def about(at: str, name: str = "site") -> dict[str, Any] | None:
    """The subschema of the value at a pointer, with the definition that it refers to; None where none may be."""
    schema = load_schema(name)
    found: dict[str, Any] | None = schema
    for key in parts(at):
        found = None if found is None else _step(found, key)
        found = None if found is None else _resolved(found, schema)
    return found


def near(at: str, name: str = "site") -> list[str]:
    """Pointers that are like one that leads nowhere: settings with its last name, or the way up to a like name."""
    schema = load_schema(name)
    found: dict[str, Any] = schema
    way: list[str] = []
    for key in parts(at):
        step = _step(found, key)
        if step is None:
            last = parts(at)[-1]
            known = sorted(found.get("properties", {}))
            close = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
            if close and key != last:
                return [pointer(*way, word) for word in close]
            called = [one for one in _pointers(schema, schema, (), 0) if one.rpartition("/")[2] == last]
            return [*called, *(pointer(*way, word) for word in close)][:3]
        way.append(key)
        found = _resolved(step, schema)
    return []


def _step(schema: dict[str, Any], key: str) -> dict[str, Any] | None:
    inner: Any = schema.get("properties", {}).get(key)
    if inner is None and isinstance(schema.get("additionalProperties"), dict):
        inner = schema["additionalProperties"]
    if inner is None and "items" in schema and (key == ANY or key.isdigit()):
        inner = schema["items"]
    return inner if isinstance(inner, dict) else None


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = str(part.get("$ref", "")).rpartition("/")[2]
    return {**schema["$defs"].get(name, {}), **part}


def _pointers(part: dict[str, Any], schema: dict[str, Any], way: tuple[str, ...], depth: int) -> Iterator[str]:
    if depth > 6:
        return
    for key, inner in part.get("properties", {}).items():
        yield pointer(*way, key)
        yield from _pointers(_resolved(inner, schema), schema, (*way, key), depth + 1)
    for key in ("additionalProperties", "items"):
        if isinstance(part.get(key), dict):
            yield from _pointers(_resolved(part[key], schema), schema, (*way, ANY), depth + 1)
