"""Plan → the files of the folder: each page in the languages of the site, a style sheet, and the logo if any."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

from mailwright import resources
from mailwright.formats import css, html, html_sections, markdown_html
from mailwright.formats.engine import Verbatim
from mailwright.formats.engine import render as render_template
from mailwright.formats.html import HTML
from mailwright.pages import english
from mailwright.pages.contents import BY_HAND, INDEX, PAGES
from mailwright.pages.language import Language, language
from mailwright.pages.model import Fact, Items, Page, Reply, Say, Section, Table, To
from mailwright.plan.model import Plan
from mailwright.site.model import COLOUR, Image

STYLE = "style.css"
_TEXTS = "documents"
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg"}


def files(plan: Plan) -> dict[str, str | bytes]:
    """Name → content of every file of the folder; ``index.html`` leads to the others, but for those that are given
    by hand (``site.documents``).

    A page ``privacy`` is ``privacy.html`` in the site's main language and ``privacy.cy.html`` in another. The same
    plan gives the same files. Nothing in them is loaded from elsewhere, and there is no script.
    """
    said = plan.settings.pages
    languages = said.languages if said is not None else ("en",)
    wanted = tuple(page for page in PAGES if page.wanted(plan))
    made: dict[str, str | bytes] = {}
    for code in languages:
        view = _View(plan, language(code), languages, wanted)
        for page in (INDEX, *wanted):
            made[view.file(page.name)] = view.page(page)
    colour = plan.settings.webmail.colour if plan.settings.webmail is not None else COLOUR
    made[STYLE] = _style(colour)
    logo = _logo(plan)
    if logo is not None:
        made[_logo_name(logo)] = logo.data
    return made


def for_everybody(plan: Plan) -> dict[str, str | bytes]:
    """The same without the pages that are given to their readers by hand."""
    return {name: content for name, content in files(plan).items() if not given_by_hand(name)}


def given_by_hand(file: str) -> bool:
    """Whether the file of ``files`` is given to its readers by hand, and is not for everybody."""
    return file.partition(".")[0] in BY_HAND


def _logo(plan: Plan) -> Image | None:
    return plan.settings.webmail.logo if plan.settings.webmail is not None else None


def _logo_name(logo: Image) -> str:
    return f"logo.{_SUFFIXES[logo.media_type]}"


@cache
def _default(code: str, block: str) -> str | None:
    """The text of a block that a site has not replaced, where there is one in that language."""
    path = resources.folder("templates") / _TEXTS / code / f"{block}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else None


@cache
def _said(pattern: str) -> Verbatim:
    """A sentence without values, which is the same of every site."""
    return html.sentence(pattern, {})


@lru_cache(maxsize=256)
def _ways(pages: object, here: str) -> Verbatim:
    """The links from one page to all, which are the same of most sites."""
    return Verbatim(render_template(HTML, "documents/ways.html.j2", pages=pages, here=here))


@lru_cache(maxsize=16)
def _style(colour: str) -> str:
    return render_template(css.CSS, "documents/style.css.j2", colour=colour)


class _Section(NamedTuple):
    name: str
    title: Verbatim
    body: Verbatim


class _View:
    """The pages in one language."""

    def __init__(self, plan: Plan, words: Language, languages: tuple[str, ...], pages: tuple[Page, ...]) -> None:
        self.plan = plan
        self.words = words
        self.languages = languages
        said = plan.settings.pages
        self.own = {(text.language, text.block): text.text for text in said.texts} if said is not None else {}
        self.reviewed = {row.document: row.reviewed for row in plan.publications}
        self.partly = False  # whether something of the page in the making is not translated
        self.frame = self._frame(pages)
        self.frame_partly = self.partly

    def _frame(self, pages: tuple[Page, ...]) -> dict[str, object]:
        """What is the same on every page."""
        logo = _logo(self.plan)
        return {
            "tag": self.words.tag,
            "style": STYLE,
            "logo": _logo_name(logo) if logo is not None else "",
            "organisation": self.plan.settings.organisation,
            "index": self.file(INDEX.name),
            "words": {key: self.sentence(Say(f"frame.{key}")) for key in english.FRAME},
            "labels": {key: self.words.plain(f"frame.{key}") for key in english.LABELS},
            "pages": tuple(
                (
                    self.file(one.name),
                    self.sentence(Say(f"title.{one.name}")),
                    self.sentence(Say(f"about.{one.name}")),
                )
                for one in pages
                if one.name not in BY_HAND
            ),
        }

    def file(self, page: str, code: str = "") -> str:
        code = code or self.words.code
        return f"{page}.html" if code == self.languages[0] else f"{page}.{code}.html"

    def page(self, page: Page) -> str:
        self.partly = self.frame_partly
        title = Say(f"title.{page.name}", {"organisation": self.plan.settings.organisation})
        return render_template(
            HTML,
            "documents/page.html.j2",
            **self.frame,
            sections=[self._section(section) for section in page.sections(self.plan)],
            home=page is INDEX,
            plain_title=self.words.plain(title.key).format_map(title.values),
            title=self.sentence(title),
            about=self.sentence(Say(f"about.{page.name}", title.values)),
            reviewed=self._reviewed(page.name) if page.name in self.reviewed else "",
            others=[
                (self.file(page.name, code), language(code)) for code in self.languages if code != self.words.code
            ],
            ways=_ways(self.frame["pages"], self.file(page.name)) if page is not INDEX else "",
            partly=self.sentence(Say("frame.partly")) if self.partly else "",
        )

    def _reviewed(self, page: str) -> Verbatim:
        when = self.reviewed[page]
        if when is None:
            return self.sentence(Say("frame.unreviewed"))
        return self.sentence(Say("frame.reviewed", {"day": when}))

    def sentence(self, said: Say) -> Verbatim:
        """The sentence in this language; in English, and marked so, where it is not translated."""
        pattern, code = self.words.pattern(said.key)
        values = said.values
        made = (
            html.sentence(pattern, {name: self.cell(values[name]) for name in html.names(pattern)})
            if values
            else _said(pattern)
        )
        if code == self.words.code:
            return made
        self.partly = True
        return html.foreign(language(code).tag, made)

    def cell(self, value: object) -> object:
        if isinstance(value, To):
            return html.anchor(self.file(value.page), self.sentence(Say(f"title.{value.page}")))
        if isinstance(value, date):
            return html.day(value, self.words.day(value))
        return self.sentence(value) if isinstance(value, Say) else value

    def _section(self, section: Section) -> _Section:
        title = self.sentence(Say(f"section.{section.name}"))
        facts = [self._fact(fact) for fact in section.facts]
        if section.block:
            facts.append(self._shown(section.block))
        return _Section(section.name, title, html_sections.section(section.name, title, section.because, facts))

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
            [[self.cell(cell) for cell in row] for row in fact.rows],
        )

    def _shown(self, block: str) -> Verbatim:
        """The text of a block: the site's own before the default, in this language before the other."""
        code, text = self._text(block)
        ours = (code, block) not in self.own
        shown = markdown_html.of_our_own(f"{code}-{block}", text) if ours else markdown_html.to_html(text)
        if code == self.words.code:
            return html_sections.words(shown)
        return html_sections.words(shown, language(code).tag, self.sentence(Say("frame.untranslated")))

    def _text(self, block: str) -> tuple[str, str]:
        order = (self.words.code, *(code for code in (*self.languages, "en") if code != self.words.code))
        for code in order:
            if (code, block) in self.own:
                return code, self.own[code, block]
        for code in order:
            text = _default(code, block)
            if text is not None:
                return code, text
        raise LookupError(f"there is no text {block}")
