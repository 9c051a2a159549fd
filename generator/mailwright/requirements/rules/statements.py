"""Attestations and waivers themselves: what is vouched for, and what is let pass for a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mailwright.findings import Level
from mailwright.requirements import catalogue
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.subject import Subject

YEAR = timedelta(days=366)


def _level(id_: str) -> Level | None:
    from mailwright.requirements import lookup  # it imports all rules, these too

    return lookup.level_of(id_)


@rule("", "attestation.unknown", Level.MUST, "each attestation is for a requirement that people can vouch for")
def attestation_unknown(subject: Subject) -> Iterator[Fault]:
    """An attestation is for a requirement that does not exist, or that is not shown by anybody's word.

    What can be measured is measured; a word about it proves nothing. ``mailwright explain`` says of each
    requirement how it is shown: those with *attest* take an attestation.

    Breaks it:

        attestations:
          RELAY-2: {statement: We are no open relay., owner: Karl Marx, date: 2026-03-02}

    Mended:

        attestations:
          ROLE-3: {statement: Both are read each working day., owner: Karl Marx, date: 2026-03-02}
    """
    for each in subject.site.attestations:
        requirement = catalogue.find(each.requirement)
        if requirement is None:
            yield Fault(each.where, f"there is no requirement {each.requirement}", "see mailwright explain for all")
        elif "attest" not in requirement.evidence:
            yield Fault(
                each.where,
                f"{each.requirement} is not shown by anybody's word",
                "leave the attestation out; rules and probes show whether it is met",
            )


@rule("", "attestation.future", Level.MUST, "each attestation is about what was seen")
def attestation_future(subject: Subject) -> Iterator[Fault]:
    """An attestation is dated in the future.

    ``date`` is the day on which somebody last saw that it is so.

    Breaks it:

        attestations:
          ROLE-3: {statement: Both are read each working day., owner: Karl Marx, date: 2999-01-01}

    Mended:

        attestations:
          ROLE-3: {statement: Both are read each working day., owner: Karl Marx, date: 2026-03-02}
    """
    for each in subject.site.attestations:
        if each.date > subject.today:
            yield Fault(
                each.where,
                f"the attestation for {each.requirement} is dated {each.date}, which is yet to come",
                "give the day on which it was last seen to be so",
            )


@rule("", "attestation.stale", Level.ADVICE, "each attestation is less than a year old")
def attestation_stale(subject: Subject) -> Iterator[Fault]:
    """An attestation is more than a year old.

    People leave and habits change. An old attestation counts for nothing until somebody has looked again.

    Breaks it:

        attestations:
          ROLE-3: {statement: Both are read each working day., owner: Karl Marx, date: 2019-03-02}

    Mended:

        attestations:
          ROLE-3: {statement: Both are read each working day., owner: Karl Marx, date: 2026-03-02}
    """
    for each in subject.site.attestations:
        if each.date <= subject.today and subject.today - each.date > YEAR:
            yield Fault(
                each.where,
                f"the attestation for {each.requirement} is of {each.date}, more than a year ago",
                "look again, and give the new date",
            )


@rule("", "waiver.must", Level.MUST, "no MUST is waived")
def waiver_must(subject: Subject) -> Iterator[Fault]:
    """A waiver is for something that has to be met.

    A SHOULD may be left for a good reason, for a time; a MUST may not. The waiver has no effect. Rules that are
    less than the requirement's MUST can be waived one by one, by their full id.

    Breaks it:

        waivers:
          RELAY-2: {reason: The old system needs it., owner: Karl Marx, until: 2999-12-31}

    Mended:

        waivers:
          DNS-1: {reason: The provider is to delegate the reverse zone., owner: Karl Marx, until: 2999-12-31}
    """
    for each in subject.site.waivers:
        level = _level(each.rule)
        if level is Level.MUST:
            yield Fault(each.where, f"{each.rule} is a MUST and cannot be waived", "mend what it is about")


@rule("", "waiver.expired", Level.SHOULD, "no waiver has run out")
def waiver_expired(subject: Subject) -> Iterator[Fault]:
    """A waiver's last day is over.

    It has no effect any more: what it let pass fails again. Mend it, or agree on a new day.

    Breaks it:

        waivers:
          DNS-1: {reason: The provider is to delegate the reverse zone., owner: Karl Marx, until: 2019-12-31}

    Mended:

        waivers:
          DNS-1: {reason: The provider is to delegate the reverse zone., owner: Karl Marx, until: 2999-12-31}
    """
    for each in subject.site.waivers:
        if each.until < subject.today:
            yield Fault(
                each.where,
                f"the waiver of {each.rule} ran out on {each.until}",
                "mend what it is about and take the waiver out, or agree on a new day",
            )


@rule("", "waiver.unknown", Level.MUST, "each waiver is for a rule or requirement that exists")
def waiver_unknown(subject: Subject) -> Iterator[Fault]:
    """A waiver is for a rule or requirement that does not exist.

    Breaks it:

        waivers:
          DNS-9: {reason: The provider is to delegate the reverse zone., owner: Karl Marx, until: 2999-12-31}

    Mended:

        waivers:
          DNS-1: {reason: The provider is to delegate the reverse zone., owner: Karl Marx, until: 2999-12-31}
    """
    for each in subject.site.waivers:
        if _level(each.rule) is None:
            yield Fault(
                each.where, f"there is no rule or requirement {each.rule}", "see mailwright explain for all of them"
            )


RULES = (attestation_unknown, attestation_future, attestation_stale, waiver_must, waiver_expired, waiver_unknown)
