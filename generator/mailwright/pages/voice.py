"""Sections in one of the languages of a site, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache, lru_cache

from mailwright import resources
from mailwright.formats import html, html_sections, markdown_html
from mailwright.formats.engine import Verbatim
from mailwright.formats.html_sections import Columns
from mailwright.pages.language import language
from mailwright.pages.model import Fact, Items, Reply, Say, Section, Table, To
from mailwright.plan.model import Because, Plan

_TEXTS = "documents"


class Voice:
    """A language of a site's pages, beside which others, and the site's own texts.

    Sites that have the same share it (``voices``), so that what it said of one serves the next.
    """

    def __init__(self, code: str, languages: tuple[str, ...], own: tuple[tuple[str, str, str], ...]) -> None:
        self.words = language(code)
        self.languages = languages
        self._own = {(spoken, block): text for spoken, block, text in own}

    def file(self, page: str, code: str = "") -> str:
        """The file of that page, in another language if there is a ``code``."""
        code = code or self.words.code
        return f"{page}.html" if code == self.languages[0] else f"{page}.{code}.html"

    def sentence(self, said: Say) -> Verbatim:
        """The sentence in this language; in English, and marked so, where it is not translated."""
        values = said.values
        if not values:
            return _plain(self, said.key)
        pattern, code = self.words.pattern(said.key)
        made = html.sentence(pattern, {name: self._cell(values[name]) for name in html.names(pattern)})
        return made if code == self.words.code else html.foreign(language(code).tag, made)

    def title(self, section: str) -> Verbatim:
        """The heading of the section of that name."""
        return _plain(self, f"section.{section}")

    def section(self, section: Section) -> Verbatim:
        """The section. What many sites have in common is the same object for all of them, and made once."""
        return _section(self, section)

    def make(self, section: Section) -> Verbatim:
        """The section anew."""
        facts = [_fact(self, fact) for fact in section.facts]
        if section.block:
            facts.append(_block(self, section.block))
        return html_sections.section(_opening(self, section.name, section.because), facts)

    def columns(self, caption: str, heads: Sequence[str]) -> Columns:
        """How a table begins."""
        return html_sections.columns(
            _plain(self, f"table.{caption}"),
            [_plain(self, f"head.{head}") for head in heads],
            [self.words.plain(f"head.{head}") for head in heads],
        )

    def block(self, block: str) -> Verbatim:
        """The text of a block: the site's own before the default, in this language before the other."""
        code, text = self._text(block)
        ours = (code, block) not in self._own
        shown = markdown_html.of_our_own(f"{code}-{block}", text) if ours else markdown_html.to_html(text)
        if code == self.words.code:
            return html_sections.words(shown)
        return html_sections.words(shown, language(code).tag, _plain(self, "frame.untranslated"))

    def _cell(self, value: object) -> object:
        if isinstance(value, str | int):
            return value
        if isinstance(value, Say):
            return self.sentence(value)
        if isinstance(value, To):
            return _link(self, value.page)
        return html.day(value, self.words.day(value)) if isinstance(value, date) else value

    def fact(self, fact: Fact) -> Verbatim:
        """The fact as part of a section."""
        if isinstance(fact, Say):
            return html_sections.paragraph(self.sentence(fact))
        if isinstance(fact, Items):
            return html_sections.items([self.sentence(item) for item in fact.items])
        if isinstance(fact, Reply):
            means, helps = self.sentence(fact.means), self.sentence(fact.helps)
            return html_sections.reply(fact.name, fact.text, means, helps)
        assert isinstance(fact, Table)  # noqa: S101 - there is no other
        rows = [[self._cell(cell) for cell in row] for row in fact.rows]
        return html_sections.table(_columns(self, fact.caption, fact.heads), rows)

    def _text(self, block: str) -> tuple[str, str]:
        order = (self.words.code, *(code for code in (*self.languages, "en") if code != self.words.code))
        for code in order:
            if (code, block) in self._own:
                return code, self._own[code, block]
        for code in order:
            text = _default(code, block)
            if text is not None:
                return code, text
        raise LookupError(f"there is no text {block}")


def voices(plan: Plan) -> tuple[Voice, ...]:
    """The languages of the site's pages, the main one first."""
    said = plan.settings.pages
    if said is None:
        return _voices(("en",), ())
    return _voices(said.languages, tuple((text.language, text.block, text.text) for text in said.texts))


@lru_cache(maxsize=16)
def _voices(languages: tuple[str, ...], own: tuple[tuple[str, str, str], ...]) -> tuple[Voice, ...]:
    return tuple(Voice(code, languages, own) for code in languages)


# What voices have said. Each is asked for thousands of times where there are thousands of sites.


@lru_cache(maxsize=2048)
def _section(voice: Voice, section: Section) -> Verbatim:
    return voice.make(section)


@lru_cache(maxsize=2048)
def _fact(voice: Voice, fact: Fact) -> Verbatim:
    return voice.fact(fact)


@lru_cache(maxsize=2048)
def _opening(voice: Voice, section: str, because: tuple[Because, ...]) -> Verbatim:
    return html_sections.opening(section, voice.title(section), because)


@lru_cache(maxsize=2048)
def _block(voice: Voice, block: str) -> Verbatim:
    return voice.block(block)


@lru_cache(maxsize=512)
def _columns(voice: Voice, caption: str, heads: tuple[str, ...]) -> Columns:
    return voice.columns(caption, heads)


@lru_cache(maxsize=512)
def _link(voice: Voice, page: str) -> Verbatim:
    return html.anchor(voice.file(page), voice.sentence(Say(f"title.{page}")))


@lru_cache(maxsize=4096)
def _plain(voice: Voice, key: str) -> Verbatim:
    """A sentence without values."""
    pattern, code = voice.words.pattern(key)
    made = html.sentence(pattern, {})
    return made if code == voice.words.code else html.foreign(language(code).tag, made)


@cache
def _default(code: str, block: str) -> str | None:
    """The text of a block that a site has not replaced, where there is one in that language."""
    path = resources.folder("templates") / _TEXTS / code / f"{block}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else None
