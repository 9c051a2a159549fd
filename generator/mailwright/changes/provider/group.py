"""What came of each customer, put together where it is the same to several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from mailwright.changes import SECTIONS
from mailwright.changes.cause import Asked
from mailwright.changes.model import Kind, Severity
from mailwright.changes.provider.customer import Danger, Outcome
from mailwright.changes.provider.customer import Effect as Own
from mailwright.changes.provider.model import Case, Effect, Risk, Rule, Spot
from mailwright.changes.provider.rules import MANY, RISKS, Compared, of_site
from mailwright.changes.risks import RISKS as OF_SITES

_SECTIONS = {section.title: number for number, section in enumerate(SECTIONS)}


@dataclass(slots=True)
class _Same:
    """What is the same so far. ``own``: as the first one says it."""

    own: str
    customers: list[str] = field(default_factory=list)
    times: int = 0
    causes: set[int] = field(default_factory=set)  # numbers of shared values; _OWN: the customer's own files


_OWN = -1


def effects(outcomes: Iterable[Outcome], spots: Sequence[Spot]) -> tuple[Effect, ...]:
    """By section in their order; those that reach most customers first.

    spots  of the values that layers say otherwise
    """
    found: dict[tuple[str, Kind, str, bool, str], _Same] = {}
    for one in outcomes:
        for effect in one.effects:
            same = found.setdefault(_key(effect), _Same(effect.own))
            same.customers.append(one.id)
            same.times += effect.times
            same.causes.update([_OWN] if one.edited or not one.affected else one.affected)
    made = []
    for (section, kind, said, counted, note), same in found.items():
        customers = tuple(sorted(set(same.customers)))
        sentence = same.own
        if len(same.customers) > 1:
            sentence = f"{same.times:,} {said}" if counted else said
        cause = next(iter(same.causes)) if len(same.causes) == 1 else _OWN
        spot = spots[cause] if cause != _OWN else None
        made.append(Effect(section, kind, sentence, customers, same.times, note, spot))
    return tuple(sorted(made, key=lambda one: (_SECTIONS[one.section], -len(one.customers))))


def _key(effect: Own) -> tuple[str, Kind, str, bool, str]:
    return effect.section, effect.kind, effect.said, effect.counted, effect.note


def risks(
    outcomes: Sequence[Outcome],
    compared: Compared,
    asked: Asked,
    shown: Callable[[Spot | None], Spot | None],
) -> tuple[Risk, ...]:
    """Each rule once for each weight: the gravest first, those that somebody lets pass last; the provider's own
    before those of customers."""
    found: dict[tuple[str, Severity, str, str], list[Case]] = {}
    about: dict[str, Rule] = {}
    order: dict[str, int] = {}
    for number, rule in enumerate(RISKS):
        about[rule.about.id], order[rule.about.id] = rule.about, number
        for case in rule.find(compared):
            forced = asked.forced if rule.about.id == MANY else ""
            key = (rule.about.id, case.severity or rule.about.severity, rule.about.safely, forced)
            found.setdefault(key, []).append(_placed(case, shown(case.spot)))
    for number, site_rule in enumerate(OF_SITES, len(RISKS)):
        about[site_rule.id], order[site_rule.id] = of_site(site_rule), number
    for key, cases in _of_customers(outcomes).items():
        found.setdefault(key, []).extend(cases)
    made = [
        Risk(about[id_], severity, safely, tuple(cases), forced)
        for (id_, severity, safely, forced), cases in found.items()
    ]
    return tuple(sorted(made, key=lambda one: (bool(one.forced), -one.severity, order[one.rule.id])))


_MOVED = (
    "The customer goes to hosts of another project, so no host has the function mx beside the old one: follow "
    "docs/providers.md, Moving a customer between platforms, and publish the new MX records where it says so."
)


def _safely(outcome: Outcome, danger: Danger) -> str:
    """The way that a rule of single sites shows, unless it is none for a customer that changes its hosts."""
    old, new = outcome.old, outcome.new
    moved = old is not None and new is not None and old.platform != new.platform
    return _MOVED if moved and danger.rule == "mx.moved" else danger.safely


def _of_customers(outcomes: Iterable[Outcome]) -> dict[tuple[str, Severity, str, str], list[Case]]:
    """Risks of single customers: those in the same words, from the same layer, are one case."""
    same: dict[tuple[tuple[str, Severity, str, str], str, str], tuple[Danger, _Same]] = {}
    for one in outcomes:
        for danger in one.dangers:
            key = (danger.rule, danger.severity, _safely(one, danger), danger.forced)
            layer = danger.spot.layer if danger.spot is not None else ""
            layer = "" if layer.startswith("customer ") else layer
            _, found = same.setdefault((key, danger.said, layer), (danger, _Same(danger.own)))
            found.customers.append(one.id)
            found.times += 1
    cases: dict[tuple[str, Severity, str, str], list[Case]] = {}
    for (key, said, layer), (first, found) in same.items():
        ids = tuple(sorted(set(found.customers)))
        several = len(ids) > 1
        spot = None if several and not layer else first.spot
        cases.setdefault(key, []).append(Case(said if several else found.own, ids, found.times, spot))
    for members in cases.values():
        members.sort(key=lambda case: -len(case.customers))
    return cases


def _placed(case: Case, spot: Spot | None) -> Case:
    return replace(case, spot=spot)
