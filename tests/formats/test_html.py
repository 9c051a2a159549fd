"""HTML values."""

from __future__ import annotations

from datetime import date

import pytest

from mailwright.formats.engine import FormatError, Verbatim
from mailwright.formats.html import anchor, code, comment, day, mail, sentence, slug, telephone, text


def test_text_is_escaped_and_made_visible() -> None:
    assert text("<a href='x'>\x1b&\"") == "&lt;a href=&#x27;x&#x27;&gt;\\x1b&amp;&quot;"
    assert text(5) == "5"
    assert text(Verbatim("<b>")) == "<b>"


def test_other_things_are_refused() -> None:
    with pytest.raises(FormatError):
        text(None)


def test_slug() -> None:
    assert slug("not met") == "not-met"


def test_addresses_numbers_and_days() -> None:
    assert (
        mail("o'x&y@college.ac.uk") == '<a href="mailto:o%27x%26y@college.ac.uk">o&#x27;x&amp;y@college.ac.uk</a>'
    )
    assert telephone("+44 1632 960100") == '<a href="tel:+441632960100">+44 1632 960100</a>'
    assert telephone("<960>") == "&lt;960&gt;"
    assert day(date(2026, 3, 2), "2 March") == '<time datetime="2026-03-02">2 March</time>'
    assert code("<x>") == "<code>&lt;x&gt;</code>"


@pytest.mark.parametrize(
    "target", ["https://a.example/x?y='z", "http://a.example:8080", "faq.html#size", "faq.cy.html"]
)
def test_links_lead_to_pages(target: str) -> None:
    assert anchor(target, "<b>").endswith(">&lt;b&gt;</a>")
    assert "'" not in anchor(target, "a")


@pytest.mark.parametrize(
    "target", ["javascript:x", "//a.example", "", "/x", "../x.html", "https://a b", "a.html\n"]
)
def test_and_to_nothing_else(target: str) -> None:
    with pytest.raises(FormatError):
        anchor(target, "a")


def test_a_sentence_has_its_values_as_text_or_markup() -> None:
    made = sentence("<{one}> & {two}", {"one": "<b>", "two": code("x")})
    assert made == "&lt;&lt;b&gt;&gt; &amp; <code>x</code>"
    with pytest.raises(KeyError):
        sentence("{three}", {})


def test_nothing_ends_a_comment() -> None:
    assert comment("a --> <script> --!> b") == "<!-- a - - <script - -! b -->"
