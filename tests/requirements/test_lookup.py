"""Requirements and rules by their ids."""

from __future__ import annotations

from mailwright.findings import Level
from mailwright.requirements import lookup


def test_a_rule_by_its_id() -> None:
    found = lookup.rule("ROLE-5.one-person")
    assert found is not None
    assert found.requirement == "ROLE-5"
    assert lookup.rule("ROLE-5") is None


def test_the_rules_of_a_requirement() -> None:
    assert "ROLE-5.one-person" in [rule.id for rule in lookup.rules_of("ROLE-5")]
    assert lookup.rules_of("ADDR-9") == ()


def test_levels_of_rules_and_requirements() -> None:
    assert lookup.level_of("RELAY-2") is Level.MUST
    assert lookup.level_of("RELAY-2.own-hosts") is Level.ADVICE
    assert lookup.level_of("RELAY-9") is None


def test_what_may_have_been_meant() -> None:
    assert lookup.suggest("ROLE-5.oneperson")[0] == "ROLE-5.one-person"
    assert lookup.suggest("relay-2")[0] == "RELAY-2"
    assert lookup.suggest("quite something else") == ()
