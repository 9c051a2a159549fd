"""A review of customers for people at a terminal: the verdict, what layers change and the risks on one screen, then
what changes for whom.

Everything is grouped: what is the same to many customers is one line with their number.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.changes import text as of_site
from mailwright.changes import words
from mailwright.changes.provider import verdict
from mailwright.changes.provider.model import Broken, Case, Effect, ProviderReview
from mailwright.changes.text import COLOURS, KINDS, Ink, wrapped
from mailwright.formats.visible import visible
from mailwright.report.findings_text import render as render_findings

_CASES = 3
"""Cases of one risk that are shown; the others are counted."""

_LINES = 12
"""Effects of one section that are shown; the others are counted."""

_LAYERS = 12
"""Values of layers that are shown."""

_FATES = 8
"""Customers of one fate that are told one by one; of more there is a list."""


TITLES = {
    "added": "New customers",
    "removed": "Customers that are gone",
    "renamed": "Customers of another id",
    "moved": "Customers that move",
    "leaving": "Customers that leave",
    "stays": "Customers that stay after all",
}


def render(review: ProviderReview, *, colour: bool = False, files: bool = False) -> str:
    """The review in sentences, with everybody's name. ``files``: with the differences of platforms' files."""
    ink = Ink(colour)
    lines = [*_head(review, ink), *_layers(review), *_broken(review, ink), *_risks(review, ink)]
    lines += [*_fates(review, ink), *_notes(review), *_effects(review, ink), *_rewritten(review)]
    for one in review.platforms:
        lines += ["", ink.bold(f"== The platform {visible(one.name)} ==")]
        lines += of_site.render(one.review, files=files, colour=colour).splitlines()
    return "".join(f"{line}\n" for line in lines)


def _head(review: ProviderReview, ink: Ink) -> Iterator[str]:
    code = "1;31" if review.broken else COLOURS[review.worst] if review.worst is not None else "1;32"
    yield from (ink(line, code) for line in wrapped(verdict.line(review)))
    if said := verdict.advice(review):
        yield from wrapped(said)
    for warning in review.warnings:
        yield from wrapped(f"Note: {warning}.")


def _layers(review: ProviderReview) -> Iterator[str]:
    if review.layers:
        yield ""
    for change in review.layers[:_LAYERS]:
        yield from wrapped(f"{verdict.of_layer(change)}.", "- ", "  ")
    yield from _more(len(review.layers) - _LAYERS, "value of layers", "values of layers")


def _more(count: int, one: str, many: str = "") -> Iterator[str]:
    if count > 0:
        yield f"- and {words.number(count, f'more {one}', f'more {many}' if many else '')}"


def _broken(review: ProviderReview, ink: Ink) -> Iterator[str]:
    for one in review.broken:
        yield ""
        yield ink(visible(broken(one)), "1;31")
        yield from render_findings(one.findings).removesuffix("\n").splitlines()


def broken(one: Broken) -> str:
    return f"{one.what} cannot be used on the {one.side} side; the rest of this review is without it:"


def _risks(review: ProviderReview, ink: Ink) -> Iterator[str]:
    """Without the reasons, which `mailwright explain` has: the whole of it shall be seen at once."""
    for risk in review.risks:
        about = "  ".join(filter(None, (risk.rule.requirement, risk.rule.id)))
        reached = f", {words.number(len(risk.customers), 'customer')}" if len(risk.customers) > 1 else ""
        label = str(risk.severity).upper()
        yield ""
        first, *rest = wrapped(f"{about}: {risk.rule.title}{reached}", f"{label}  ", "  ")
        yield ink(label, COLOURS[risk.severity]) + first.removeprefix(label)
        yield from rest
        for case in risk.cases[:_CASES]:
            yield from wrapped(f"{told(case)}.", "  - ", "    ")
        if len(risk.cases) > _CASES:
            yield f"  - and {len(risk.cases) - _CASES:,} more like these"
        yield from wrapped(f"Safe way: {risk.safely}", "  ", "  ")
        if risk.forced:
            yield from wrapped(f"Let pass: {risk.forced}", "  ", "  ")


def told(case: Case) -> str:
    """``187 customers (a, b, c and 184 more): logs are ... (defaults line 24)``."""
    where = f" ({case.spot})" if case.spot is not None else ""
    if case.named or not case.customers:
        return f"{case.sentence}{where}"
    times = f", {case.times:,} times" if case.times > len(case.customers) > 1 else ""
    return f"{verdict.who(case.customers)}{times}: {case.sentence}{where}"


def _fates(review: ProviderReview, ink: Ink) -> Iterator[str]:
    for fate, title in TITLES.items():
        members = [came for came in review.fates if came.fate == fate]
        if not members:
            continue
        yield ""
        yield ink.bold(f"{title} ({len(members):,})")
        for came in members[:_FATES]:
            yield from wrapped(f"{came.sentence}.", "- ", "  ")
        yield from _more(len(members) - _FATES, "customer")


def _notes(review: ProviderReview) -> Iterator[str]:
    if review.notes:
        yield from ("", f"What the provider says otherwise ({len(review.notes):,})")
    for note in review.notes:
        where = f" ({note.spot})" if note.spot is not None else ""
        yield from wrapped(f"{note.sentence}{where}.", "- ", "  ")


def _effects(review: ProviderReview, ink: Ink) -> Iterator[str]:
    sections: dict[str, list[Effect]] = {}
    for one in review.effects:
        sections.setdefault(one.section, []).append(one)
    for section, members in sections.items():
        customers = {id_ for one in members for id_ in one.customers}
        yield ""
        yield ink.bold(f"{section} ({words.number(len(customers), 'customer')})")
        for one in members[:_LINES]:
            first, *rest = wrapped(f"{effect(one)}.", "- ", "  ")
            yield ink("-", KINDS[one.kind]) + first[1:]
            yield from rest
            if one.note:
                yield from wrapped(one.note, "  ", "  ")
        yield from _more(len(members) - _LINES, "line like these", "lines like these")


def effect(one: Effect) -> str:
    where = f" ({one.spot})" if one.spot is not None else ""
    return f"{verdict.who(one.customers)}: {one.sentence}{where}"


def _rewritten(review: ProviderReview) -> Iterator[str]:
    if review.rewritten:
        yield ""
        yield from wrapped(
            f"Written otherwise, with no effect: {words.some(review.rewritten)}.",
        )
