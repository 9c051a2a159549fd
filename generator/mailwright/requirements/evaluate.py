"""Judges a description by all rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from mailwright.findings import Finding, Level, Status
from mailwright.requirements import catalogue
from mailwright.requirements.model import Rule
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
    found = [*_attested(site, today)]
    for rule in RULES:
        found += _judge(rule, subject)
    return tuple(sorted(found, key=_order))


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


def _judge(rule: Rule, subject: Subject) -> Iterator[Finding]:
    passed = True
    waived: Waiver | None = None
    for fault in rule.check(subject):
        if passed:
            passed, waived = False, waiver(subject.site, rule, subject.today)
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
    if passed and rule.people and directory is not None:
        message = f"whether {rule.title} is not seen: people are in the directory"
        fix = "name an export of it (LDIF) under people, and check that"
        yield Finding(rule.id, rule.requirement, rule.level, Status.NOT_PROVEN, message, fix, directory.where)
    elif passed:
        yield Finding(rule.id, rule.requirement, rule.level, Status.PASS, rule.title)


def _attested(site: Site, today: date) -> Iterator[Finding]:
    for requirement in catalogue.REQUIREMENTS:
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


def _order(finding: Finding) -> tuple[bool, str, int, int, str, str]:
    where = finding.where
    if where is None:
        return (True, "", 0, 0, finding.id, finding.message)
    return (False, where.file, where.line, where.column, finding.id, finding.message)
