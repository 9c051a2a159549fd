"""JSON that somebody sent: read to the letter of its schema, or refused with a word that says why."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs

from mailwright import resources
from mailwright.formats.visible import visible

MOST = 64 * 1024 * 1024  # characters; a run of all probes at a large site is a hundredth of that
_CLIP = 160


class UnreadableError(ValueError):
    """The text is not what it should be. The message says what and where, in characters that print."""


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    path = resources.folder("schemas") / f"{schema}.schema.json"
    return jsonschema_rs.Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


def load(text: str, schema: str) -> dict[str, Any]:
    """The object in ``text``, which is as ``schemas/<schema>.schema.json`` wants it.

    Refused besides: a key that stands twice, numbers that JSON does not have, halves of surrogate pairs, and text
    of more than MOST characters or nested too deeply. Raises UnreadableError.
    """
    if len(text) > MOST:
        raise UnreadableError(f"it is longer than {MOST:,} characters")
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
        text.encode("utf-8")
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # an escape can make half of a pair, too
    except UnreadableError:
        raise
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise UnreadableError("it holds half of a surrogate pair") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"it is no JSON: {error.msg} in line {error.lineno}") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise UnreadableError(f"it is no JSON: {_short(error)}") from None
    fault = next(iter(_validator(schema).iter_errors(value)), None)
    if fault is not None:
        place = "/".join(str(part) for part in fault.instance_path)
        raise UnreadableError(f"{f'at {_short(place)}: ' if place else ''}{_short(fault.message)}")
    found: dict[str, Any] = value
    return found


def printable(text: str, most: int) -> str:
    """``text`` as JSON in UTF-8 can carry it, of at most so many characters."""
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return whole if len(whole) <= most else whole[: most - 1] + "…"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise UnreadableError(f"the key {_short(repr(key))} stands twice")
        found[key] = value
    return found


def _no_constant(name: str) -> None:
    raise UnreadableError(f"{name} is no number in JSON")


def _short(value: object) -> str:
    text = visible(str(value))
    return text if len(text) <= _CLIP else text[: _CLIP - 1] + "…"
