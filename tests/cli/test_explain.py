"""mailwright explain."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from mailwright.changes.page import ALL
from mailwright.cli.explain import command
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.requirements.rules import RULES


def explain(*arguments: str, columns: int = 80) -> Result:
    return CliRunner().invoke(command, list(arguments), env={"COLUMNS": str(columns)})


def test_a_requirement_with_all_its_rules() -> None:
    result = explain("ROLE-5")
    assert result.exit_code == 0
    assert result.output.startswith("ROLE-5  Not one person alone  (ADVICE, Required e-mail addresses)\n")
    assert "Evidence: rules over the description." in result.output
    assert "Limits: Counted are the people" in result.output
    for rule in ("ROLE-5.one-person", "ROLE-5.outside-only", "ROLE-5.same-person-twice"):
        assert f"\n{rule}  (ADVICE)\n" in result.output
    assert "      roles:\n        postmaster: [fr03200]\n" in result.output


def test_one_rule() -> None:
    result = explain("ROLE-5.one-person")
    assert result.exit_code == 0
    assert result.output.startswith("ROLE-5.one-person  (ADVICE)\n")
    assert "A description that breaks it:" in result.output
    assert "The same, mended:" in result.output
    assert "ROLE-5.outside-only" not in result.output


def test_a_risk_of_a_change() -> None:
    result = explain("relay.widened")
    assert result.exit_code == 0
    assert result.output.startswith("relay.widened  more clients may relay without a login  (high, RELAY-2)\n\n")
    assert "\n  More addresses may send to anywhere without saying who they are.\n" in result.output
    assert "\n  Safely: Give the system a login" in result.output
    assert "relay.listener" not in result.output


def test_a_risk_as_json() -> None:
    shown = json.loads(explain("relay.widened", "--format", "json").output)
    (risk,) = shown["risks"]
    assert (shown["requirements"], shown["rules"]) == ([], [])
    assert (risk["id"], risk["severity"], risk["requirement"]) == ("relay.widened", "high", "RELAY-2")
    assert risk["summary"] == "More addresses may send to anywhere without saying who they are."
    assert risk["safely"].startswith("Give the system a login")


def test_what_is_not_shown_yet() -> None:
    assert "Not shown yet: " in explain("SCALE-2").output
    assert "Not shown yet: " not in explain("LIST-1").output
    assert "No rule over the description belongs to it." in explain("ADDR-9").output


def test_without_an_id_all_are_listed() -> None:
    result = explain()
    assert result.exit_code == 0
    first_words = [line.split()[0] for line in result.output.splitlines() if line.strip()]
    for each in (*REQUIREMENTS, *RULES, *ALL):
        assert each.id in first_words


@pytest.mark.parametrize("id_", ["role-5", "ROLE-5", "Role-5.One-Person", "waiver.must", "Relay.Widened"])
def test_case_does_not_matter(id_: str) -> None:
    assert explain(id_).exit_code == 0


@pytest.mark.parametrize(
    ("id_", "near"),
    [("ROLE-5.one-persn", "ROLE-5.one-person"), ("RELAY2", "RELAY-2"), ("relay.widend", "relay.widened")],
)
def test_an_unknown_id(id_: str, near: str) -> None:
    result = explain(id_)
    assert result.exit_code == 2
    assert f"there is no requirement, rule or risk '{id_}'. Did you mean " in result.output
    assert near in result.output


def test_an_id_like_nothing_else() -> None:
    result = explain("quite-something-else")
    assert result.exit_code == 2
    assert "Did you mean" not in result.output


def test_as_json() -> None:
    shown = json.loads(explain("AUDIT-4", "--format", "json").output)
    (requirement,) = shown["requirements"]
    assert requirement["id"] == "AUDIT-4"
    assert requirement["evidence"] == ["check", "config", "probe"]
    assert requirement["gap"] == ""
    (needed,) = requirement["needs"]
    assert needed["probe"] == "logs.sealed-elsewhere"
    assert needed["says"].startswith("What was altered since")
    (rule,) = shown["rules"]
    assert rule["id"] == "AUDIT-4.readers"
    assert rule["breaks"] == "logging: {readers: users}"


def test_all_as_json() -> None:
    shown = json.loads(explain("--format", "json").output)
    assert len(shown["requirements"]) == 52
    assert [rule["id"] for rule in shown["rules"]] == [rule.id for rule in RULES]
    assert {risk["id"] for risk in shown["risks"]} == {risk.id for risk in ALL}


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
def test_prose_keeps_to_the_width(columns: int) -> None:
    lines = explain("MSG-3", columns=columns).output.splitlines()
    prose = [line for line in lines if line.startswith("  ") and not line.startswith("      ")]
    assert prose
    assert max(len(line) for line in prose) <= max(40, min(columns, 100))
