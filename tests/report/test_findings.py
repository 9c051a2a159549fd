"""The five formats, read back by what reads them."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from mailwright.findings import Finding, Level, Place, Status, Target
from mailwright.report.findings import FORMATS, render
from mailwright.report.findings_text import MOST, counts
from mailwright.report.findings_text import render as text

HOSTILE = "a\x1b[31m\r\n::error::%0A<b>&\u202e\0"
PLACE = Place("sites/a b,c:d.yml", 3, 7, "/roles/abuse")

FAILED = Finding("ROLE-5.one-person", "ROLE-5", Level.ADVICE, Status.FAIL, "one person", "Name two.", PLACE)
BROKEN = Finding("source.key", "", Level.ERROR, Status.FAIL, "twice", "", Place("sites/a b,c:d.yml", 1, 1))
MUST = Finding("ROLE-1.there", "ROLE-1", Level.MUST, Status.FAIL, "no abuse", "Add it.", PLACE)
PASSED = Finding("DNS-1.ptr", "DNS-1", Level.SHOULD, Status.PASS, "fine")
WAIVED = Finding("DNS-2.helo", "DNS-2", Level.SHOULD, Status.WAIVED, "short", "", PLACE, evidence="until 2027")
OPEN = Finding("relay.out", "RELAY-2", Level.MUST, Status.NOT_PROVEN, "no answer", target=Target("mail", 25))
WORD = Finding("ROLE-3.attestation", "ROLE-3", Level.MUST, Status.ATTESTED, "we do", where=PLACE)
ALL = (FAILED, BROKEN, MUST, PASSED, WAIVED, OPEN, WORD)
EVIL = Finding("x.evil", "X-1", Level.MUST, Status.FAIL, HOSTILE, HOSTILE, Place(HOSTILE, 1, 1), evidence=HOSTILE)


def test_text_is_what_editors_jump_to() -> None:
    lines = render("text", ALL).splitlines()
    assert lines[0] == "sites/a b,c:d.yml:1:1: ERROR source.key twice"
    assert "sites/a b,c:d.yml:3:7: ADVICE ROLE-5.one-person one person" in lines
    assert lines[lines.index("sites/a b,c:d.yml:3:7: ADVICE ROLE-5.one-person one person") + 1] == (
        "    mend: Name two."
    )
    assert "sites/a b,c:d.yml:3:7: SHOULD (waived) DNS-2.helo short" in lines
    assert "mail port 25: MUST (not-proven) relay.out no answer" in lines
    assert not [line for line in lines if "fine" in line or "we do" in line]
    assert lines[-1] == "3 to mend, 1 not proven, 1 waived, 1 attested, 1 passed"


def test_text_has_colours_only_when_asked() -> None:
    assert "\x1b" not in text(ALL)
    assert "\x1b[1;31mMUST\x1b[0m ROLE-1.there" in text(ALL, colour=True)


def test_text_cannot_be_taken_over() -> None:
    shown = render("text", (EVIL,))
    heads = [line for line in shown.splitlines() if not line.startswith("    ")]
    assert len(heads) == 2  # the finding and the counts: whatever else it says is indented below it
    assert all(line.isprintable() for line in shown.splitlines())
    assert "\\x1b[31m" in shown


def test_nothing_found_is_said() -> None:
    assert counts(()) == "nothing found"


def test_json_has_everything() -> None:
    document = json.loads(render("json", (*ALL, EVIL)))
    assert document["counts"] == {"fail": 4, "pass": 1, "waived": 1, "not-proven": 1, "attested": 1}
    by_id = {item["id"]: item for item in document["findings"]}
    assert by_id["ROLE-5.one-person"] == {
        "id": "ROLE-5.one-person",
        "requirement": "ROLE-5",
        "level": "ADVICE",
        "status": "fail",
        "message": "one person",
        "fix": "Name two.",
        "where": {"file": "sites/a b,c:d.yml", "line": 3, "column": 7, "pointer": "/roles/abuse"},
    }
    assert by_id["relay.out"]["target"] == {"host": "mail", "port": 25}
    assert by_id["x.evil"]["message"] == HOSTILE


def test_sarif_says_level_and_place() -> None:
    (run,) = json.loads(render("sarif", ALL))["runs"]
    results = {item["ruleId"]: item for item in run["results"]}
    levels = {id_: (item["kind"], item["level"]) for id_, item in results.items()}
    assert levels == {
        "source.key": ("fail", "error"),
        "ROLE-1.there": ("fail", "error"),
        "ROLE-5.one-person": ("fail", "note"),
        "DNS-2.helo": ("fail", "warning"),
        "DNS-1.ptr": ("pass", "none"),
        "relay.out": ("open", "none"),
        "ROLE-3.attestation": ("review", "none"),
    }
    assert results["DNS-2.helo"]["suppressions"][0]["kind"] == "external"
    place = results["ROLE-1.there"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "sites/a%20b%2Cc%3Ad.yml"
    assert place["region"] == {"startLine": 3, "startColumn": 7}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_github_annotates_the_line() -> None:
    lines = render("github", ALL).splitlines()
    assert "::error file=sites/a b%2Cc%3Ad.yml,line=3,col=7,title=MUST ROLE-1.there::no abuse%0AAdd it." in lines
    assert [line.split(" ")[0] for line in lines] == [
        "::error",
        "::notice",
        "::error",
        "::notice",
        "::warning",
        "::notice",
    ]


def test_github_cannot_be_given_another_command() -> None:
    (line,) = [line for line in render("github", (EVIL,)).split("\n") if line]
    assert line.startswith("::error file=")
    assert "\r" not in line
    assert line.count("::error ") == 1


def test_junit_is_xml_with_the_same_numbers() -> None:
    root = ElementTree.fromstring(render("junit", (*ALL, EVIL)))  # noqa: S314 - our own
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("8", "4", "2")
    assert len(root.findall("testsuite/testcase/failure")) == 4
    assert len(root.findall("testsuite/testcase/skipped")) == 2
    suites = {suite.get("name") for suite in root}
    assert {"input", "ROLE-1", "ROLE-5"} <= suites


@pytest.mark.parametrize("name", [name for name, _ in FORMATS])
def test_the_order_of_finding_does_not_matter(name: str) -> None:
    assert render(name, ALL) == render(name, ALL[::-1])
    assert render(name, ALL).endswith("\n")


def test_many_alike_do_not_bury_the_others() -> None:
    alike = tuple(replace(FAILED, message=f"number {number:03d}") for number in range(MOST + 2))
    shown = render("text", (*alike, EVIL))
    assert f"number {MOST - 1:03d}" in shown
    assert f"number {MOST:03d}" not in shown
    assert f"… and 2 more of {FAILED.id}; --format json has all" in shown
    assert EVIL.id in shown
    assert len(json.loads(render("json", alike))["findings"]) == MOST + 2
