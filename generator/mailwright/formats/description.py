"""A site description as mailwright reads it: YAML of mappings, lists, text, whole numbers, true, false and null.

Text that is no plain word is written in double quotes, with escapes for whatever is not printed, so that no value
can be read as another type, end early, or begin another key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from mailwright.formats.engine import FormatError

NAME = "a description"

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@-]*")
_NOT_STRINGS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_UNPRINTED = re.compile("[\x7f-\xa0\xad\u2028\u2029\ufeff\ufffe\uffff]")
_HALF = re.compile("[\ud800-\udfff]")


def dump(data: Mapping[str, object]) -> str:
    """``data`` as one document, keys in the order given. Raises FormatError for what no description holds."""
    return "".join(f"{line}\n" for line in _mapping(data, "")) if data else "{}\n"


def _mapping(data: Mapping[str, object], indent: str) -> Iterator[str]:
    for key, value in data.items():
        yield from _entry(f"{indent}{_scalar(key)}:", value, f"{indent}  ")


def _entry(head: str, value: object, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _mapping(value, indent)
    elif isinstance(value, list | tuple) and value:
        yield head
        yield from _sequence(value, indent)
    else:
        yield f"{head} {_scalar(value)}"


def _sequence(items: Sequence[object], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Mapping) and item:
            first, *rest = _mapping(item, f"{indent}  ")
            yield f"{indent}- {first.lstrip(' ')}"
            yield from rest
        else:
            yield from _entry(f"{indent}-", item, f"{indent}  ")


def _scalar(value: object) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise FormatError(value, NAME, "it is neither text nor a number")
    if _HALF.search(value):
        raise FormatError(value, NAME, "it has half a character")
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_STRINGS:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
