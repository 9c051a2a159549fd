"""Findings where strangers may read along: which rule, and where; no value of the description."""

from __future__ import annotations

from dataclasses import replace
from inspect import cleandoc

from mailwright.findings import Finding
from mailwright.requirements import lookup

_FIX = "`mailwright check` says what it is, and how to mend it."


def impersonal(finding: Finding) -> Finding:
    """The finding with what its rule is about in place of what was found, which may be anybody's name."""
    where = replace(finding.where, pointer="") if finding.where is not None else None
    rule = lookup.rule(finding.id)
    if rule is None:
        message = "what stands here cannot be used as it is" if finding.fails else "see `mailwright check`"
    elif finding.fails:
        message = cleandoc(rule.check.__doc__ or rule.title).splitlines()[0].removesuffix(".")
    else:
        message = rule.title
    fix = _FIX if finding.fix else ""
    return Finding(finding.id, finding.requirement, finding.level, finding.status, message, fix, where)
