"""Pieces of pages hold what they are given as text, and never as markup."""

from __future__ import annotations

import pytest

from mailwright.formats import html, html_sections
from mailwright.formats.engine import FormatError, Verbatim

HOSTILE = '</p><script>"x"'
SHOWN = "&lt;/p&gt;&lt;script&gt;&quot;x&quot;"


@pytest.mark.parametrize(
    "made",
    [
        html_sections.section(html_sections.opening(HOSTILE, HOSTILE, ()), ()),
        html_sections.paragraph(HOSTILE),
        html_sections.items([HOSTILE]),
        html_sections.reply(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        html_sections.table(html_sections.columns(HOSTILE, [HOSTILE] * 3, [HOSTILE] * 3), [[HOSTILE] * 3]),
        html_sections.words(Verbatim("<p>ours</p>"), HOSTILE, HOSTILE),
    ],
)
def test_values_are_text(made: Verbatim) -> None:
    assert SHOWN in made
    assert "<script" not in made
    assert '"x"' not in made


def test_markup_stays_what_it_is() -> None:
    link = html.anchor("faq.html", "Questions")
    assert html_sections.paragraph(link) == f"<p>{link}</p>\n"


def test_a_reason_cannot_end_its_comment() -> None:
    made = html_sections.section(html_sections.opening("desk", "Help", ["--> <b>"]), [html_sections.paragraph("x")])
    assert made.splitlines()[1].startswith("<!-- ")
    assert made.count("-->") == 1
    assert "<b>" not in made


def test_cells_have_their_columns_heads_where_there_are_more_than_two() -> None:
    three = html_sections.table(html_sections.columns("Servers", ["a", "b", "c"], ["A", "B", "C"]), [["x", "y", 7]])
    assert '<th role="rowheader" scope="row">x</th><td role="cell" data-head="B">y</td>' in three
    assert '<td role="cell" data-head="C">7</td>' in three
    two = html_sections.table(html_sections.columns("Servers", ["a", "b"], ["A", "B"]), [["x", "y"]])
    assert '<td role="cell">y</td>' in two


def test_words_of_the_pages_language_have_no_note() -> None:
    assert html_sections.words(Verbatim("<p>x</p>")) == "<p>x</p>\n"
    assert 'lang="en-GB"' in html_sections.words(Verbatim("<p>x</p>"), "en-GB", "Not translated")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(FormatError):
        html_sections.paragraph(object())
