"""Does a document have the shape that its schema asks for? In words that an author understands."""

from __future__ import annotations

import difflib
import json
from functools import cache
from typing import Any

import jsonschema_rs

from mailwright import resources
from mailwright.findings import Findings, Place
from mailwright.source.document import Document, pointer

_TYPES = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
}


@cache
def _schema(name: str) -> dict[str, Any]:
    path = resources.folder("schemas") / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_schema(name))


def _at(schema: dict[str, Any], path: list[str | int]) -> dict[str, Any]:
    """The subschema that holds the keyword at the end of ``path``."""
    found: Any = schema
    for part in path[:-1]:
        found = found[part]
    return found if isinstance(found, dict) else {}


def _title(schema: dict[str, Any]) -> str:
    return str(schema.get("title", "what is wanted here"))


def _expected(schema: dict[str, Any]) -> str:
    """How a value is written, from the subschema's description and first example."""
    text = str(schema.get("description", ""))
    examples = schema.get("examples", [])
    return f"{text} Example: {examples[0]}" if examples and isinstance(examples[0], str) else text


def _shown(value: object) -> str:
    """A value as the author wrote it, or nearly."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping (key: value)"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…'"


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _near(word: str, known: list[str]) -> str:
    match = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean {match[0]!r}?" if match else f"Known here: {', '.join(sorted(known))}."


def _name(at: str) -> str:
    """The last part of a pointer that is a word."""
    words = [part for part in at.split("/") if part and not part.isdigit()]
    return words[-1].replace("~1", "/").replace("~0", "~") if words else "the description"


def check(document: Document, findings: Findings, name: str = "site") -> None:
    """Adds a finding (ids ``schema.*``) for each place where the document is not as the schema wants it.

    A place that has a finding already is passed over: one fault, one message.
    """
    schema = _schema(name)
    known = {
        (item.where.file, item.where.line, item.where.column) for item in findings.items if item.where is not None
    }
    for error in _validator(name).iter_errors(document.data):
        at = pointer(*error.instance_path)
        place = document.place(at)
        for id_, message, fix, where in _findings(error, schema, document, at, place):
            if (where.file, where.line, where.column) not in known:
                findings.error(id_, message, where, fix)


def _findings(
    error: jsonschema_rs.ValidationError, schema: dict[str, Any], document: Document, at: str, place: Place
) -> list[tuple[str, str, str, Place]]:
    kind: Any = error.kind
    part = _at(schema, error.schema_path)
    value = document.value(at)
    match kind.name:
        case "additionalProperties" | "unevaluatedProperties":
            properties = list(part.get("properties", {}))
            return [
                (
                    "schema.unknown-property",
                    f"{key!r} is not known here",
                    _near(key, properties),
                    document.key_place(at + pointer(key)),
                )
                for key in kind.unexpected
            ]
        case "required":
            key = kind.property
            expected = part.get("properties", {}).get(key, {})
            where = document.key_place(at)
            return [
                (
                    "schema.missing-property",
                    f"{key!r} is missing in {_name(at)}",
                    f"{key}: {expected.get('description', '')}",
                    where,
                )
            ]
        case "type":
            wanted = _or([_TYPES[str(type_)] for type_ in kind.types])
            if value is None:
                where = document.key_place(at)
                return [("schema.empty", f"{_name(at)!r} has no value", f"Write {wanted}, or take it out.", where)]
            fix = _expected(part)
            if "string" in [str(type_) for type_ in kind.types] and isinstance(value, int):
                fix = "Put it in quotes if it is text."
            return [("schema.type", f"here should be {wanted}, not {_shown(value)}", fix, place)]
        case "pattern" | "minLength" | "maxLength":
            what = "is too long for" if kind.name == "maxLength" else "is not"
            return [("schema.pattern", f"{_shown(value)} {what} {_title(part)}", _expected(part), place)]
        case "enum":
            options = [str(option) for option in kind.options]
            match = difflib.get_close_matches(str(value), options, n=1)
            fix = f"Did you mean {match[0]!r}?" if match else ""
            return [("schema.choice", f"{_shown(value)} is not one of {_or(options)}", fix, place)]
        case "minimum" | "maximum":
            word = "less" if kind.name == "minimum" else "more"
            return [("schema.range", f"{_shown(value)} is {word} than {kind.limit}", _expected(part), place)]
        case "minItems" | "minProperties":
            where = document.key_place(at)
            return [("schema.too-few", f"{_name(at)!r} is empty", f"It wants at least {kind.limit}.", where)]
        case "maxItems" | "maxProperties":
            message = f"{_name(at)!r} has more than {kind.limit} entries"
            return [("schema.too-many", message, "", document.key_place(at))]
        case "uniqueItems":
            return [("schema.repeated", f"{_name(at)!r} says something twice", "Keep one of the two.", place)]
        case "propertyNames":
            inner = kind.error
            key = str(inner.instance)
            about = _at(schema, inner.schema_path)
            where = document.key_place(at + pointer(key))
            return [("schema.pattern", f"{_shown(key)} is not {_title(about)}", _expected(about), where)]
        case other:
            return [(f"schema.{other}", f"{_shown(value)} is not {_title(part)}", _expected(part), place)]
