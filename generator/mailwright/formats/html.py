"""HTML: every value is text, never markup, in an element or in a quoted attribute."""

from __future__ import annotations

import html
import re
from datetime import date

from mailwright.formats.engine import Format, FormatError, Verbatim
from mailwright.formats.visible import visible

NAME = "HTML"


def text(value: object) -> str:
    """``value`` as text of an element or a quoted attribute; control characters are made visible."""
    if isinstance(value, Verbatim):
        return str(value)
    if not isinstance(value, str | int | date):
        raise FormatError(value, NAME, f"there is no way to write a {type(value).__name__}")
    return html.escape(visible(str(value), keep="\n"))


def slug(value: str) -> Verbatim:
    """``value`` as the name of a class: lower-case letters and hyphens."""
    return Verbatim(re.sub(r"[^a-z]+", "-", value.lower()).strip("-"))


HTML = Format(NAME, text, (("slug", slug),))
