"""What a page consists of, before it is in any language: sections with facts from the plan, and texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from mailwright.plan.model import Because, Plan


@dataclass(frozen=True, slots=True)
class To:
    """A link to another page of the folder, by its name; its words are that page's title."""

    page: str


@dataclass(frozen=True, slots=True, eq=False)
class Say:
    """A sentence of the catalogue (``pages.english``), with its values, each a ``Cell``."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


def say(key: str, **values: object) -> Say:
    """The sentence of that key."""
    return Say(key, values)


Cell = object
"""Of a table: text, a number, markup of ``formats.html``, a ``To`` or a ``Say``."""


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """Sentences one below the other."""

    items: tuple[Say, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """``caption`` and ``heads`` are keys of the catalogue; the first cell of each row is its head."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """An answer of a mailer as it is seen, what it means, and what helps. ``text`` is told word for word."""

    name: str
    text: str
    means: Say
    helps: Say


Fact = Say | Items | Table | Reply


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """Part of a page: its heading is the sentence ``section.<name>``. What is the same of many sites is best one
    object for all of them, since a language keeps what it made of it (``pages.voice``).

    because  the requirements that it meets
    facts    what is so, from the plan
    block    the text after the facts, which the site may replace; empty: none
    """

    name: str
    because: tuple[Because, ...]
    facts: tuple[Fact, ...] = ()
    block: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its title is the sentence ``title.<name>``, its first words ``about.<name>``.

    wanted  whether the site has what the page is about
    """

    name: str
    sections: Callable[[Plan], Iterator[Section]]
    wanted: Callable[[Plan], bool] = lambda _plan: True
