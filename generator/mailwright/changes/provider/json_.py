"""A review of customers as JSON, for programs: all of it, with everybody's name.

``schemas/provider-review.schema.json`` says what it is. The same review gives the same bytes.
"""

from __future__ import annotations

import json

from mailwright import __version__
from mailwright.changes.json_ import document as of_site
from mailwright.changes.json_ import place, printable
from mailwright.changes.personal import whole
from mailwright.changes.provider import verdict
from mailwright.changes.provider.model import (
    Broken,
    Came,
    Case,
    Effect,
    LayerChange,
    Note,
    Party,
    ProviderReview,
    Risk,
    Spot,
)
from mailwright.findings import Finding


def render(review: ProviderReview) -> str:
    """The review, the gravest risks first. Every other array is in the order of the review."""
    worst = review.worst
    document = {
        "mailwright": __version__,
        "verdict": {
            "line": verdict.line(review),
            "advice": verdict.advice(review),
            "worst": str(worst) if worst is not None else None,
        },
        "old": _party(review.old),
        "new": _party(review.new),
        "warnings": list(review.warnings),
        "judged": review.judged,
        "changed": list(review.changed),
        "layers": [_layer(one) for one in review.layers],
        "provider": [_note(one) for one in review.notes],
        "customers": [_came(one) for one in review.fates],
        "risks": [_risk(one) for one in review.risks],
        "changes": [_effect(one) for one in review.effects],
        "platforms": [{"name": one.name, "review": of_site(one.review)} for one in review.platforms],
        "broken": [_broken(one) for one in review.broken],
        "rewritten": list(review.rewritten),
    }
    return printable(json.dumps(document, indent=2, ensure_ascii=False)) + "\n"


def _party(one: Party) -> dict[str, object]:
    return {"label": one.label, "provider": one.name, "customers": one.customers}


def _spot(one: Spot | None) -> dict[str, object] | None:
    return None if one is None else {"layer": one.layer, "where": place(one.where)}


def _layer(one: LayerChange) -> dict[str, object]:
    return {
        "spot": _spot(one.spot),
        "pointer": one.pointer,
        "old": whole(one.old),
        "new": whole(one.new),
        "affected": list(one.affected),
        "own": list(one.own),
        "covered": list(one.covered),
    }


def _note(one: Note) -> dict[str, object]:
    return {"sentence": whole(one.sentence), "spot": _spot(one.spot)}


def _came(one: Came) -> dict[str, object]:
    return {
        "fate": one.fate,
        "customer": one.id,
        "sentence": whole(one.sentence),
        "where": place(one.where) if one.where is not None else None,
    }


def _risk(one: Risk) -> dict[str, object]:
    return {
        "rule": one.rule.id,
        "severity": str(one.severity),
        "requirement": one.rule.requirement,
        "title": one.rule.title,
        "why": one.rule.why,
        "safely": whole(one.safely),
        "forced": whole(one.forced),
        "customers": list(one.customers),
        "cases": [_case(case) for case in one.cases],
    }


def _case(one: Case) -> dict[str, object]:
    return {
        "sentence": whole(one.sentence),
        "customers": list(one.customers),
        "times": one.times,
        "spot": _spot(one.spot),
    }


def _effect(one: Effect) -> dict[str, object]:
    return {
        "section": one.section,
        "kind": one.kind,
        "sentence": whole(one.sentence),
        "note": whole(one.note),
        "customers": list(one.customers),
        "times": one.times,
        "spot": _spot(one.spot),
    }


def _broken(one: Broken) -> dict[str, object]:
    return {
        "what": one.what,
        "side": one.side,
        "customers": list(one.customers),
        "findings": [_finding(finding) for finding in one.findings],
    }


def _finding(one: Finding) -> dict[str, object]:
    return {
        "id": one.id,
        "message": one.message,
        "fix": one.fix,
        "where": place(one.where) if one.where is not None else None,
    }
