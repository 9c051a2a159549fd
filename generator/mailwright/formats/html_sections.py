"""Sections of pages as HTML, by plain functions: an organisation has a hundred of these pieces, all of them short.

Whatever is given is text, unless it is markup of ``formats.html``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailwright.formats import html
from mailwright.formats.engine import Verbatim
from mailwright.records import dataclass


def opening(name: str, title: object, reasons: Iterable[object]) -> Verbatim:
    """How a section begins. ``reasons`` are comments."""
    why = "".join([f"{html.comment(reason)}\n" for reason in reasons])
    return Verbatim(f'<section id="{html.text(name)}">\n{why}<h2>{html.text(title)}</h2>\n')


def section(opened: Verbatim, inner: Iterable[Verbatim]) -> Verbatim:
    """A section that begins with its ``opening``; ``inner`` is what the functions below return."""
    return Verbatim(f"{opened}{''.join(inner)}</section>\n")


def paragraph(value: object) -> Verbatim:
    return Verbatim(f"<p>{html.text(value)}</p>\n")


def items(values: Iterable[object]) -> Verbatim:
    """A list."""
    lines = "".join([f"<li>{html.text(value)}</li>\n" for value in values])
    return Verbatim(f"<ul>\n{lines}</ul>\n")


def reply(name: str, said: str, means: object, helps: object) -> Verbatim:
    """An answer of a mailer, word for word, and what is to be told of it."""
    heading = f'<div class="reply" id="{html.text(name)}">\n<h3>{html.code(said)}</h3>\n'
    return Verbatim(f"{heading}{paragraph(means)}{paragraph(helps)}</div>\n")


@dataclass(frozen=True, slots=True)
class Columns:
    """How a table begins, and each of its cells."""

    opened: Verbatim
    cells: tuple[str, ...]


def columns(caption: object, heads: Sequence[object], plain_heads: Sequence[str]) -> Columns:
    """Where there are more than two, each cell has the head of its column (``plain_heads``) for narrow screens,
    which show the cells one below the other; its roles are said because browsers forget them then.
    """
    shown = "".join([f'<th role="columnheader" scope="col">{html.text(head)}</th>' for head in heads])
    cells = tuple(
        f'<td role="cell" data-head="{html.text(head)}">' if len(heads) > 2 else '<td role="cell">'
        for head in plain_heads
    )
    opened = (
        f'<table role="table">\n<caption>{html.text(caption)}</caption>\n'
        f'<thead role="rowgroup"><tr role="row">{shown}</tr></thead>\n'
    )
    return Columns(Verbatim(opened), cells)


def table(of: Columns, rows: Iterable[Sequence[object]]) -> Verbatim:
    """A table; the first cell of a row is its head."""
    lines = "".join([_row(row, of.cells) for row in rows])
    return Verbatim(f'{of.opened}<tbody role="rowgroup">\n{lines}</tbody>\n</table>\n')


def _row(row: Sequence[object], cells: Sequence[str]) -> str:
    first, *others = row
    rest = [f"{cell}{html.text(value)}</td>" for cell, value in zip(cells[1:], others, strict=True)]
    return f'<tr role="row"><th role="rowheader" scope="row">{html.text(first)}</th>{"".join(rest)}</tr>\n'


def words(inner: Verbatim, language: str = "", note: object = "") -> Verbatim:
    """Whole paragraphs; in another ``language`` than the page with a note before them that says so."""
    if not language:
        return Verbatim(f"{inner}\n")
    return Verbatim(f'<p class="note">{html.text(note)}</p>\n<div lang="{html.text(language)}">\n{inner}\n</div>\n')
