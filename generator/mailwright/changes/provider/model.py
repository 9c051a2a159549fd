"""What a review of a provider's folder consists of. Names of people in sentences are marked (``personal``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from mailwright.changes.model import Kind, Review, Severity
from mailwright.findings import Finding, Place
from mailwright.records import dataclass

Fate = Literal["added", "removed", "renamed", "moved", "leaving", "stays"]
"""What becomes of a customer as a whole. ``stays``: it was leaving, and is no more."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known of a risk rule.

    why   a sentence; page: all of it
    """

    id: str
    severity: Severity
    requirement: str
    title: str
    safely: str
    why: str
    page: str


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the cause of something stands.

    layer  ``defaults``, ``profile school``, ``platform shared``, ``customer college``, ``limits``, ``team``
    """

    layer: str
    where: Place

    def __str__(self) -> str:
        return f"{self.layer} line {self.where.line}"


@dataclass(frozen=True, slots=True)
class Case:
    """What one rule found of one or many customers in the same words.

    sentence   whole, without a full stop; where it is about several, names of their own are left out of it
    customers  ids, sorted; empty: it is about the provider
    times      how often it was found
    named      whether the sentence itself names the customers
    spot       in the new folder, or the old one where it is about what is gone
    """

    sentence: str
    customers: tuple[str, ...] = ()
    times: int = 1
    spot: Spot | None = None
    named: bool = False
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Risk:
    """All that one rule found with one weight. ``forced``: the reason for which somebody lets it pass."""

    rule: Rule
    severity: Severity
    safely: str
    cases: tuple[Case, ...]
    forced: str = ""

    @property
    def customers(self) -> tuple[str, ...]:
        return union(case.customers for case in self.cases)


@dataclass(frozen=True, slots=True)
class Effect:
    """A change that means the same to each of ``customers``; without a full stop.

    section   under which people read it
    sentence  names of their own are left out where there are several customers
    times     rows of plans that it stands for
    spot      the value of a layer that makes it, where it is one and the customers' own files are the same
    """

    section: str
    kind: Kind
    sentence: str
    customers: tuple[str, ...]
    times: int
    note: str = ""
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class LayerChange:
    """A value that a layer of several customers says otherwise.

    old, new  in words; empty: it does not say it
    affected  customers whose description becomes another by it
    own       those that use the layer and set their own
    covered   those for which another layer says it
    """

    spot: Spot
    pointer: str
    old: str
    new: str
    affected: tuple[str, ...]
    own: tuple[str, ...]
    covered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Came:
    """What becomes of one customer; ``sentence`` tells it whole, without a full stop."""

    fate: Fate
    id: str
    sentence: str
    where: Place | None


@dataclass(frozen=True, slots=True)
class Note:
    """A change of what is the provider's: its limits, its team, its name, its list of platforms."""

    sentence: str
    spot: Spot | None


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that cannot be used on one side: ``customers`` with the same faults, or what they share.

    what  as people call it: ``bay and cove``, ``platform shared``, ``what provider.yml names``
    """

    what: str
    side: Literal["old", "new"]
    findings: tuple[Finding, ...]
    customers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlatformReview:
    name: str
    review: Review


@dataclass(frozen=True, slots=True)
class Party:
    """One of the two folders. ``customers``: how many it has."""

    label: str
    name: str
    customers: int


@dataclass(frozen=True, slots=True)
class ProviderReview:
    """All that a review of two folders says. Renderers show it, and decide nothing.

    judged     customers that had to be looked at
    rewritten  files that differ, with nothing else to tell of them
    changed    customers of whom something is told, a risk too: ids, sorted
    """

    old: Party
    new: Party
    judged: int
    layers: tuple[LayerChange, ...]
    notes: tuple[Note, ...]
    fates: tuple[Came, ...]
    risks: tuple[Risk, ...]
    effects: tuple[Effect, ...]
    platforms: tuple[PlatformReview, ...]
    broken: tuple[Broken, ...]
    warnings: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def worst(self) -> Severity | None:
        """The gravest risk that nobody lets pass, of customers or of platforms."""
        return max((severity for severity, forced in self.weights if not forced), default=None)

    @property
    def weights(self) -> tuple[tuple[Severity, bool], ...]:
        """Weight of each kind of risk, and whether somebody lets it pass."""
        own = [(one.severity, bool(one.forced)) for one in self.risks]
        of_platforms = {
            (one.name, risk.rule.id, risk.severity, bool(risk.forced))
            for one in self.platforms
            for risk in one.review.risks
        }
        return (*own, *((severity, forced) for _, _, severity, forced in sorted(of_platforms)))

    @property
    def differs(self) -> bool:
        return bool(
            self.changed
            or self.notes
            or self.fates
            or self.risks
            or self.effects
            or any(one.review.changes or one.review.files for one in self.platforms)
        )


def union(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({id_ for group in groups for id_ in group}))
