"""Requirement by requirement: met, not met, not proven, attested; with the evidence.

A verdict is never better than its evidence. *Met* needs all of the evidence that the catalogue asks for, none of
it failed, every probe of the requirement seen to pass, and no gap. *Attested* needs the same, but for a document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from mailwright.findings import Finding, Level, Status
from mailwright.records import dataclass
from mailwright.report.mentions import DOCUMENTS, Mention
from mailwright.report.merge import Needed, Sighting
from mailwright.requirements.model import Evidence as Kind
from mailwright.requirements.model import Requirement

_STRENGTH = {Level.ADVICE: 1, Level.SHOULD: 2, Level.SHOULD_NOT: 2, Level.MUST: 3, Level.ERROR: 4}


_NAMED = 6  # probes


class Word(StrEnum):
    MET = "met"
    NOT_MET = "not met"
    NOT_PROVEN = "not proven"
    ATTESTED = "attested"


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of evidence. ``source`` is a rule, a probe, a file and its lines, or who attests it and when.

    remark    good to know, and nothing for or against the verdict: of a rule that asks more than the requirement
              does, or of a run that does not count
    sighting  of a probe: what it found, in which run
    """

    kind: Kind
    status: Status
    source: str
    text: str
    remark: bool = False
    sighting: Sighting | None = None

    @property
    def passed(self) -> bool:
        return self.status is Status.PASS and not self.remark


@dataclass(frozen=True, slots=True)
class Verdict:
    """``missing`` says in words what stands between this verdict and *met*; ``waived``: a breach is waived."""

    requirement: Requirement
    word: Word
    evidence: tuple[Item, ...]
    missing: tuple[str, ...]
    waived: bool
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:  # what is rendered is remembered by it
        found = hash((self.requirement, self.missing, *[item.source + item.text for item in self.evidence]))
        object.__setattr__(self, "_hash", found)

    def __hash__(self) -> int:
        return self._hash


def verdicts(
    catalogue: Iterable[Requirement],
    checks: Iterable[Finding],
    settings: Mapping[str, Sequence[Mention]],
    probes: Iterable[Sighting] | None,
    needed: Mapping[str, Needed] = MappingProxyType({}),
) -> tuple[Verdict, ...]:
    """A verdict for each requirement, in the catalogue's order.

    checks    findings of the rules over the description, and attestations that count (status ATTESTED)
    settings  rendered files that carry each requirement (``mentions.find``)
    probes    what probes found (``merge.merge``); None when none ran
    needed    requirement → its probes, each of which has to have passed (``merge.needed``)
    """
    by_check: defaultdict[str, list[Finding]] = defaultdict(list)
    by_probe: defaultdict[str, list[Sighting]] = defaultdict(list)
    for finding in checks:
        by_check[finding.requirement].append(finding)
    for sighting in probes or ():
        by_probe[sighting.finding.requirement].append(sighting)
    if probes is None:
        return tuple(
            _unprobed(requirement, tuple(by_check[requirement.id]), tuple(settings.get(requirement.id, ())))
            for requirement in catalogue
        )
    return tuple(
        _verdict(
            requirement,
            _Evidence(
                *_read(requirement, by_check[requirement.id], settings.get(requirement.id, ())),
                [_from_sighting(item) for item in by_probe[requirement.id]],
            ),
            needed.get(requirement.id, Needed()),
        )
        for requirement in catalogue
    )


@lru_cache(maxsize=2048)
def _unprobed(requirement: Requirement, checks: tuple[Finding, ...], settings: tuple[Mention, ...]) -> Verdict:
    """The verdict where nothing ran. Those of a provider's customers are mostly the same."""
    return _verdict(requirement, _Evidence(*_read(requirement, checks, settings), None), Needed())


def _read(
    requirement: Requirement, checks: Iterable[Finding], settings: Iterable[Mention]
) -> tuple[list[Item], list[Item]]:
    strength = _STRENGTH[requirement.level]
    return (
        [_from_finding("check", item, _STRENGTH[item.level] < strength) for item in checks],
        [_from_mention(item) for item in settings],
    )


@dataclass(frozen=True, slots=True)
class _Evidence:
    checks: list[Item]
    settings: list[Item]
    probes: list[Item] | None

    @property
    def items(self) -> tuple[Item, ...]:
        return (*self.checks, *self.settings, *(self.probes or ()))


def _verdict(requirement: Requirement, evidence: _Evidence, needed: Needed) -> Verdict:
    items = evidence.items
    failed = [item for item in items if item.status is Status.FAIL and not item.remark]
    waived = [item for item in items if item.status is Status.WAIVED and not item.remark]
    missing = tuple(_missing(requirement, evidence, needed))
    if failed or waived:
        word = Word.NOT_MET
    elif missing:
        word = Word.NOT_PROVEN
    else:
        word = Word.ATTESTED if "attest" in requirement.evidence else Word.MET
    breaches = tuple(item.text for item in (*failed, *waived))
    return Verdict(requirement, word, items, (*breaches, *missing), waived=bool(waived) and not failed)


def _missing(requirement: Requirement, evidence: _Evidence, needed: Needed) -> Iterator[str]:
    yield from (item.text for item in evidence.items if item.status is Status.NOT_PROVEN and not item.remark)
    if requirement.gap:
        yield requirement.gap
        return  # which says it all
    for kind in requirement.evidence:
        match kind:
            case "check":
                # A rule that asks more than the requirement does shows it, too, when it passes.
                if not any(item.status is Status.PASS for item in evidence.checks):
                    yield "no rule over the description passed"
            case "config":
                if not any(item.kind == "config" for item in evidence.settings):
                    yield "no rendered setting carries it"
            case "probe":
                if evidence.probes is None:
                    yield "not rehearsed yet"
                elif not evidence.probes and requirement.absent:
                    yield requirement.absent
                elif unseen := _unseen(evidence.probes, needed):
                    yield f"without a result that counts: {_some(unseen)}"
                elif not any(item.passed for item in evidence.probes):
                    yield "no probe passed"
                if evidence.probes:
                    passed = {item.source for item in evidence.probes if item.passed}
                    yield from (words for probe, words in requirement.needs if probe not in passed)
            case "document":
                # Where people attest something, a document would say no more than they do.
                documented = any(item.kind == "document" for item in evidence.settings)
                if not documented and "attest" not in requirement.evidence:
                    yield "no document that says it is built"
            case "attest":
                if not any(item.kind == "attest" for item in evidence.checks):
                    yield "nobody attests it in the description"


def _unseen(probes: list[Item], needed: Needed) -> list[str]:
    seen = {item.source for item in probes if not item.remark}
    return [id_ for id_ in needed.probes if id_ not in seen]


def _some(ids: list[str]) -> str:
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more


def _from_finding(kind: Kind, finding: Finding, weaker: bool = False) -> Item:
    place = finding.where or finding.target
    message = f"{place}: {finding.message}" if place else finding.message
    if finding.status is Status.ATTESTED:
        return Item("attest", finding.status, finding.evidence, message)
    text = f"{message} [{finding.evidence}]" if finding.evidence else message
    return Item(kind, finding.status, finding.id, text, remark=weaker and finding.status is not Status.PASS)


def _from_sighting(sighting: Sighting) -> Item:
    return replace(_from_finding("probe", sighting.finding), remark=bool(sighting.note), sighting=sighting)


def _from_mention(mention: Mention) -> Item:
    kind: Kind = "document" if mention.path.startswith(DOCUMENTS) else "config"
    return Item(kind, Status.PASS, str(mention), "rendered")
