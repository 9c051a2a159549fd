"""Judges a description by all rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from mailwright.findings import Finding, Level, Status
from mailwright.requirements import catalogue
from mailwright.requirements.model import Fault, Rule
from mailwright.requirements.rules import RULES
from mailwright.requirements.rules.statements import YEAR
from mailwright.requirements.subject import Subject
from mailwright.site.model import Attestation, Site, Waiver


def evaluate(site: Site, today: date) -> tuple[Finding, ...]:
    """What the rules find, sorted by place, then by rule.

    A rule yields FAIL at each place that breaks it (WAIVED while a waiver of the site lets it pass), or one PASS
    without a place; NOT_PROVEN instead where it asks about people whom a live directory knows. Each
    attestation that counts yields ATTESTED at its own place.
    """
    subject = Subject(site, today)
    placed = [*_attested(site, today)]
    passed = []
    for rule in _RULES:
        faults = tuple(rule.check(subject))
        if faults or (rule.people and site.live):
            placed += _judge(rule, faults, subject)
        else:
            passed.append(_PASSED[rule.id])
    return (*sorted(placed, key=_order), *passed)


_RULES = sorted(RULES, key=lambda rule: rule.id)
_PASSED = {rule.id: Finding(rule.id, rule.requirement, rule.level, Status.PASS, rule.title) for rule in RULES}
"""The same of every site."""


def attestation(site: Site, requirement: str, today: date) -> Attestation | None:
    """The newest attestation for the requirement that counts on this day: not from the future, nor over a year old.

    None too for a requirement that nobody's word can show.
    """
    known = catalogue.find(requirement)
    if known is None or "attest" not in known.evidence:
        return None
    current = [
        each
        for each in site.attestations
        if each.requirement == requirement and each.date <= today <= each.date + YEAR
    ]
    return max(current, key=lambda each: each.date, default=None)


def waiver(site: Site, rule: Rule, today: date) -> Waiver | None:
    """The waiver that lets this rule's faults pass on this day, if any. Nothing lets a MUST pass."""
    requirement = catalogue.find(rule.requirement)
    if rule.level is Level.MUST or requirement is None:
        return None
    for each in site.waivers:
        whole = each.rule == rule.requirement and requirement.level is not Level.MUST
        if today <= each.until and (whole or each.rule == rule.id):
            return each
    return None


def _judge(rule: Rule, faults: tuple[Fault, ...], subject: Subject) -> Iterator[Finding]:
    """What is to be said of a rule that has not simply passed."""
    waived = waiver(subject.site, rule, subject.today) if faults else None
    for fault in faults:
        yield Finding(
            rule.id,
            rule.requirement,
            rule.level,
            Status.FAIL if waived is None else Status.WAIVED,
            fault.message,
            fault.fix,
            fault.where,
            evidence="" if waived is None else f"waived until {waived.until} by {waived.owner}: {waived.reason}",
        )
    directory = subject.site.directory if subject.site.live else None
    if not faults and directory is not None:
        message = f"whether {rule.title} is not seen: people are in the directory"
        fix = "name an export of it (LDIF) under people, and check that"
        yield Finding(rule.id, rule.requirement, rule.level, Status.NOT_PROVEN, message, fix, directory.where)


def _attested(site: Site, today: date) -> Iterator[Finding]:
    named = {each.requirement for each in site.attestations}
    for requirement in catalogue.REQUIREMENTS:
        if requirement.id not in named:
            continue
        each = attestation(site, requirement.id, today)
        if each is not None:
            yield Finding(
                f"{requirement.id}.attestation",
                requirement.id,
                requirement.level,
                Status.ATTESTED,
                each.statement,
                where=each.where,
                evidence=f"{each.owner}, {each.date}",
            )


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    where = finding.where
    assert where is not None  # noqa: S101 - of what has not passed
    return (where.file, where.line, where.column, finding.id, finding.message)
