"""Markdown (CommonMark, and tables) that a site writes, as HTML: no markup of its own, and links that only lead.

``site.markdown`` finds what is shown as plain text here or not at all, so that whoever writes it hears of it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mailwright.formats import compiled
from mailwright.formats.engine import Verbatim
from mailwright.site import markdown
from mailwright.site.markdown import leads

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_HIGHEST = 3  # level of a heading: a page has its title as h1 and headings of sections as h2


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    class Showing(MarkdownIt):
        def validateLink(self, url: str) -> bool:  # noqa: N802 - it is called so
            return leads(url)

    return Showing("commonmark", {"html": False}).enable("table").disable("image")


@lru_cache(maxsize=256)
def of_our_own(name: str, text: str) -> Verbatim:
    """The same of a text that comes with this program, under its ``name``: kept from one run to the next, so that
    most runs need not load the reader of Markdown."""
    return Verbatim(compiled.text(name, _maker() + text.encode(), lambda: to_html(text)))


@cache
def _maker() -> bytes:
    """All that HTML is made by, without loading it: this module, what it asks, and the reader's version."""
    reader = find_spec("markdown_it")
    files = (__file__, markdown.__file__, reader.origin if reader is not None else None)
    return b"\0".join(Path(file).read_bytes() for file in files if file is not None)


@lru_cache(maxsize=256)
def to_html(text: str) -> Verbatim:
    """The text as HTML. Its highest headings are h3; a table can be moved sideways where it does not fit."""
    parser = _parser()
    tokens = parser.parse(text)
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    highest = min((int(token.tag[1]) for token in headings), default=1)
    for token in headings:
        token.tag = f"h{min(int(token.tag[1]) - highest + _HIGHEST, 6)}"
    made: str = parser.renderer.render(tokens, parser.options, {})
    opened = '<div class="scroll" tabindex="0"><table>'
    return Verbatim(made.replace("<table>", opened).replace("</table>", "</table></div>"))
