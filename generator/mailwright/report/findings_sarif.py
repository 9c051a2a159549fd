"""Findings as SARIF 2.1.0, for code-scanning pages and editors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from mailwright import __version__
from mailwright.findings import Finding, Level, Status

_LEVELS = {Level.ERROR: "error", Level.MUST: "error", Level.ADVICE: "note"}
_KINDS = {Status.PASS: "pass", Status.NOT_PROVEN: "open", Status.ATTESTED: "review"}


def render(findings: Sequence[Finding]) -> str:
    """One run. What is waived is a failure with a suppression."""
    ids = sorted({finding.id for finding in findings})
    requirements = {finding.id: finding.requirement for finding in findings}
    rules = [
        {"id": id_} | ({"properties": {"requirement": requirements[id_]}} if requirements[id_] else {})
        for id_ in ids
    ]
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "mailwright", "version": __version__, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, ids.index(finding.id)) for finding in findings],
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _result(finding: Finding, index: int) -> dict[str, object]:
    kind = _KINDS.get(finding.status, "fail")
    text = f"{finding.message}\n{finding.fix}" if finding.fix else finding.message
    result: dict[str, object] = {
        "ruleId": finding.id,
        "ruleIndex": index,
        "kind": kind,
        # 3.27.10: level is "none" for every kind but "fail"
        "level": _LEVELS.get(finding.level, "warning") if kind == "fail" else "none",
        "message": {"text": text},
    }
    if finding.where:
        place = finding.where
        result["locations"] = [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(place.file)},
                    "region": {"startLine": place.line, "startColumn": place.column},
                }
            }
        ]
    elif finding.target:
        result["locations"] = [{"logicalLocations": [{"fullyQualifiedName": str(finding.target)}]}]
    if finding.status is Status.WAIVED:
        result["suppressions"] = [{"kind": "external", "justification": finding.message}]
    return result
