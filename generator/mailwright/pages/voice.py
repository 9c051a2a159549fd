"""Sections in one of the languages of a site, as HTML."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache

from mailwright import resources
from mailwright.formats import html, html_sections, markdown_html
from mailwright.formats.engine import Verbatim
from mailwright.pages.language import language
from mailwright.pages.model import Fact, Items, Reply, Say, Section, Table, To
from mailwright.plan.model import Plan

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
        pattern, code = self.words.pattern(said.key)
        values = said.values
        made = (
            html.sentence(pattern, {name: self._cell(values[name]) for name in html.names(pattern)})
            if values
            else _said(pattern)
        )
        return made if code == self.words.code else html.foreign(language(code).tag, made)

    def section(self, section: Section) -> Verbatim:
        """The section; what many sites have in common is the same object for all of them, and made once."""
        return _made(self, section)

    def title(self, section: str) -> Verbatim:
        """The heading of the section of that name."""
        return self.sentence(Say(f"section.{section}"))

    def make(self, section: Section) -> Verbatim:
        facts = [self._fact(fact) for fact in section.facts]
        if section.block:
            facts.append(self._shown(section.block))
        return html_sections.section(section.name, self.title(section.name), section.because, facts)

    def _cell(self, value: object) -> object:
        if isinstance(value, str | int):
            return value
        if isinstance(value, To):
            return html.anchor(self.file(value.page), self.sentence(Say(f"title.{value.page}")))
        if isinstance(value, date):
            return html.day(value, self.words.day(value))
        return self.sentence(value) if isinstance(value, Say) else value

    def _fact(self, fact: Fact) -> Verbatim:
        if isinstance(fact, Say):
            return html_sections.paragraph(self.sentence(fact))
        if isinstance(fact, Items):
            return html_sections.items([self.sentence(item) for item in fact.items])
        if isinstance(fact, Reply):
            means, helps = self.sentence(fact.means), self.sentence(fact.helps)
            return html_sections.reply(fact.name, fact.text, means, helps)
        assert isinstance(fact, Table)  # noqa: S101 - there is no other
        return html_sections.table(
            self.sentence(Say(f"table.{fact.caption}")),
            [self.sentence(Say(f"head.{head}")) for head in fact.heads],
            [self.words.plain(f"head.{head}") for head in fact.heads],
            [[self._cell(cell) for cell in row] for row in fact.rows],
        )

    def _shown(self, block: str) -> Verbatim:
        """The text of a block: the site's own before the default, in this language before the other."""
        code, text = self._text(block)
        ours = (code, block) not in self._own
        shown = markdown_html.of_our_own(f"{code}-{block}", text) if ours else markdown_html.to_html(text)
        if code == self.words.code:
            return html_sections.words(shown)
        return html_sections.words(shown, language(code).tag, self.sentence(Say("frame.untranslated")))

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


@lru_cache(maxsize=2048)
def _made(voice: Voice, section: Section) -> Verbatim:
    return voice.make(section)


@cache
def _said(pattern: str) -> Verbatim:
    """A sentence without values, which is the same of every site."""
    return html.sentence(pattern, {})


@cache
def _default(code: str, block: str) -> str | None:
    """The text of a block that a site has not replaced, where there is one in that language."""
    path = resources.folder("templates") / _TEXTS / code / f"{block}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else None
