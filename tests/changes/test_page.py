"""docs/reference/risks.md is what the rules say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailwright.changes.model import Comparison, Hit, RiskRule, Severity
from mailwright.changes.page import ALL, by_subject, page, page_of
from mailwright.changes.provider.rules import RISKS as OF_PROVIDERS
from mailwright.changes.risks import RISKS
from mailwright.requirements.catalogue import find
from support.example import ROOT


def test_the_published_page_is_up_to_date() -> None:
    """To mend: python -m mailwright.changes.page > docs/reference/risks.md"""
    assert (ROOT / "docs/reference/risks.md").read_text(encoding="utf-8") == page()


def test_each_rule_is_there_once_under_its_subject() -> None:
    text = page()
    for rule in ALL:
        assert text.count(f"\n### {rule.id}\n") == 1
    subjects = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert subjects == sorted(set(subjects))
    assert {rule.id.partition(".")[0] for rule in ALL} == set(subjects)
    assert sorted(rule.id for rule in by_subject()) == sorted(
        [*(rule.id for rule in RISKS), *(rule.about.id for rule in OF_PROVIDERS)]
    )


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_a_rule_says_what_happens_and_the_safe_way(rule: RiskRule) -> None:
    shown = page_of(rule)
    assert shown.summary.endswith(".")
    assert rule.safely.endswith(".")
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.requirement == "" or find(rule.requirement) is not None


def test_ids_are_there_once() -> None:
    assert len({rule.id for rule in ALL}) == len(ALL)


def test_a_rule_that_does_not_say_what_happens_is_refused() -> None:
    def silent(_comparison: Comparison) -> Iterator[Hit]:
        return iter(())

    with pytest.raises(ValueError, match="does not say what happens"):
        page_of(RiskRule("x.y", Severity.LOW, "", "title", "Do nothing.", silent))
