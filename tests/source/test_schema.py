from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.findings import Findings
from mailwright.source import load, schema
from support.example import EXAMPLE, ROOT, example_reading

SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "site.schema.json").read_text())
ORACLE = jsonschema.Draft202012Validator(SCHEMA)
RUST = jsonschema_rs.Draft202012Validator(SCHEMA)
FILES = [EXAMPLE, *sorted((ROOT / "tests" / "site").glob("*/*.yml"))]


def subschemas(part: Any, at: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in the schema, with its place."""
    yield at, part
    for keyword in ("properties", "$defs"):
        for name, inner in part.get(keyword, {}).items():
            yield from subschemas(inner, f"{at}/{keyword}/{name}")
    for keyword in ("items", "additionalProperties", "propertyNames"):
        if isinstance(part.get(keyword), dict):
            yield from subschemas(part[keyword], f"{at}/{keyword}")


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_property_is_described() -> None:
    found = list(subschemas(SCHEMA))
    assert len(found) > 100
    for at, part in found:
        if at.split("/")[-2:-1] == ["properties"]:
            assert part.get("description"), at


def test_every_mapping_is_strict() -> None:
    for at, part in subschemas(SCHEMA):
        if "properties" in part:
            assert part["additionalProperties"] is False, at
        elif "object" in part.get("type", ""):
            assert isinstance(part["additionalProperties"], dict), at
            assert "propertyNames" in part, at


def test_everything_is_bounded() -> None:
    for at, part in subschemas(SCHEMA):
        types = part.get("type", "")
        if "string" in types:
            assert "maxLength" in part or "{" in part.get("pattern", ""), at
        if "integer" in types:
            assert {"minimum", "maximum"} <= set(part), at


def test_examples_and_defaults_are_valid() -> None:
    count = 0
    for _, part in subschemas(SCHEMA):
        for example in [*part.get("examples", []), *([part["default"]] if "default" in part else [])]:
            inner = {**part, "$defs": SCHEMA["$defs"]}
            jsonschema.Draft202012Validator(inner).validate(example)
            count += 1
    assert count > 50


def paths(errors: Any, attribute: str) -> set[tuple[Any, ...]]:
    return {tuple(getattr(error, attribute)) for error in errors}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_oracle_says_the_same(path: Path) -> None:
    document = load(path, Findings())
    assert document is not None
    fast = paths(RUST.iter_errors(document.data), "instance_path")
    assert fast == paths(ORACLE.iter_errors(document.data), "absolute_path")
    findings = Findings()
    schema.check(document, findings)
    assert bool(findings.items) == bool(fast)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 20_000) | st.text("aZ0.@-+/ {}:é", max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abm@ ", min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.data())
def test_the_oracle_says_the_same_of_anything(data: st.DataObject) -> None:
    document = example_reading().document
    assert document is not None
    at = data.draw(st.sampled_from(sorted(document.pointers())[1:]))
    changed: Any = copy.deepcopy(document.data)
    parent = changed
    *way, last = at.split("/")[1:]
    for part in way:
        parent = parent[int(part) if isinstance(parent, list) else part]
    parent[int(last) if isinstance(parent, list) else last] = data.draw(VALUES)
    assert paths(RUST.iter_errors(changed), "instance_path") == paths(ORACLE.iter_errors(changed), "absolute_path")


def test_messages_are_not_the_validator_s() -> None:
    for path in FILES:
        document = load(path, Findings())
        assert document is not None
        findings = Findings()
        schema.check(document, findings)
        raw = {error.message for error in RUST.iter_errors(document.data)}
        for finding in findings.items:
            assert finding.id.startswith("schema.")
            assert finding.message not in raw
            assert "does not match" not in finding.message
