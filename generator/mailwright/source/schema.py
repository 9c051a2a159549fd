"""Does a document have the shape that its schema asks for? In words that an author understands."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs

from mailwright import resources
from mailwright.findings import Findings, Place
from mailwright.source.document import Document, pointer
from mailwright.source.report import Report

Kind = jsonschema_rs.ValidationErrorKind
Fault = tuple[str, str, Place, str]  # id, message, place, fix

_TYPES = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
}


@cache
def load_schema(name: str) -> dict[str, Any]:
    """The schema of that name from the folder schemas."""
    path = resources.folder("schemas") / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(load_schema(name))


def _at(schema: dict[str, Any], path: list[str | int]) -> dict[str, Any]:
    """The subschema that holds the keyword at the end of ``path``."""
    found: Any = schema
    for part in path[:-1]:
        found = found[part]
    return found if isinstance(found, dict) else {}


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A property's schema together with the definition that it refers to."""
    name = str(part.get("$ref", "")).rpartition("/")[2]
    return {**schema["$defs"].get(name, {}), **part}


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


def _close(word: str, known: list[str]) -> list[str]:
    """What of ``known`` is most like it, if anything is."""
    from difflib import get_close_matches  # only what is wrong needs it

    return get_close_matches(word, known, n=1)


def _near(word: str, known: list[str]) -> str:
    match = _close(word, known)
    return f"Did you mean {match[0]!r}?" if match else f"Known here: {', '.join(sorted(known))}."


def _name(at: str) -> str:
    """The last part of a pointer that is a word."""
    words = [part for part in at.split("/") if part and not part.isdigit()]
    return words[-1].replace("~1", "/").replace("~0", "~") if words else "the description"


def check(document: Document, findings: Findings, name: str = "site") -> None:
    """Adds a finding (ids ``schema.*``) for each place where the document is not as the schema wants it.

    A place that has a finding already is passed over: one fault, one message.
    """
    report = Report(findings)
    for error in _validator(name).iter_errors(document.data):
        for fault in _faults(error, load_schema(name), document):
            report.error(*fault)


def _faults(error: jsonschema_rs.ValidationError, schema: dict[str, Any], document: Document) -> list[Fault]:
    at = pointer(*error.instance_path)
    value = document.value(at)
    place = document.place(at)
    key_place = document.key_place(at)
    part = _at(schema, error.schema_path)
    match error.kind:
        case Kind.AdditionalProperties(unexpected):
            known = list(part.get("properties", {}))
            return [
                (
                    "schema.unknown-property",
                    f"{key!r} is not known in {_name(at)}",
                    document.key_place(at + pointer(key)),
                    _near(key, known),
                )
                for key in unexpected
            ]
        case Kind.Required(key):
            about = _resolved(schema, part.get("properties", {}).get(key, {}))
            return [("schema.missing-property", f"{key!r} is missing in {_name(at)}", key_place, _expected(about))]
        case Kind.AnyOf():  # of some properties one is needed; the first of them is the usual one
            key = part["anyOf"][0]["required"][0]
            about = _resolved(schema, part.get("properties", {}).get(key, {}))
            return [("schema.missing-property", f"{key!r} is missing in {_name(at)}", key_place, _expected(about))]
        case Kind.Type(types):
            wanted = _or([_TYPES[str(type_)] for type_ in types])
            if value is None:
                fix = f"Write {wanted}, or take it out."
                return [("schema.empty", f"{_name(at)!r} has no value", key_place, fix)]
            fix = _expected(part)
            if "string" in types and isinstance(value, int):
                fix = "Put it in quotes if it is text."
            return [("schema.type", f"here should be {wanted}, not {_shown(value)}", place, fix)]
        case Kind.Pattern() | Kind.MinLength():
            return [("schema.pattern", f"{_shown(value)} is not {_title(part)}", place, _expected(part))]
        case Kind.MaxLength(limit):
            message = f"{_shown(value)} is too long for {_title(part)}: the most is {limit} characters"
            return [("schema.too-long", message, place, "")]
        case Kind.Enum(options):
            words = [str(option) for option in options]
            match = _close(str(value), words)
            fix = f"Did you mean {match[0]!r}?" if match else ""
            return [("schema.choice", f"{_shown(value)} is not one of {_or(words)}", place, fix)]
        case Kind.Minimum(limit):
            return [("schema.range", f"{_shown(value)} is less than {limit}", place, _expected(part))]
        case Kind.Maximum(limit):
            return [("schema.range", f"{_shown(value)} is more than {limit}", place, _expected(part))]
        case Kind.MinItems(limit) | Kind.MinProperties(limit):
            return [("schema.too-few", f"{_name(at)!r} is empty", key_place, f"It wants at least {limit}.")]
        case Kind.MaxItems(limit) | Kind.MaxProperties(limit):
            return [("schema.too-many", f"{_name(at)!r} has more than {limit} entries", key_place, "")]
        case Kind.UniqueItems():
            return [("schema.repeated", f"{_name(at)!r} says something twice", place, "Keep one of the two.")]
        case Kind.PropertyNames(inner):
            key = str(inner.instance)
            about = _at(schema, inner.schema_path)
            message = f"{_shown(key)} is not {_title(about)}"
            return [("schema.pattern", message, document.key_place(at + pointer(key)), _expected(about))]
        case other:  # a keyword that the schemas do not use yet
            return [(f"schema.{other.name}", f"{_shown(value)} is not {_title(part)}", place, _expected(part))]
