"""The compliance matrix for programs: ``schemas/matrix.schema.json`` describes it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from mailwright import __version__
from mailwright.report.verdicts import Verdict, Word


def render(organisation: str, rows: Sequence[Verdict]) -> str:
    """All verdicts with their evidence."""
    numbers = Counter(row.word for row in rows)
    document = {
        "mailwright": __version__,
        "organisation": organisation,
        "counts": {word.value: numbers[word] for word in Word},
        "requirements": [_plain(row) for row in rows],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _plain(row: Verdict) -> dict[str, object]:
    requirement = row.requirement
    return {
        "id": requirement.id,
        "section": requirement.section,
        "level": requirement.level.value,
        "title": requirement.title,
        "verdict": row.word.value,
        "waived": row.waived,
        "missing": list(row.missing),
        "limits": requirement.limits,
        "evidence": [
            {"kind": item.kind, "status": item.status.value, "source": item.source, "text": item.text}
            for item in row.evidence
        ],
    }
