"""docs/reference/risks.md, made from the rules themselves: ``python -m mailwright.changes.page``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import groupby
from typing import cast

from mailwright.changes import words
from mailwright.changes.model import Find, RiskRule
from mailwright.changes.provider.rules import RISKS as OF_PROVIDERS
from mailwright.changes.provider.rules import ProviderRule
from mailwright.changes.risks import RISKS
from mailwright.records import dataclass

_HEAD = """\
# Risks

What `mailwright diff` asks of a change, whether the description or a newer mailwright makes it. A rule compares
what both sides mean, not their text: the same said otherwise, or in another order, is no change. A rule says how
grave it usually is; where a case weighs more or less, the review says so. Those of *provider* are about the folder
of a provider; each of its customers is asked all the others too.
"""

_FOOT = """\
`mailwright explain relay.widened` prints one of them. With `--fail-on high` a risk of that weight makes
`mailwright diff` end with status 1.

This page is made from the rules: `python -m mailwright.changes.page > docs/reference/risks.md`.
"""


@dataclass(frozen=True, slots=True)
class RiskPage:
    """A rule's docstring in its parts. Backquotes are single ones."""

    summary: str
    why: tuple[str, ...]  # paragraphs


def page_of(rule: RiskRule) -> RiskPage:
    """The rule's page. Raises ValueError when its docstring does not say what happens."""
    text = inspect.getdoc(rule.find) or ""
    summary, *why = (" ".join(part.split()) for part in text.replace("``", "`").split("\n\n"))
    if not summary:
        raise ValueError(f"the docstring of {rule.id} does not say what happens")
    return RiskPage(summary, tuple(why))


def _of_provider(rule: ProviderRule) -> RiskRule:
    """The rule, to be shown among those that judge two plans: it judges two folders."""
    about = rule.about
    find = cast("Find", rule.find)
    return RiskRule(about.id, about.severity, about.requirement, about.title, about.safely, find)


ALL: tuple[RiskRule, ...] = (*RISKS, *map(_of_provider, OF_PROVIDERS))
"""The rules about a site, and those about the folder of a provider."""


def subject(rule: RiskRule) -> str:
    return rule.id.partition(".")[0]


def by_subject() -> tuple[RiskRule, ...]:
    """All rules, in the order of the alphabet by their subjects, those of one subject as they are listed."""
    return tuple(sorted(ALL, key=subject))


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([_HEAD, *_severities(), "", _FOOT, *_sections()])


def _severities() -> Iterator[str]:
    yield from ("| severity | |", "|---|---|")
    for severity, meaning in words.SEVERITIES.items():
        yield f"| {severity} | {meaning} |"


def _sections() -> Iterator[str]:
    for name, rules in groupby(by_subject(), subject):
        yield f"## {name}\n"
        for rule in rules:
            yield _section(rule)


def _section(rule: RiskRule) -> str:
    shown = page_of(rule)
    about = f"; requirement [{rule.requirement}](requirements.md)" if rule.requirement else ""
    head = f"**{rule.title[:1].upper()}{rule.title[1:]}** ({rule.severity}{about})"
    paragraphs = (f"### {rule.id}", head, shown.summary, *shown.why, f"*Safely:* {rule.safely}")
    return "\n\n".join(paragraphs) + "\n"


if __name__ == "__main__":
    print(page(), end="")
