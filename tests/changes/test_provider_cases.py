"""What a review of a provider's folder must say of each change in tests/changes/provider_cases/, and what not."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from mailwright.changes.model import Severity
from mailwright.changes.provider import html, json_, markdown, sarif, text
from mailwright.changes.provider.model import ProviderReview
from mailwright.changes.provider.rules import RISKS
from mailwright.changes.risks import RISKS as OF_SITES
from support.provider_cases import WORDS, Case, cases, differences

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
PEOPLE = re.compile(r"\b(Ann|Bob|Ada|Ben|Carys|Zoe|Robert)\b", re.IGNORECASE)
GAPS = re.compile(r"  |: ;|[:,]\.| ,|\(\)|\.\.$|\b1 (customers|people|files|addresses)\b")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_review_says_what_it_must_and_nothing_else(case: Case, tmp_path: Path) -> None:
    """In every format, of which those that strangers read name nobody. Asked at once: a review takes its time."""
    found = case.review(tmp_path)
    wrong = [*differences(case, found), *_formats(found)]
    assert not wrong, "\n".join((f"{case.name}: {case.expected['about']}", *wrong, text.render(found)))


def _formats(found: ProviderReview) -> list[str]:
    wrong = []
    comment, scanned = markdown.render(found), sarif.render(found)
    wrong += [
        f"{name} names {match[0]}" for name, said in (("Markdown", comment),) if (match := PEOPLE.search(said))
    ]
    results = json.loads(scanned)["runs"][0]["results"]
    wrong += [f"SARIF names {match[0]}" for one in results if (match := PEOPLE.search(one["message"]["text"]))]
    if len(results) != sum(len(one.cases) for one in found.risks) + sum(
        len(one.review.risks) for one in found.platforms
    ):
        wrong.append("SARIF has not all results")
    document = json.loads(json_.render(found))
    of_folder, of_site = _validators()
    of_folder.validate(document)
    for one in document["platforms"]:
        of_site.validate(one["review"])
    if "<script" in (page := html.render(found)) or not page.startswith("<!DOCTYPE html>"):
        wrong.append("the page is no page")
    sentences = [one.sentence for one in (*found.effects, *found.notes, *found.fates)]
    sentences += [case.sentence for one in found.risks for case in one.cases]
    wrong += [f"it says {sentence!r}" for sentence in sentences if GAPS.search(sentence)]
    return wrong


@cache
def _validators() -> tuple[jsonschema.Draft202012Validator, jsonschema.Draft202012Validator]:
    """Of the review of a folder, and of that of a site."""
    names = ("provider-review.schema.json", "review.schema.json")
    found = [jsonschema.Draft202012Validator(json.loads((SCHEMAS / name).read_text())) for name in names]
    return found[0], found[1]


def test_the_cases_are_many_and_say_nothing_that_nobody_reads() -> None:
    assert len(cases()) >= 25
    numbers = [case.name[:3] for case in cases()]
    assert len(numbers) == len(set(numbers))
    known = {rule.about.id for rule in RISKS} | {rule.id for rule in OF_SITES}
    for case in cases():
        assert case.expected.keys() <= WORDS, case.name
        assert case.expected["about"], case.name
        assert {*case.risks, *filter(None, [case.expected.get("look_alike_of")])} <= known, case.name
        assert set(case.risks.values()) <= set(map(str, Severity)), case.name


@pytest.mark.parametrize("rule", [rule.about.id for rule in RISKS])
def test_each_rule_fires_in_a_case_and_is_silent_in_a_look_alike(rule: str) -> None:
    assert any(rule in case.risks for case in cases()), f"no case makes {rule} fire"
    alike = [case for case in cases() if case.expected.get("look_alike_of") == rule]
    assert alike, f"no case only looks like {rule}"
    assert not any(rule in case.risks for case in alike)


def test_mail_of_who_moves_goes_the_way_that_is_written_for_it(tmp_path: Path) -> None:
    (case,) = [one for one in cases() if one.name.startswith("010-moved")]
    (risk,) = [one for one in case.review(tmp_path).risks if one.rule.id == "mx.moved"]
    assert "docs/providers.md, Moving a customer between platforms" in risk.safely
    assert "beside the old one: build" not in risk.safely
