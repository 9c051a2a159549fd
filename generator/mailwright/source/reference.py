"""The reference page of a description, made from its schema, so that the two cannot disagree.

``python -m mailwright.source.reference > docs/reference/description.md`` writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mailwright.source.schema import load_schema

INTRODUCTION = """\
# The description: site.yml

One YAML file says what the organisation's mail service is to be. `mailwright init` writes a first one;
[the example](../../inventories/example/site.yml) is a whole one. What is not said has a default that is safe.

With this first line an editor that speaks to the YAML language server completes and explains every setting:

    # yaml-language-server: $schema=…/schemas/site.schema.json

This page is made from that schema.

## How it is read

- The file is UTF-8 without a byte order mark, at most 4 MiB. People in any number go into a CSV file beside it.
- What two readers of YAML could take differently is refused, with its place and the way to mend it: a key that is
  there twice, anchors and aliases (`&a`, `*a`), tags (`!!str`), merge keys (`<<`), a second document, and text
  without quotes that YAML 1.1 or 1.2 would change (`no`, `012`, `1e3`, `12:30:45`, a date). Dates of attestations,
  waivers and reviews need no quotes.
- No value may hold a control character, a line break, or a character that cannot be seen or that changes the
  direction of writing. Long text goes over several lines with `>-`.
- All faults are reported at once, as `file:line:column`; the exit status is then 2 and nothing is written.

## Profiles

`extends` names a description that this one is laid over, which may extend another. Mappings merge key by key; a
list or a single value replaces what the profile says. Each value remembers the file that it came from; the paths of
people and of the public key start at that file's folder.

## People in a CSV file

The first line names the columns, in any order: `login`, `name` and `address`, and if wanted `aliases`, `internal`,
`department`, `quota` and `store`. Fields are separated by commas, and put in double quotes where they hold one;
several addresses in `aliases` or `internal` are separated by spaces or semicolons. The byte order mark that Excel
writes does no harm. A login may be there once only.

    login,name,address,aliases,internal,department,quota
    km217,Karl Marx,k.marx@chem.college.ac.uk,Karl.Marx@college.ac.uk,karlm@chem.college.ac.uk,Chemistry,10 GB

## Who is on which store

With one store everybody is on it. With several, `store` of a person says which, otherwise the line of the login in
`stores.csv` beside the description (columns `login` and `store`), and somebody who is in neither gets the emptiest.
`mailwright build` writes `stores.csv`, so that nobody's store changes by itself: keep it with the description.

## Secrets

Passwords and private keys are never read or written by mailwright: the description names paths on the machine
from which the project is applied, and they are read there and then. A relative path starts at the built project's
folder.

## Settings
"""


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = str(part.get("$ref", "")).rpartition("/")[2]
    return {**schema["$defs"].get(name, {}), **part}


def _kind(part: dict[str, Any], schema: dict[str, Any]) -> str:
    """What a value is, in a word or two."""
    if "enum" in part:
        return " or ".join(f"`{one if isinstance(one, str) else json.dumps(one)}`" for one in part["enum"])
    if part.get("type") == "array" and "items" in part:
        items = _resolved(part["items"], schema)
        return f"list of {_kind(items, schema)}" if "enum" in items else f"list: {items.get('title', 'text')}"
    plain = {"boolean": "true or false", "integer": "a number"}
    return str(part["title"] if "title" in part else plain.get(part.get("type", ""), ""))


def _extras(part: dict[str, Any]) -> str:
    """Default and first example of a simple value."""
    words = []
    if "default" in part and part["default"] not in ({}, []):
        default = part["default"]
        words.append(f"Default: `{default if isinstance(default, str) else json.dumps(default)}`.")
    elif part.get("examples") and not isinstance(part["examples"][0], dict | list):
        words.append(f"Example: `{part['examples'][0]}`.")
    return " ".join(words)


def _rows(part: dict[str, Any], schema: dict[str, Any], at: str) -> Iterator[str]:
    """A row for each property, and for what lies below it."""
    required = part.get("required", [])
    for name, inner in part.get("properties", {}).items():
        whole = _resolved(inner, schema)
        path = f"{at}{name}"
        must = " (required)" if name in required else ""
        text = " ".join(word for word in (whole.get("description", ""), _extras(whole)) if word)
        yield f"| `{path}`{must} | {_kind(whole, schema)} | {text} |"
        yield from _below(whole, schema, path)


def _below(part: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    yield from _rows(part, schema, f"{path}.")
    if isinstance(part.get("additionalProperties"), dict):
        named = _resolved(part["propertyNames"], schema)
        inner = _resolved(part["additionalProperties"], schema)
        yield f"| `{path}.*` | {inner['title']} | {inner['description']} The key is {named['title']}. |"
        yield from _rows(inner, schema, f"{path}.*.")
    if "items" in part:
        yield from _rows(_resolved(part["items"], schema), schema, f"{path}[].")


def page(name: str = "site") -> str:
    """The page in Markdown."""
    schema = load_schema(name)
    parts = list(sections(schema, tuple(schema["properties"])))
    kinds = [f"| {part['title']} | {part['description']} {_extras(part)} |" for part in schema["$defs"].values()]
    parts.append("\n".join(["## Kinds of values", "", "| kind | how it is written |", "|---|---|", *kinds, ""]))
    return INTRODUCTION + "\n" + "\n".join(parts)


def sections(schema: dict[str, Any], keys: tuple[str, ...]) -> Iterator[str]:
    """A section for each of some properties, in Markdown: what it is, and a table of what lies below it."""
    for key in keys:
        whole = _resolved(schema["properties"][key], schema)
        must = " Required." if key in schema.get("required", ()) else ""
        lines = [f"### {key}", "", " ".join(f"{whole['description']}{must} {_extras(whole)}".split()), ""]
        rows = list(_below(whole, schema, key))
        if rows:
            lines += ["| setting | value | |", "|---|---|---|", *rows, ""]
        yield "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
