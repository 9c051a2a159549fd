"""HTML values."""

from __future__ import annotations

import pytest

from mailwright.formats.engine import FormatError, Verbatim
from mailwright.formats.html import slug, text


def test_text_is_escaped_and_made_visible() -> None:
    assert text("<a href='x'>\x1b&\"") == "&lt;a href=&#x27;x&#x27;&gt;\\x1b&amp;&quot;"
    assert text(5) == "5"
    assert text(Verbatim("<b>")) == "<b>"


def test_other_things_are_refused() -> None:
    with pytest.raises(FormatError):
        text(None)


def test_slug() -> None:
    assert slug("not met") == "not-met"
