"""The risks of a review of customers as SARIF 2.1.0, for code scanning: without people unless that is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from mailwright import __version__
from mailwright.changes.provider import verdict
from mailwright.changes.provider.model import Case, ProviderReview, Risk, Rule
from mailwright.changes.provider.text import broken, told
from mailwright.changes.sarif import LEVELS, SCORES, notification, results_of, said, uri
from mailwright.provider.model import FILE


def render(review: ProviderReview, *, personal: bool = False, top: Path | None = None, prefix: str = "") -> str:
    """One run. A risk has a result for each of its cases: of what is the same to many customers it is one, at the
    layer that it comes from. A platform's own risks stand at its description.

    top     of the repository, from which scanners take paths; default: the working folder
    prefix  what stands before paths of the new folder from there on: ``HEAD:``
    """
    top = top or Path.cwd()
    rules = {one.rule.id: _rule(one.rule) for one in review.risks}
    results = [_result(one, case, review, top, prefix, personal) for one in review.risks for case in one.cases]
    for platform in review.platforms:
        of_rules, of_results = results_of(platform.review, personal=personal, top=top, prefix=prefix)
        rules |= of_rules
        results += of_results
    ids = sorted(rules)
    for result in results:
        result["ruleIndex"] = ids.index(str(result["ruleId"]))
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "mailwright diff",
                        "version": __version__,
                        "rules": [rules[id_] for id_ in ids],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": not review.broken,
                        "toolExecutionNotifications": [notification(one, personal) for one in _notes(review)],
                    }
                ],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.page}\n\nThe safe way: {rule.safely}"},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "requirement": rule.requirement,
            "tags": ["mail", *([rule.requirement] if rule.requirement else [])],
            "security-severity": SCORES[rule.severity],
        },
    }


def _notes(review: ProviderReview) -> Iterator[str]:
    yield from (f"{warning}." for warning in review.warnings)
    for one in review.broken:
        yield f"{broken(one)} {', '.join(sorted({finding.id for finding in one.findings}))}"
    if review.broken:
        yield verdict.line(review)


def _result(
    risk: Risk, case: Case, review: ProviderReview, top: Path, prefix: str, personal: bool
) -> dict[str, object]:
    where = case.spot.where if case.spot is not None else None
    file = where.file if where is not None else f"{review.new.label}/{FILE}"
    result: dict[str, object] = {
        "ruleId": risk.rule.id,
        "ruleIndex": 0,
        "level": LEVELS[risk.severity],
        "message": {"text": f"{said(told(case), personal=personal)}.\n{said(risk.safely, personal=personal)}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": uri(top / file.removeprefix(prefix) if prefix else Path(file), top)
                    },
                    "region": {
                        "startLine": where.line if where is not None else 1,
                        "startColumn": where.column if where is not None else 1,
                    },
                }
            }
        ],
        "properties": {"severity": str(risk.severity), "customers": len(case.customers)},
    }
    if risk.forced:
        result["suppressions"] = [{"kind": "external", "justification": said(risk.forced, personal=personal)}]
    return result
