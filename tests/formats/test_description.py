"""A description is read as what was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailwright.findings import Findings
from mailwright.formats.description import dump
from mailwright.source.characters import FORBIDDEN
from mailwright.source.compose import compose
from mailwright.source.document import Document

TEXT = st.text(st.characters(exclude_categories=("Cs",)).filter(lambda one: not FORBIDDEN.search(one)), max_size=30)
"""What a description may hold."""

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT.filter(bool), inner, max_size=4),
    max_leaves=12,
)
STRANGE = (
    "no",
    "1e3",
    "0x1",
    "~",
    "- a",
    "a: b",
    "#",
    "2026-09-14",
    "é",
    "😀",
    "'",
    '"',
    "\\",
    " a ",
    "*a",
    "!x",
    "{",
    "<<",
    "=",
)


def read(text: str) -> object:
    findings = Findings()
    root = compose(text.encode(), "site.yml", findings)
    assert findings.items == [], (text, findings.items)
    assert root is not None
    return Document.of("site.yml", root).data


def test_strange_words_stay_words() -> None:
    data = {word: [word, {"x": word}] for word in STRANGE}
    assert read(dump(data)) == data
    assert read(dump({"a": list(STRANGE)})) == {"a": list(STRANGE)}


@given(st.dictionaries(TEXT.filter(bool), VALUES, max_size=4))
def test_anything_is_read_as_it_was(data: dict[str, object]) -> None:
    try:
        assert read(dump(data)) == data
    except AssertionError as error:
        raise AssertionError(dump(data)) from error
