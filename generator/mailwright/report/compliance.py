"""The compliance report before it is printed: every requirement with what enforces it, what was seen, who vouches
for it and what is let pass; and what the report rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum

from mailwright.audit.model import Probe, Where
from mailwright.build import Input
from mailwright.build.tree import PERSONAL, Tree
from mailwright.findings import Finding, Status
from mailwright.plan.model import HostFacts
from mailwright.records import dataclass
from mailwright.report import mentions, merge
from mailwright.report.evidence import Kind
from mailwright.report.merge import Needed, Source
from mailwright.report.verdicts import Verdict, Word, verdicts
from mailwright.requirements import lookup
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.requirements.evaluate import attestation
from mailwright.requirements.rules.statements import YEAR
from mailwright.site.model import Organisation, Site

_SHOWN = 3  # different things that one file says for one requirement
_HOSTS = "hosts/"


class Reach(StrEnum):
    """Where the probes of a requirement were seen to pass. Those that would harm a service count as rehearsed."""

    LIVE = "live"
    PARTLY = "partly live"
    REHEARSED = "rehearsed"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Enforced:
    """A file of the build that carries the requirement; several of them where hosts have the same lines.

    kind   ``config`` or ``document``
    lines  the first few on which the requirement is named, of ``total``
    """

    kind: str
    paths: tuple[str, ...]
    lines: tuple[int, ...]
    total: int
    extracts: tuple[mentions.Extract, ...]

    @property
    def others(self) -> tuple[str, ...]:
        """The hosts besides the first that have the same lines."""
        return tuple(path.split("/")[1] for path in self.paths[1:])


@dataclass(frozen=True, slots=True)
class Vouched:
    """An attestation of the description. ``counts``: up to ``until``, a year after it was made."""

    requirement: str
    statement: str
    owner: str
    day: date
    until: date
    counts: bool


@dataclass(frozen=True, slots=True)
class Waived:
    """A waiver of the description. ``requirement``: whose it or its rule is, empty where there is none."""

    rule: str
    requirement: str
    reason: str
    owner: str
    until: date
    ended: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement."""

    verdict: Verdict
    enforced: tuple[Enforced, ...]
    reach: Reach
    attestations: tuple[Vouched, ...]
    waivers: tuple[Waived, ...]

    @property
    def id(self) -> str:
        return self.verdict.requirement.id


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report. ``vantages``: probe → where it looks from.

    remarks   what else is the matter with the description: findings that fail and belong to no requirement
    unplaced  results in the evidence for requirements that this version does not know, as ``probe (requirement)``
    """

    date: date
    organisation: Organisation
    domains: tuple[str, ...]
    hosts: tuple[HostFacts, ...]
    plan: str
    inputs: tuple[Input, ...]
    sources: tuple[Source, ...]
    rows: tuple[Row, ...]
    attestations: tuple[Vouched, ...]
    waivers: tuple[Waived, ...]
    remarks: tuple[Finding, ...]
    unplaced: tuple[str, ...]
    vantages: Mapping[str, Where]

    @property
    def counts(self) -> dict[Word, int]:
        numbers = Counter(row.verdict.word for row in self.rows)
        return {word: numbers[word] for word in Word}

    @property
    def reaches(self) -> dict[Reach, int]:
        """How many of the requirements that are met or attested were seen where."""
        good = (Word.MET, Word.ATTESTED)
        numbers = Counter(row.reach for row in self.rows if row.verdict.word in good)
        return {reach: numbers[reach] for reach in Reach}

    @property
    def fails(self) -> bool:
        """Something is not met and nothing lets it pass."""
        return any(row.verdict.word is Word.NOT_MET and not row.verdict.waived for row in self.rows)


@dataclass(frozen=True, slots=True)
class Basis:
    """What the report on a site is made of.

    checks  findings of the rules over the description
    tree    the build, in memory
    plan    digest of the plan
    probes  those that mean something at this site
    """

    site: Site
    hosts: tuple[HostFacts, ...]
    checks: tuple[Finding, ...]
    inputs: tuple[Input, ...]
    tree: Tree
    plan: str
    probes: tuple[Probe, ...]


def compile_(basis: Basis, sources: tuple[Source, ...], today: date) -> Report:
    """The report as of ``today``."""
    site = basis.site
    wanted = merge.needed(basis.probes)
    carriers = {path: basis.tree[path] for path in sorted(basis.tree) if path.startswith(mentions.FOLDERS)}
    carried = mentions.find((path, output.data) for path, output in carriers.items())
    seen = merge.merge(sources, wanted) if sources else None
    attestations, waivers = _attestations(site, today), _waivers(site, today)
    known = {requirement.id for requirement in REQUIREMENTS}
    return Report(
        date=today,
        organisation=site.organisation,
        domains=tuple(domain.name for domain in site.domains),
        hosts=basis.hosts,
        plan=basis.plan,
        inputs=basis.inputs,
        sources=sources,
        rows=tuple(
            Row(
                verdict,
                _enforced(carried.get(verdict.requirement.id, ()), carriers),
                _reach(verdict, wanted.get(verdict.requirement.id, Needed())),
                tuple(each for each in attestations if each.requirement == verdict.requirement.id),
                tuple(each for each in waivers if each.requirement == verdict.requirement.id),
            )
            for verdict in verdicts(REQUIREMENTS, basis.checks, carried, seen, wanted)
        ),
        attestations=attestations,
        waivers=waivers,
        remarks=tuple(finding for finding in basis.checks if finding.fails and not finding.requirement),
        unplaced=tuple(
            sorted(
                {
                    f"{finding.id} ({finding.requirement})"
                    for source in sources
                    for finding in source.run.findings
                    if finding.requirement not in known
                }
            )
        ),
        vantages={probe.id: probe.vantage for probe in basis.probes},
    )


def _enforced(found: Iterable[mentions.Mention], carriers: Tree) -> tuple[Enforced, ...]:
    """The mentions with what the files say there. Hosts whose files say the same are one entry."""
    together: dict[object, list[str]] = {}
    entries: dict[object, Enforced] = {}
    for mention in found:
        output = carriers[mention.path]
        # A table of people is named, and not quoted.
        extracts = () if output.mode == PERSONAL else mentions.extracts(output.data, mention.lines, _SHOWN)
        key = (_beyond_host(mention.path), mention.lines, mention.total, extracts)
        together.setdefault(key, []).append(mention.path)
        kind = "document" if mention.path.startswith(mentions.DOCUMENTS) else "config"
        entries[key] = Enforced(kind, tuple(together[key]), mention.lines, mention.total, extracts)
    return tuple(entries.values())


def _beyond_host(path: str) -> str:
    return path.split("/", 2)[2] if path.startswith(_HOSTS) else path


def _reach(verdict: Verdict, needed: Needed) -> Reach:
    passed: dict[Kind, set[str]] = {kind: set() for kind in merge.WORLDS}
    for item in verdict.evidence:
        if item.passed and item.sighting is not None and item.sighting.source is not None:
            passed[item.sighting.source.run.kind].add(item.source)
    gentle = set(needed.probes) - needed.harmful
    if gentle and gentle <= passed["audit"]:
        return Reach.LIVE
    if passed["audit"]:
        return Reach.PARTLY
    return Reach.REHEARSED if passed["rehearsal"] else Reach.NONE


def _attestations(site: Site, today: date) -> tuple[Vouched, ...]:
    return tuple(
        Vouched(
            each.requirement,
            each.statement,
            each.owner,
            each.date,
            each.date + YEAR,
            counts=attestation(site, each.requirement, today) == each,
        )
        for each in site.attestations
    )


def _waivers(site: Site, today: date) -> tuple[Waived, ...]:
    return tuple(
        Waived(each.rule, _requirement_of(each.rule), each.reason, each.owner, each.until, each.until < today)
        for each in site.waivers
    )


def _requirement_of(rule: str) -> str:
    found = lookup.rule(rule)
    return found.requirement if found else rule


def passed_probes(rows: Sequence[Row], kind: Kind) -> frozenset[str]:
    """The probes that were seen to pass in that world, and count."""
    return frozenset(
        item.source
        for row in rows
        for item in row.verdict.evidence
        if item.status is Status.PASS and item.sighting is not None and not item.remark
        if item.sighting.source is not None and item.sighting.source.run.kind == kind
    )
