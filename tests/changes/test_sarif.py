"""The risks of a review for code scanning."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mailwright.changes import sarif
from mailwright.changes.model import Part, Review, Severity
from mailwright.findings import Place
from mailwright.formats.visible import visible
from support.example import load_example
from support.hostile import HOSTILE
from support.review_pages import dangerous, hostile, large, reviewed

_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_PLACE = {
    "type": "object",
    "required": ["artifactLocation", "region"],
    "properties": {
        "artifactLocation": {
            "type": "object",
            "required": ["uri"],
            # RFC 3986: nothing that would have to be escaped
            "properties": {"uri": {"type": "string", "pattern": "^[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+$"}},
            "additionalProperties": False,
        },
        "region": {
            "type": "object",
            "required": ["startLine"],
            "properties": {
                "startLine": {"type": "integer", "minimum": 1},
                "startColumn": {"type": "integer", "minimum": 1},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "invocations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["executionSuccessful"],
                            "additionalProperties": False,
                            "properties": {
                                "executionSuccessful": {"type": "boolean"},
                                "toolExecutionNotifications": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["message"],
                                        "additionalProperties": False,
                                        "properties": {"level": _LEVEL, "message": _TEXT},
                                    },
                                },
                            },
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": _TEXT,
                                                "fullDescription": _TEXT,
                                                "help": _TEXT,
                                                "defaultConfiguration": {"properties": {"level": _LEVEL}},
                                                "properties": {"type": "object"},
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message", "ruleId", "locations"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": _LEVEL,
                                "message": _TEXT,
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "required": ["physicalLocation"],
                                        "properties": {"physicalLocation": _PLACE},
                                    },
                                },
                                "suppressions": {
                                    "type": "array",
                                    "items": {
                                        "required": ["kind"],
                                        "additionalProperties": False,
                                        "properties": {
                                            "kind": {"enum": ["inSource", "external"]},
                                            "justification": {"type": "string"},
                                        },
                                    },
                                },
                                "properties": {"type": "object"},
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What SARIF 2.1.0 says of the properties that are used, and no others."""


def run(review: Review, *, personal: bool = False) -> dict[str, Any]:
    document = json.loads(sarif.render(review, personal=personal))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    (only,) = document["runs"]
    assert isinstance(only, dict)
    return only


def with_risk(place: Place | None) -> Review:
    review = reviewed(load_example(), load_example(), diffs=False)
    risk = dangerous("relay.widened", Severity.HIGH, "x may relay", where=place)
    return replace(review, parts=(Part("description", (), (risk,)),))


def test_a_review_without_risks_is_a_run_without_results() -> None:
    made = run(reviewed(load_example(), load_example(), diffs=False))
    assert made["results"] == []
    assert made["tool"]["driver"]["rules"] == []


def test_each_risk_is_a_result_of_its_rule() -> None:
    made = run(large())
    rules = made["tool"]["driver"]["rules"]
    assert len(made["results"]) == len(large().risks)
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in made["results"])
    levels = {result["ruleId"]: result["level"] for result in made["results"]}
    assert levels == {
        "relay.widened": "error",
        "address.removed": "warning",
        "retention.shortened": "note",
        "many.rows": "error",
        "tls.lowered": "note",
    }
    (relay,) = (rule for rule in rules if rule["id"] == "relay.widened")
    assert relay["shortDescription"]["text"] == "more clients may relay"
    assert relay["fullDescription"]["text"].startswith("Whatever runs there, malware too,")
    assert relay["help"]["text"].startswith("More addresses may send to anywhere")
    assert relay["help"]["text"].endswith("The safe way: Give the system a login of its own.")
    assert relay["properties"]["requirement"] == "RELAY-2"
    assert {result["properties"]["origin"] for result in made["results"]} == {"description", "mailwright"}


def test_what_somebody_lets_pass_is_suppressed_with_the_reason() -> None:
    results = {result["ruleId"]: result for result in run(large())["results"]}
    assert results["many.rows"]["suppressions"] == [
        {"kind": "external", "justification": "The department moves as a whole."}
    ]
    assert "suppressions" not in results["relay.widened"]


def test_places_are_relative_to_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def uri(file: str) -> str:
        (result,) = run(with_risk(Place(file, 4, 7)))["results"]
        physical = result["locations"][0]["physicalLocation"]
        assert physical["region"] == {"startLine": 4, "startColumn": 7}
        found = physical["artifactLocation"]["uri"]
        assert isinstance(found, str)
        return found

    assert uri("sites/a b.yml") == "sites/a%20b.yml"
    assert uri(str(tmp_path / "sites" / "site.yml")) == "sites/site.yml"
    assert uri("/elsewhere/site.yml") == "file:///elsewhere/site.yml"


def test_a_risk_without_a_place_is_shown_at_the_head_of_the_new_description() -> None:
    (result,) = run(with_risk(None))["results"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "site.yml"},
        "region": {"startLine": 1, "startColumn": 1},
    }


def test_nobody_is_named_but_where_it_is_asked_for() -> None:
    def first(*, personal: bool) -> str:
        results = run(large(), personal=personal)["results"]
        found = next(result["message"]["text"] for result in results if result["ruleId"] == "address.removed")
        assert isinstance(found, str)
        return found

    assert first(personal=False).splitlines()[0] == "an address is no address any more."
    assert first(personal=True).splitlines()[0] == "a.lovelace@college.ac.uk is no address any more."
    assert "lovelace" not in sarif.render(large())


@pytest.mark.parametrize("text", [*HOSTILE, "[click](https://evil.example)", "\x1b[2J\u202e\ufdd0x"])
def test_a_value_is_no_link_and_no_command(text: str) -> None:
    made = run(hostile(text), personal=True)
    messages = [result["message"]["text"] for result in made["results"]]
    assert any(visible(text) in message.replace("\\](", "](") for message in messages)
    for message in messages:
        assert not re.search(r"(?<!\\)\]\(", message)
        assert message.replace("\n", "").isprintable()
