"""Findings as JSON, for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from mailwright import __version__
from mailwright.findings import Finding


def plain(finding: Finding) -> dict[str, object]:
    """One finding as JSON values; what is empty is left out."""
    where, target = finding.where, finding.target
    values: dict[str, object] = {
        "id": finding.id,
        "requirement": finding.requirement,
        "level": finding.level.value,
        "status": finding.status.value,
        "message": finding.message,
        "fix": finding.fix,
        "evidence": finding.evidence,
    }
    if where:
        values["where"] = {
            "file": where.file,
            "line": where.line,
            "column": where.column,
            "pointer": where.pointer,
        }
    if finding.customers:
        values["customers"] = list(finding.customers)
    if target:
        values["target"] = {"host": target.host} | ({} if target.port is None else {"port": target.port})
    return {name: value for name, value in values.items() if value != ""}


def render(findings: Sequence[Finding]) -> str:
    """All findings, those that passed too, and how many there are of each status."""
    counts = Counter(finding.status.value for finding in findings)
    document = {
        "mailwright": __version__,
        "counts": dict(sorted(counts.items())),
        "findings": [plain(finding) for finding in findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
