"""A review as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from mailwright.changes import json_
from mailwright.changes.model import Review
from mailwright.findings import Place
from mailwright.plan import make
from mailwright.report.strict_json import load
from support.example import ROOT, load_example, split, with_everything
from support.hostile import HOSTILE as TEXTS
from support.review_pages import STEPS, hostile, large, reviewed

SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "review.schema.json").read_text())
HOSTILE = ("\x1b[2J\x9b2J\u202eEve\u2028\ufdd0\ufdd1\ufdd2", '"}],"', "\U000e0041", *TEXTS)


def document(review: Review) -> dict[str, Any]:
    """Read to the letter: no key twice, and as the schema wants it."""
    text = json_.render(review)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))
    return load(text, "review")


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_nothing_is_a_whole_document_too() -> None:
    found = document(reviewed(load_example(), load_example()))
    assert found["verdict"] == {
        "line": "Nothing changes: both descriptions make the same service.",
        "advice": "",
        "worst": None,
        "hosts": [],
    }
    assert found["changes"] == found["risks"] == found["files"] == found["steps"] == []


def test_everything_is_there() -> None:
    review = large()
    found = document(review)
    assert found["parts"] == ["description", "mailwright"]
    for name in ("changes", "risks", "files"):
        assert len(found[name]) == len(getattr(review, name)) > 0
        assert {one["origin"] for one in found[name]} == {"description", "mailwright"}
    assert sum(found["counts"].values()) == len(found["changes"])
    assert [step["wait"] for step in found["steps"]] == [step.wait for step in STEPS]
    assert [(risk["severity"], bool(risk["forced"])) for risk in found["risks"]] == [
        ("high", False),
        ("medium", False),
        ("medium", False),
        ("low", False),
        ("low", False),
        ("high", True),
    ]
    first = found["risks"][0]
    assert first["where"] == {"file": "site.yml", "line": 41, "column": 7, "pointer": ""}
    assert first["why"].startswith("Whatever runs there, malware too,")
    assert found["risks"][1]["sentence"] == "a.lovelace@college.ac.uk is no address any more"
    assert found["old"]["mailwright"] == "0.0.9"
    assert found["verdict"]["worst"] == "high"
    (main,) = (
        one for one in found["files"] if one["path"].endswith("smtp.college.ac.uk/postfix/etc/postfix/main.cf")
    )
    assert (main["kind"], main["lands"], main["component"]) == ("added", "/etc/postfix/main.cf", "postfix")
    assert main["diff"][0].startswith("@@ ")


def test_rows_before_and_after_without_their_reasons() -> None:
    found = document(reviewed(load_example(), split(), diffs=False))
    moved = next(one for one in found["changes"] if one["table"] == "mailboxes")
    assert (moved["old"]["host"], moved["new"]["host"]) == ("mail.college.ac.uk", "store1.college.ac.uk")
    assert "because" not in moved["new"]
    assert not found["complete"]
    assert not any(one["diff"] for one in found["files"])


def test_the_same_review_gives_the_same_bytes() -> None:
    assert json_.render(large()) == json_.render(large())
    again = reviewed(load_example(), with_everything())
    assert json_.render(again) == json_.render(reviewed(load_example(), with_everything()))
    assert again.plans[0] == make(load_example())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_stays_that_value_and_writes_nothing_on_a_terminal(text: str) -> None:
    review = hostile(text)
    raw = json_.render(review)
    assert raw.replace("\n", "").isprintable()
    found = json.loads(raw)
    plain = text.translate(dict.fromkeys(range(0xFDD0, 0xFDD3)))  # no description can hold the marks
    assert found["changes"][0]["sentence"] == plain
    assert found["files"][0]["path"] == text
    assert found["files"][0]["diff"][1] == f"-{text}"
    assert found["old"]["organisation"] == text
    assert found["risks"][-1]["where"]["file"] == text


def test_a_place_has_its_pointer() -> None:
    review = large()
    (part, other) = review.parts
    risk = replace(part.risks[0], where=Place("site.yml", 3, 4, "/networks/relay/0"))
    found = document(replace(review, parts=(replace(part, risks=(risk,)), other)))
    assert found["risks"][0]["where"]["pointer"] == "/networks/relay/0"
