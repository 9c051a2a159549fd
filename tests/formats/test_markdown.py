"""Markdown values, read back by a CommonMark parser."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from mailwright.formats.engine import FormatError
from mailwright.formats.markdown import code, text

VALUES = [
    "College of *Example*",
    "a_b_c __d__",
    "[x](javascript:alert(1))",
    "<script>alert(1)</script>",
    "`code` ``more``",
    "a | b",
    "# head",
    "1. one",
    "12) one",
    "- item",
    "+ item",
    "> quote",
    "=== ",
    "~~gone~~",
    "&amp; &#65;",
    "http://evil.example www.evil.example",
    "\\*",
    "![i](x)",
    "St. Mary's (1844) · café",
    "mail.college.ac.uk 2001:db8::1",
]


@pytest.mark.parametrize("before", ["", "- item: ", "| head |\n|---|\n| "])
@pytest.mark.parametrize("value", VALUES)
def test_a_value_reads_as_itself(value: str, before: str) -> None:
    kinds, content = parsed(f"{before}{text(value)} end")
    assert content.endswith(f"{value} end")
    assert kinds == parsed(f"{before}harmless end")[0]


@pytest.mark.parametrize("value", [*VALUES, "`", "``", " a ", "a`"])
def test_a_code_span_holds_the_value(value: str) -> None:
    tokens = MarkdownIt("commonmark").parseInline(f"x {code(value)} y")[0].children or []
    assert [token.content for token in tokens if token.type == "code_inline"] == [value]


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", "a\u2028b", "\x1b"])
def test_control_characters_are_refused(value: str) -> None:
    with pytest.raises(FormatError):
        text(value)
    with pytest.raises(FormatError):
        code(value)


def parsed(source: str) -> tuple[list[str], str]:
    """Kinds of the tokens, and the text in them."""
    tokens = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(source)
    inner = [child for token in tokens for child in token.children or []]
    kinds = [token.type for token in tokens] + sorted({child.type for child in inner} - {"text"})
    return kinds, "".join(child.content for child in inner if child.type in ("text", "text_special"))
