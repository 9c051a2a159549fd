"""A review of customers as one page that needs nothing else: no script, no request.

Names of people stand in full: the page is for those who may see the descriptions. Customers unfold from a number.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence

from mailwright import __version__
from mailwright.changes import verdict as of_site
from mailwright.changes import words
from mailwright.changes.html import SIGNS, body, spans
from mailwright.changes.personal import whole
from mailwright.changes.provider import verdict
from mailwright.changes.provider.model import Broken, Case, Effect, PlatformReview, ProviderReview, Risk
from mailwright.changes.provider.text import TITLES
from mailwright.changes.provider.text import broken as told_of_broken
from mailwright.formats.engine import Verbatim
from mailwright.formats.engine import render as render_template
from mailwright.formats.html import HTML
from mailwright.records import dataclass

_ROWS = 500
"""Lines of one section; further ones are counted, and JSON has them."""

_WIDTH = 5_000
"""Characters of a sentence."""

_IDS = 20_000
"""Customers that unfold from one line."""


def render(review: ProviderReview) -> str:
    """The page, with a Content-Security-Policy that allows its own style and nothing else."""
    style = render_template(HTML, "report/review.css.j2")
    return render_template(
        HTML,
        "report/provider-review.html.j2",
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        version=__version__,
        old=review.old,
        new=review.new,
        verdict=verdict.line(review),
        advice=verdict.advice(review),
        level="high" if review.broken else str(review.worst or "none"),
        warnings=[f"{whole(warning)}." for warning in review.warnings],
        broken=[_broken(one) for one in review.broken],
        layers=[f"{_said(verdict.of_layer(one))}." for one in review.layers[:_ROWS]],
        risks=[_risk(one) for one in review.risks],
        fates=list(_fates(review)),
        notes=[f"{_said(one.sentence)}{f' ({one.spot})' if one.spot else ''}." for one in review.notes[:_ROWS]],
        sections=_sections(review.effects),
        platforms=[_platform(number, one) for number, one in enumerate(review.platforms, 1)],
        contents=_contents(review),
        signs=SIGNS,
        rewritten=list(review.rewritten[:_ROWS]),
    )


def _contents(review: ProviderReview) -> list[tuple[str, str, str]]:
    """Anchor, title and number of each section that is there."""
    all_ = (
        ("warnings", "Warnings", len(review.warnings)),
        ("broken", "What cannot be used", len(review.broken)),
        ("layers", "What layers change", len(review.layers)),
        ("risks", "Risks", sum(len(risk.cases) for risk in review.risks)),
        ("fates", "Customers that come and go", len(review.fates)),
        ("provider", "What the provider says otherwise", len(review.notes)),
        ("changes", "What changes", len(review.effects)),
        *(
            (_anchor(number), f"The platform {one.name}", len(one.review.changes) + len(one.review.risks))
            for number, one in enumerate(review.platforms, 1)
        ),
        ("rewritten", "Written otherwise", len(review.rewritten)),
    )
    return [(id_, title, f"{number:,}") for id_, title, number in all_ if number]


def _anchor(number: int) -> str:
    """Of a platform, whose name may be anything."""
    return f"platform-{number}"


@dataclass(frozen=True, slots=True)
class _Platform:
    """``body``: the sections of its review as a site."""

    id: str
    name: str
    verdict: str
    advice: str
    level: str
    body: Verbatim


def _platform(number: int, one: PlatformReview) -> _Platform:
    found = one.review
    return _Platform(
        _anchor(number),
        one.name,
        of_site.line(found),
        of_site.advice(found),
        str(found.worst or "none"),
        body(found, f"{_anchor(number)}-"),
    )


def _fates(review: ProviderReview) -> Iterator[tuple[str, list[str], str, str]]:
    """Title, sentences, how many there are, and what is said of those that are left out."""
    for fate, title in TITLES.items():
        members = [one for one in review.fates if one.fate == fate]
        if members:
            shown = [f"{_said(one.sentence)}." for one in members[:_ROWS]]
            yield title, shown, f"{len(members):,}", _left(len(members) - len(shown))


def _said(sentence: str) -> str:
    text = whole(sentence)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]} … and {len(text) - _WIDTH:,} more characters"


@dataclass(frozen=True, slots=True)
class _Line:
    """``who``: in a few words; ``ids``: all of them, where there are more than that names."""

    who: str
    ids: str
    sentence: str
    where: str
    kind: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Shown:
    rule: str
    severity: str
    requirement: str
    title: str
    cases: tuple[_Line, ...]
    left: str
    why: tuple[tuple[bool, str], ...]
    safely: tuple[tuple[bool, str], ...]
    forced: str


@dataclass(frozen=True, slots=True)
class _Section:
    title: str
    count: str
    lines: tuple[_Line, ...]
    left: str


def _ids(customers: Sequence[str]) -> str:
    return words.some(customers, _IDS) if len(customers) > verdict.NAMED else ""


def _risk(risk: Risk) -> _Shown:
    shown = risk.cases[:_ROWS]
    return _Shown(
        risk.rule.id,
        str(risk.severity),
        risk.rule.requirement,
        risk.rule.title,
        tuple(_case(one) for one in shown),
        _left(len(risk.cases) - len(shown)),
        spans(risk.rule.why),
        spans(risk.safely) if risk.safely == risk.rule.safely else ((False, whole(risk.safely)),),
        whole(risk.forced),
    )


def _case(case: Case) -> _Line:
    where = f"{case.spot} ({case.spot.where})" if case.spot is not None else ""
    who = f"{verdict.who(case.customers)}: " if case.customers and not case.named else ""
    return _Line(who, _ids(case.customers), f"{_said(case.sentence)}.", where)


def _sections(effects: Sequence[Effect]) -> list[_Section]:
    found: dict[str, list[Effect]] = {}
    for one in effects:
        found.setdefault(one.section, []).append(one)
    return [
        _Section(
            title,
            words.number(len({id_ for one in members for id_ in one.customers}), "customer"),
            tuple(map(_effect, members[:_ROWS])),
            _left(len(members) - _ROWS),
        )
        for title, members in found.items()
    ]


def _effect(one: Effect) -> _Line:
    who = f"{verdict.who(one.customers)}: "
    where = f"{one.spot} ({one.spot.where})" if one.spot is not None else ""
    return _Line(who, _ids(one.customers), f"{_said(one.sentence)}.", where, one.kind, whole(one.note))


def _left(count: int) -> str:
    return f"{words.number(count, 'more line')} left out here; JSON has them all." if count > 0 else ""


def _broken(one: Broken) -> tuple[str, list[str]]:
    return told_of_broken(one), [
        f"{finding.id}: {finding.message}{f' ({finding.where})' if finding.where else ''}"
        for finding in one.findings
    ]
