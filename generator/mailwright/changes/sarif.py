"""The risks of a review as SARIF 2.1.0, for code scanning: without people unless they are asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from urllib.parse import quote

from mailwright import __version__
from mailwright.changes import verdict, words
from mailwright.changes.model import Origin, Review, Risk, RiskRule, Severity
from mailwright.changes.personal import impersonal, whole
from mailwright.formats.visible import visible

LEVELS = {Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}

SCORES = {Severity.HIGH: "8.0", Severity.MEDIUM: "5.0", Severity.LOW: "2.0"}
"""GitHub shows a result as high from 7.0, as medium from 4.0, and as low below that."""


def render(review: Review, *, personal: bool = False, top: Path | None = None, prefix: str = "") -> str:
    """One run with a result for each risk. What somebody lets pass is suppressed, with the reason.

    A risk without a place of its own is shown at the head of the new description: a scanner leaves out results that
    have none.

    top     of the repository, from which scanners take paths; default: the working folder
    prefix  what stands before paths of the new description from there on: ``HEAD:``
    """
    rules, results = results_of(review, personal=personal, top=top or Path.cwd(), prefix=prefix)
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "mailwright diff",
                        "version": __version__,
                        "rules": list(rules.values()),
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [notification(one, personal) for one in _notes(review)],
                    }
                ],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def results_of(
    review: Review, *, personal: bool, top: Path, prefix: str
) -> tuple[dict[str, dict[str, object]], list[dict[str, object]]]:
    """The rules of a review's risks, by their ids in their order, and the results."""
    found = [(part.origin, one) for part in review.parts for one in part.risks]
    rules = {one.rule.id: one.rule for _, one in found}
    ids = sorted(rules)
    results = [
        _result(one, origin, ids.index(one.rule.id), _place(one, review, top, prefix), personal)
        for origin, one in found
    ]
    return {id_: _rule(rules[id_]) for id_ in ids}, results


def _rule(rule: RiskRule) -> dict[str, object]:
    page = cleandoc(rule.find.__doc__ or rule.title)
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": words.why(rule)},
        "help": {"text": f"{page}\n\nThe safe way: {rule.safely}"},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "requirement": rule.requirement,
            "tags": ["mail", *([rule.requirement] if rule.requirement else [])],
            "security-severity": SCORES[rule.severity],
        },
    }


def _notes(review: Review) -> Iterator[str]:
    """What has to be known though it is no risk: above all that a build was edited."""
    yield from review.warnings
    if review.edited and not review.warnings:
        yield verdict.line(review)


def notification(warning: str, personal: bool) -> dict[str, object]:
    return {"level": "warning", "message": {"text": said(warning, personal=personal)}}


def said(text: str, *, personal: bool) -> str:
    """A message makes a link of ``[words](address)`` (3.11.6); a backslash keeps it from that."""
    return visible(whole(text) if personal else impersonal(text)).replace("](", "\\](")


def _place(risk: Risk, review: Review, top: Path, prefix: str) -> dict[str, object]:
    file, line, column = (
        (risk.where.file, risk.where.line, risk.where.column) if risk.where else (review.new.label, 1, 1)
    )
    address = uri(top / file.removeprefix(prefix) if prefix else Path(file), top)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": address},
            "region": {"startLine": line, "startColumn": column},
        }
    }


def _result(risk: Risk, origin: Origin, index: int, place: dict[str, object], personal: bool) -> dict[str, object]:
    def shown(text: str) -> str:
        return said(text, personal=personal)

    result: dict[str, object] = {
        "ruleId": risk.rule.id,
        "ruleIndex": index,
        "level": LEVELS[risk.severity],
        "message": {"text": f"{shown(risk.sentence)}.\n{shown(risk.safely)}"},
        "locations": [place],
        "properties": {"origin": origin, "severity": str(risk.severity)},
    }
    if risk.forced:
        result["suppressions"] = [{"kind": "external", "justification": shown(risk.forced)}]
    return result


def uri(file: Path, top: Path) -> str:
    """Relative to the top of the repository where the file is in it; else the whole address (RFC 3986)."""
    path = Path(os.path.abspath(file))  # noqa: PTH100 - resolve() would follow a link that is the description
    if not path.is_relative_to(top):
        return path.as_uri()
    return quote(path.relative_to(top).as_posix().encode("utf-8", "surrogatepass"))
