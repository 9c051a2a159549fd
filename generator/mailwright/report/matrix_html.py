"""The compliance matrix for people: one page that needs nothing else, to be read, printed and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from mailwright import __version__
from mailwright.formats.engine import Verbatim
from mailwright.formats.engine import render as render_template
from mailwright.formats.html import HTML
from mailwright.report.verdicts import Verdict, Word


def render(organisation: str, rows: Sequence[Verdict]) -> str:
    """The page. No script, nothing loaded from elsewhere, and a Content-Security-Policy that says so."""
    numbers = Counter(row.word for row in rows)
    return render_template(
        HTML,
        "report/matrix.html.j2",
        organisation=organisation,
        version=__version__,
        counts=[(word.value, numbers[word]) for word in Word],
        sections=[
            (section, [_row(row) for row in group])
            for section, group in groupby(rows, key=lambda row: row.requirement.section)
        ],
        total=len(rows),
    )


@lru_cache(maxsize=2048)
def _row(row: Verdict) -> Verbatim:
    """A row of the table. Those of a provider's customers are mostly the same."""
    return Verbatim(
        render_template(
            HTML,
            "report/matrix_row.html.j2",
            requirement=row.requirement,
            word=row.word.value,
            waived=row.waived,
            missing=row.missing,
            evidence=[(item.kind, item.status.value, item.source, item.text) for item in row.evidence],
        )
    )
