"""Requirements and rules by their ids."""

from __future__ import annotations

from collections.abc import Iterable

from mailwright.findings import Level
from mailwright.requirements.catalogue import REQUIREMENTS, find
from mailwright.requirements.model import Rule
from mailwright.requirements.rules import RULES

_BY_ID = {rule.id: rule for rule in RULES}


def rule(id_: str) -> Rule | None:
    """The rule of that id (``ROLE-5.one-person``), or None."""
    return _BY_ID.get(id_)


def rules_of(requirement: str) -> tuple[Rule, ...]:
    """The rules of a requirement, in their order."""
    return tuple(rule for rule in RULES if rule.requirement == requirement)


def level_of(id_: str) -> Level | None:
    """The level of a rule or requirement; None when there is none of that id."""
    found = _BY_ID.get(id_) or find(id_)
    return found.level if found else None


def suggest(id_: str, others: Iterable[str] = ()) -> tuple[str, ...]:
    """Ids of requirements, rules, and ``others`` that may have been meant, the likeliest first; at most three."""
    from difflib import get_close_matches  # only what is wrong needs it

    known = {id_.lower(): id_ for id_ in (*(each.id for each in REQUIREMENTS), *_BY_ID, *others)}
    close = get_close_matches(id_.lower(), known, n=3, cutoff=0.6)
    return tuple(known[each] for each in close)
