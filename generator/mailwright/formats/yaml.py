"""YAML that Ansible reads: inventories and group variables.

A plain string in such a file is a template: ``{{ lookup('pipe', 'id') }}`` in an organisation's name would run
a command on the control machine. So each string is written as an ``!unsafe`` double-quoted scalar, which Ansible
takes as it is; there is no way to write one that is templated. Keys come from an allow-list.

Ansible reads an ``!unsafe`` scalar as if it stood without quotes: ``!unsafe "no"`` is False, ``!unsafe "<<"`` an
error. Strings that YAML 1.1 would take for something else are therefore written as quoted strings without the tag;
none of them can hold a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from yaml import ScalarNode
from yaml.resolver import Resolver

from mailwright.formats.engine import FormatError

NAME = "a YAML file"

# Variable names, group names and host names.
_KEY = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?")
# A bare key that starts with a small letter can only be one of these when YAML 1.1 does not read it as a string.
_PLAIN_KEY = re.compile(r"[a-z][a-z0-9_.-]*")
_NOT_STRINGS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_STRING = "tag:yaml.org,2002:str"
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def dump(data: Mapping[str, object]) -> str:
    """``data`` as one YAML document, keys in the order given.

    Values: str (always ``!unsafe``), bool, int, None, and mappings, lists and tuples of these.
    Raises FormatError for anything else, for a key outside the allow-list and for half a surrogate pair.
    """
    if not data:
        return "---\n{}\n"
    return "---\n" + "".join(f"{line}\n" for line in _mapping(data, ""))


def _mapping(data: Mapping[str, object], indent: str) -> Iterator[str]:
    for key, value in data.items():
        yield from _entry(f"{indent}{_key(key)}:", value, indent + "  ")


def _sequence(items: Sequence[object], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Mapping) and item:
            lines = _mapping(item, indent + "  ")
            yield f"{indent}- {next(lines).lstrip(' ')}"
            yield from lines
        elif isinstance(item, list | tuple) and item:
            yield f"{indent}-"
            yield from _sequence(item, indent + "  ")
        else:
            yield f"{indent}- {_scalar(item)}"


def _entry(head: str, value: object, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _mapping(value, indent)
    elif isinstance(value, list | tuple) and value:
        yield head
        yield from _sequence(value, indent)
    else:
        yield f"{head} {_scalar(value)}"


def _key(key: object) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise FormatError(key, NAME, "it is no variable, group or host name")
    return key if _PLAIN_KEY.fullmatch(key) and key not in _NOT_STRINGS else f'"{key}"'


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        quoted = f'"{"".join(_character(character, value) for character in value)}"'
        return f"!unsafe {quoted}" if _stays_a_string(value) else quoted
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    raise FormatError(value, NAME, f"there is no way to write a {type(value).__name__}")


def _stays_a_string(value: str) -> bool:
    """Whether YAML 1.1 reads it as a string without quotes too, or it could be a template."""
    tag = Resolver().resolve(ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
    return "{" in value or tag == _STRING


def _character(character: str, value: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    # isprintable: no control, format, private or separator character but the space
    if character.isprintable():
        return character
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise FormatError(value, NAME, "it holds half a surrogate pair")
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
