"""The compliance matrix for people: one page that needs nothing else, to be read, printed and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from mailwright import __version__
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
            (section, list(group)) for section, group in groupby(rows, key=lambda row: row.requirement.section)
        ],
        total=len(rows),
    )
