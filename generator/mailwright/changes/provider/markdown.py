"""A review of customers as Markdown, for a comment: without people unless that is asked, and never too long."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.changes.markdown import LIMIT, Block, Show, fitted, folded, pointer, sentence_of
from mailwright.changes.markdown import render as of_site
from mailwright.changes.personal import impersonal, whole
from mailwright.changes.provider import verdict
from mailwright.changes.provider.model import Broken, Effect, ProviderReview, Risk
from mailwright.changes.provider.text import TITLES, effect, told
from mailwright.formats.markdown import code
from mailwright.formats.visible import visible
from mailwright.report.impersonal import impersonal as without_values

_CASES = 5
_FINDINGS = 5
_OF_A_PLATFORM = 16_000
"""Characters of a platform's own review."""


def render(review: ProviderReview, *, personal: bool = False, limit: int = LIMIT, full_report: str = "") -> str:
    """The review in at most ``limit`` characters.

    personal     with logins, names and personal addresses
    full_report  where all of it is: an https address becomes a link, anything else stands as text
    """

    def show(sentence: str) -> str:
        return sentence_of(whole(sentence) if personal else impersonal(sentence))

    head = "\n\n".join(filter(None, map(show, (verdict.line(review), verdict.advice(review)))))
    layers = tuple(f"- {show(verdict.of_layer(change))}.\n" for change in review.layers)
    blocks = [
        Block(0, "", (f"{head}\n",)),
        Block(1, "", tuple(f"> Note: {show(warning)}.\n" for warning in review.warnings)),
        Block(1, "### What cannot be used\n\n", tuple(_broken(one, show, personal) for one in review.broken)),
        Block(2, "### What layers change\n\n", layers),
        Block(2, "### Risks\n\n", tuple(_risk(one, show) for one in review.risks)),
        Block(3, "### Customers that come and go\n\n", tuple(_fates(review, show))),
        Block(3, "### What the provider says otherwise\n\n", tuple(_notes(review, show))),
        *_effects(review, show),
        *(
            _platform(one.name, of_site(one.review, personal=personal, limit=_OF_A_PLATFORM))
            for one in review.platforms
        ),
        Block(
            6,
            "### Written otherwise, with no effect\n\n",
            tuple(f"- {code(visible(name))}\n" for name in review.rewritten),
        ),
    ]
    return fitted([block for block in blocks if block.items], limit, pointer(full_report))


def _broken(one: Broken, show: Show, personal: bool) -> str:
    lines = [f"- **{code(visible(one.what))}** cannot be used on the {one.side} side"]
    for finding in one.findings[:_FINDINGS]:
        told_ = finding if personal else without_values(finding)
        where = f" ({code(visible(str(finding.where)))})" if finding.where is not None else ""
        lines.append(
            f"  - {code(finding.id)}: {show(told_.message)}{where}"
            if told_.message
            else f"  - {code(finding.id)}{where}"
        )
    if len(one.findings) > _FINDINGS:
        lines.append(f"  - and {len(one.findings) - _FINDINGS:,} more")
    return "".join(f"{line}\n" for line in lines)


def _risk(risk: Risk, show: Show) -> str:
    about = " ".join(str(code(id_)) for id_ in (risk.rule.requirement, risk.rule.id) if id_)
    lines = [f"- **{str(risk.severity).upper()}** {about}: {show(risk.rule.title)}"]
    lines += [f"  - {show(told(case))}." for case in risk.cases[:_CASES]]
    if len(risk.cases) > _CASES:
        lines.append(f"  - and {len(risk.cases) - _CASES:,} more like these")
    lines += [f"  - Why: {show(risk.rule.why)}", f"  - Safe way: {show(risk.safely)}"]
    if risk.forced:
        lines.append(f"  - Let pass: {show(risk.forced)}")
    return "".join(f"{line}\n" for line in lines)


def _fates(review: ProviderReview, show: Show) -> Iterator[str]:
    for fate in TITLES:
        yield from (f"- {show(came.sentence)}.\n" for came in review.fates if came.fate == fate)


def _notes(review: ProviderReview, show: Show) -> Iterator[str]:
    for note in review.notes:
        where = f" ({note.spot})" if note.spot is not None else ""
        yield f"- {show(f'{note.sentence}{where}')}.\n"


def _effects(review: ProviderReview, show: Show) -> Iterator[Block]:
    sections: dict[str, list[Effect]] = {}
    for one in review.effects:
        sections.setdefault(one.section, []).append(one)
    for section, members in sections.items():
        items = []
        for one in members:
            note = f"\n  {show(one.note)}" if one.note else ""
            items.append(f"- {show(effect(one))}.{note}\n")
        yield folded(5, f"{section} ({len(members):,})", items)


def _platform(name: str, said: str) -> Block:
    """A platform's own review; its headings are below this one's."""
    lower = said.replace("\n### ", "\n#### ")
    return Block(4, f"### The platform {code(visible(name))}\n\n", (lower,))
