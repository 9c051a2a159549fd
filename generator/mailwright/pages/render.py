"""Plan → the files of the folder: each page in the languages of the site, a style sheet, and the logo if any."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from mailwright.formats import css, html, html_frame
from mailwright.formats.engine import Verbatim
from mailwright.formats.engine import render as render_template
from mailwright.formats.html import HTML
from mailwright.formats.html_frame import Frame
from mailwright.pages import english
from mailwright.pages.contents import BY_HAND, INDEX, PAGES
from mailwright.pages.language import language
from mailwright.pages.model import say
from mailwright.pages.voice import Voice, voices
from mailwright.plan.model import Plan
from mailwright.site.model import COLOUR, Image

STYLE = "style.css"
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg"}
_UNSAID = "unsaid"


def files(plan: Plan) -> dict[str, str | bytes]:
    """Name → content of every file of the folder; ``index.html`` leads to the others, but for those that are given
    by hand (``site.documents``).

    A page ``privacy`` is ``privacy.html`` in the site's main language and ``privacy.cy.html`` in another. The same
    plan gives the same files. Nothing in them is loaded from elsewhere, and there is no script.
    """
    wanted = [page for page in PAGES if page.wanted(plan)]
    named = tuple(page.name for page in wanted)
    organisation = Verbatim(html.text(plan.settings.organisation))
    logo = _logo(plan)
    logo_name = _logo_name(logo) if logo is not None else ""
    reviewed = {row.document: row.reviewed for row in plan.publications}
    contents = [(page.name, tuple(page.sections(plan))) for page in (INDEX, *wanted)]
    made: dict[str, str | bytes] = {}
    for voice in voices(plan):
        around = _Around(voice, named, logo_name)
        for name, sections in contents:
            bodies = [voice.section(section) for section in sections]
            frame = _frame(
                around,
                name,
                tuple([section.name for section in sections]),
                reviewed.get(name, _UNSAID),
                any(map(html.has_foreign, bodies)),
            )
            made[voice.file(name)] = frame.filled((organisation, *bodies))
    colour = plan.settings.webmail.colour if plan.settings.webmail is not None else COLOUR
    made[STYLE] = _style(colour)
    if logo is not None:
        made[logo_name] = logo.data
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


@lru_cache(maxsize=16)
def _style(colour: str) -> str:
    return render_template(css.CSS, "documents/style.css.j2", colour=colour)


class _Around(NamedTuple):
    """What all pages of a site have around their own in one language. ``pages``: their names, but for the first."""

    voice: Voice
    pages: tuple[str, ...]
    logo: str


class _Part(NamedTuple):
    """A section, as the template of the page asks for it."""

    name: str
    title: Verbatim
    body: Verbatim


@lru_cache(maxsize=1024)
def _frame(
    around: _Around, page: str, sections: tuple[str, ...], reviewed: date | str | None, partly: bool
) -> Frame:
    """The page around its sections, which have these names; value 0 of it is the organisation, then come these.

    reviewed  the day; None: it never was; ``_UNSAID``: nobody is asked to
    partly    something in its sections is not translated
    """
    voice, home = around.voice, page == INDEX.name
    words, sentence = voice.words, voice.sentence
    organisation = {"organisation": html_frame.place(0)}
    parts = [
        _Part(name, voice.title(name), html_frame.place(number)) for number, name in enumerate(sections, start=1)
    ]
    shown = {key: sentence(say(f"frame.{key}")) for key in english.FRAME}
    pages = tuple(
        (voice.file(name), sentence(say(f"title.{name}")), sentence(say(f"about.{name}")))
        for name in around.pages
        if name not in BY_HAND
    )
    title = sentence(say(f"title.{page}", **organisation))
    about = sentence(say(f"about.{page}", **organisation))
    review = _reviewed(voice, reviewed)
    said = (*shown.values(), *(each for _, *both in pages for each in both), title, about, review)
    partly = partly or any(map(html.has_foreign, said))
    return html_frame.frame(
        render_template(
            HTML,
            "documents/page.html.j2",
            tag=words.tag,
            style=STYLE,
            logo=around.logo,
            organisation=html_frame.place(0),
            index=voice.file(INDEX.name),
            words=shown,
            labels={key: words.plain(f"frame.{key}") for key in english.LABELS},
            pages=pages,
            sections=parts,
            home=home,
            plain_title=html.sentence(words.plain(f"title.{page}"), organisation),
            title=title,
            about=about,
            reviewed=review,
            others=[(voice.file(page, code), language(code)) for code in voice.languages if code != words.code],
            ways=""
            if home
            else Verbatim(render_template(HTML, "documents/ways.html.j2", pages=pages, here=voice.file(page))),
            partly=sentence(say("frame.partly")) if partly else "",
        )
    )


def _reviewed(voice: Voice, when: date | str | None) -> str:
    if isinstance(when, str):
        return ""
    return voice.sentence(say("frame.unreviewed") if when is None else say("frame.reviewed", day=when))
