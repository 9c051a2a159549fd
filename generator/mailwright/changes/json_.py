"""A review as JSON, for programs: all of it, with everybody's name and the rows before and after.

``schemas/review.schema.json`` says what it is. The same review gives the same bytes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from mailwright import __version__
from mailwright.changes import verdict, words
from mailwright.changes.model import Change, FileChange, Named, Origin, Review, Risk, Step
from mailwright.changes.personal import whole
from mailwright.findings import Place


def render(review: Review) -> str:
    """The review, the gravest risks first. Every other array is in the order of the review."""
    return printable(json.dumps(document(review), indent=2, ensure_ascii=False)) + "\n"


def document(review: Review) -> dict[str, object]:
    """The same, before it is written."""
    worst = review.worst
    return {
        "mailwright": __version__,
        "verdict": {
            "line": verdict.line(review),
            "advice": verdict.advice(review),
            "worst": str(worst) if worst is not None else None,
            "hosts": list(review.hosts),
        },
        "old": _side(review.old),
        "new": _side(review.new),
        "warnings": [whole(warning) for warning in review.warnings],
        "parts": [part.origin for part in review.parts],
        "counts": dict(sorted(Counter(change.table for change in review.changes).items())),
        "risks": [_risk(origin, one) for origin, one in _ranked(review)],
        "changes": [_change(part.origin, one) for part in review.parts for one in part.changes],
        "steps": [_step(number, step) for number, step in enumerate(review.steps, 1)],
        "complete": review.complete,
        "files": [_file(part.origin, one) for part in review.parts for one in part.files],
    }


def _side(side: Named) -> dict[str, object]:
    return {
        "label": side.label,
        "organisation": side.organisation,
        "domain": side.domain,
        "mailwright": side.version,
    }


def _ranked(review: Review) -> Iterator[tuple[Origin, Risk]]:
    found = [(part.origin, one) for part in review.parts for one in part.risks]
    yield from sorted(found, key=lambda pair: (bool(pair[1].forced), -pair[1].severity))


def _risk(origin: Origin, risk: Risk) -> dict[str, object]:
    return {
        "origin": origin,
        "rule": risk.rule.id,
        "severity": str(risk.severity),
        "requirement": risk.rule.requirement,
        "title": risk.rule.title,
        "sentence": whole(risk.sentence),
        "why": words.why(risk.rule),
        "safely": whole(risk.safely),
        "where": place(risk.where) if risk.where is not None else None,
        "forced": whole(risk.forced),
    }


def place(place: Place) -> dict[str, object]:
    return {"file": place.file, "line": place.line, "column": place.column, "pointer": place.pointer}


def _change(origin: Origin, change: Change) -> dict[str, object]:
    return {
        "origin": origin,
        "table": change.table,
        "kind": change.kind,
        "key": whole(change.key),
        "sentence": whole(change.sentence),
        "note": whole(change.note),
        "old": _plain(change.old),
        "new": _plain(change.new),
    }


def _step(number: int, step: Step) -> dict[str, object]:
    return {"number": number, "do": whole(step.do), "wait": step.wait, "why": whole(step.why)}


def _file(origin: Origin, file: FileChange) -> dict[str, object]:
    return {
        "origin": origin,
        "path": file.path,
        "kind": file.kind,
        "area": file.area,
        "component": file.component,
        "lands": file.lands,
        "personal": file.personal,
        "hosts": list(file.hosts),
        "diff": list(file.diff),
    }


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        # Reasons and places in the description are no part of what differs.
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.compare and field.name != "because"
        }
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)


def printable(document: str) -> str:
    """What does not print stands escaped, so that JSON on a terminal moves no cursor and turns no text."""
    if document.replace("\n", "").isprintable():
        return document
    return re.sub(r"[^\n]", _escaped, document)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
