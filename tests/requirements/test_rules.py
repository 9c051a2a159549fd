"""Each rule against its example files: what it finds, where, and nothing besides.

``examples/<rule>/fail*.yml`` breaks the rule and ``pass*.yml`` does not. A file's first line lists every fault that
is to be found in it, ``# finds: RULE LINE, …``, with the file's name before the line where that is another one.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from mailwright.findings import Finding, Level, Status
from mailwright.requirements import catalogue
from mailwright.requirements.evaluate import evaluate
from mailwright.requirements.pages import page_of
from mailwright.requirements.rules import RULES
from mailwright.site.read import read
from mailwright.site.role_names import FACILITIES

EXAMPLES = Path(__file__).parent / "examples"
FILES = sorted(EXAMPLES.glob("*/*.yml"))
TODAY = date(2026, 6, 1)
SECTIONS = (
    "E-mail addresses",
    "Required e-mail addresses",
    "DNS",
    "Message format",
    "Relaying",
    "Audit trail",
    "Dialup accounts",
    "Internal addresses",
    "Distribution lists",
    "Privacy",
    "User support",
    "Service agreement",
)


@cache
def judge(file: Path) -> tuple[Finding, ...]:
    reading = read(file)
    assert reading.site is not None, [f"{finding.where}: {finding.message}" for finding in reading.findings]
    return evaluate(reading.site, TODAY)


def expected(file: Path) -> list[str]:
    listed = re.match(r"# finds: (.+)\n", file.read_text(encoding="utf-8"))
    assert listed, "the first line says what is found"
    return [] if listed[1] == "nothing" else listed[1].split(", ")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_an_example_shows_what_its_first_line_says(file: Path) -> None:
    found = []
    for finding in judge(file):
        if finding.fails:
            assert finding.where is not None
            assert finding.message
            assert finding.fix
            name = Path(finding.where.file).name
            found.append(f"{finding.id} {'' if name == file.name else name + ':'}{finding.where.line}")
    assert sorted(found) == sorted(expected(file))
    own = [each for each in found if each.startswith(file.parent.name + " ")]
    assert bool(own) == file.stem.startswith("fail"), "fail*.yml breaks its own rule, pass*.yml does not"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_both_examples_and_its_page_shows_them(rule: object) -> None:
    assert hasattr(rule, "id")
    page = page_of(rule)  # type: ignore[arg-type]
    for name, snippet in (("fail", page.breaks), ("pass", page.mended)):
        text = (EXAMPLES / rule.id / f"{name}.yml").read_text(encoding="utf-8")
        assert text.split("\n", 2)[2].strip() == snippet.strip(), f"{rule.id}/{name}.yml differs from the docstring"


def test_no_example_is_without_a_rule() -> None:
    assert {file.parent.name for file in FILES} == {rule.id for rule in RULES}


def test_the_bases_are_clean() -> None:
    assert [finding.id for finding in judge(EXAMPLES / "base.yml") if finding.fails] == []
    assert [finding.id for finding in judge(EXAMPLES / "unregistered.yml") if finding.fails] == ["AUDIT-6.registry"]


def test_each_requirement_that_a_check_shows_has_a_rule() -> None:
    ruled = {rule.requirement for rule in RULES}
    for requirement in catalogue.REQUIREMENTS:
        if "check" in requirement.evidence and requirement.section in SECTIONS:
            assert requirement.id in ruled, requirement.id


def test_rules_belong_to_requirements() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    for rule in RULES:
        if rule.requirement:
            assert catalogue.find(rule.requirement), rule.id
            assert rule.id.startswith(rule.requirement + ".")


def test_no_rule_of_a_requirement_is_an_error() -> None:
    assert all(rule.level is not Level.ERROR for rule in RULES)


def test_every_facility_of_the_schema_has_its_mailbox() -> None:
    import json

    from mailwright.resources import folder

    schema = json.loads((folder("schemas") / "site.schema.json").read_text(encoding="utf-8"))
    listed = schema["properties"]["domains"]["items"]["properties"]["facilities"]["items"]["enum"]
    assert sorted(listed) == sorted(FACILITIES)


def test_a_clean_description_passes_each_rule_once() -> None:
    passed = [finding.id for finding in judge(EXAMPLES / "base.yml") if finding.status is Status.PASS]
    assert sorted(passed) == sorted(rule.id for rule in RULES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_what_breaks_no_must_can_be_planned(file: Path) -> None:
    """So that a rule, with its page and its way out, speaks before the plan gives up. What a plan of this version
    cannot do with several stores is the plan's to say."""
    from mailwright.plan import PlanError, make

    if any(finding.fails and finding.level is Level.MUST for finding in judge(file)):
        return
    site = read(file).site
    assert site is not None
    faults: set[str] = set()
    try:
        make(site)
    except PlanError as error:
        faults = {finding.id for finding in error.findings}
    assert faults <= {"plan.two-stores", "plan.store-apart"}
