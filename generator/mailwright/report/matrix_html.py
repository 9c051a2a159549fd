"""The compliance matrix for people: one page that needs nothing else, to be read, printed and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import count, groupby

from mailwright import __version__
from mailwright.formats import html, html_frame
from mailwright.formats.engine import Verbatim
from mailwright.formats.engine import render as render_template
from mailwright.formats.html import HTML
from mailwright.formats.html_frame import Frame, place
from mailwright.report.verdicts import Verdict, Word


def render(organisation: str, rows: Sequence[Verdict]) -> str:
    """The page. No script, nothing loaded from elsewhere, and a Content-Security-Policy that says so."""
    numbers = Counter([row.word for row in rows])
    values = (organisation, *[numbers[word] for word in Word])
    frame = _frame(tuple([row.requirement.section for row in rows]))
    return frame.filled([*[Verbatim(html.text(value)) for value in values], *[_row(row) for row in rows]])


@lru_cache(maxsize=16)
def _frame(sections: tuple[str, ...]) -> Frame:
    """The page of rows in these sections of the note. Its values are the organisation, how many rows have
    each word, and the rows."""
    places = map(place, count())
    return html_frame.frame(
        render_template(
            HTML,
            "report/matrix.html.j2",
            organisation=next(places),
            version=__version__,
            counts=[(word.value, next(places)) for word in Word],
            sections=[(section, [next(places) for _row in group]) for section, group in groupby(sections)],
            total=len(sections),
        )
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
