"""The compliance matrix for programs: ``schemas/matrix.schema.json`` describes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from mailwright import __version__
from mailwright.report.verdicts import Verdict, Word


def render(organisation: str, rows: Sequence[Verdict]) -> str:
    """All verdicts with their evidence."""
    numbers = Counter(row.word for row in rows)
    document = {
        "mailwright": __version__,
        "organisation": organisation,
        "counts": {word.value: numbers[word] for word in Word},
        "requirements": [_encoded(row) for row in rows],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


@lru_cache(maxsize=2048)
def _encoded(row: Verdict) -> msgspec.Raw:
    """Those of a provider's customers are mostly the same."""
    return msgspec.Raw(msgspec.json.encode(_plain(row)))


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
