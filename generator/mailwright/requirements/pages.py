"""The published pages of requirements and rules, made from the catalogue and the rules' docstrings.

``python -m mailwright.requirements.pages docs/reference`` writes them; a test compares the two.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

from mailwright.records import dataclass
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.requirements.lookup import rules_of
from mailwright.requirements.model import Requirement, Rule
from mailwright.requirements.rules import RULES

BREAKS, MENDED = "\n\nBreaks it:\n\n", "\n\nMended:\n\n"

HOW_SHOWN = {
    "check": "rules over the description",
    "config": "a rendered setting, record or firewall entry",
    "probe": "tests against running hosts",
    "document": "a generated document",
    "attest": "the word of the site, with a name and a date",
}

_MADE = "<!-- Made by python -m mailwright.requirements.pages: do not edit. -->\n"


@dataclass(frozen=True, slots=True)
class Page:
    """A rule's docstring in its parts: what is the matter, why, what breaks it, and the same mended."""

    summary: str
    why: tuple[str, ...]  # paragraphs, reStructuredText's double backquotes turned into single ones
    breaks: str
    mended: str


def page_of(rule: Rule) -> Page:
    """The rule's page. Raises ValueError when its docstring lacks a part."""
    text = inspect.getdoc(rule.check) or ""
    prose, breaks, rest = text.partition(BREAKS)
    snippet, mended, cure = rest.partition(MENDED)
    if not (breaks and mended and snippet and cure):
        raise ValueError(f"the docstring of {rule.id} lacks what breaks it, or the same mended")
    summary, *why = prose.replace("``", "`").split("\n\n")
    return Page(
        " ".join(summary.split()),
        tuple(" ".join(each.split()) for each in why),
        dedent(snippet),
        dedent(cure),
    )


def how_shown(requirement: Requirement) -> str:
    """The kinds of evidence in words."""
    return "; ".join(HOW_SHOWN[kind] for kind in requirement.evidence)


def pages() -> Iterator[tuple[str, str]]:
    """Each page's path below docs/reference, and its text."""
    yield "requirements.md", _requirements()
    for rule in RULES:
        yield f"rules/{rule.id}.md", _rule(rule)


def _requirements() -> str:
    lines = [
        _MADE,
        "# The requirements",
        "",
        "The Janet Site E-mail Requirements in our own words: what each asks, the evidence that shows it, and what",
        "cannot be shown yet. A requirement with something under *not shown yet* is never reported as met.",
        "`mailwright explain ROLE-5` prints one of them with its rules.",
    ]
    section = ""
    for requirement in REQUIREMENTS:
        if requirement.section != section:
            section = requirement.section
            lines += ["", f"## {section}"]
        lines += ["", f"### {requirement.id}: {requirement.title}", ""]
        lines += [f"**{requirement.level}**. {requirement.says}", "", f"- Evidence: {how_shown(requirement)}"]
        if requirement.limits:
            lines.append(f"- Limits: {requirement.limits}")
        if requirement.gap:
            lines.append(f"- Not shown yet: {requirement.gap}")
        if requirement.absent:
            lines.append(f"- Not proven where there is none: {requirement.absent}")
        lines += [f"- Not proven without `{probe}`: {words}" for probe, words in requirement.needs]
        links = [f"[{rule.id}](rules/{rule.id}.md)" for rule in rules_of(requirement.id)]
        if links:
            lines.append(f"- Rules: {', '.join(links)}")
    links = [f"[{rule.id}](rules/{rule.id}.md)" for rule in RULES if not rule.requirement]
    lines += [
        "",
        "## Attestations and waivers",
        "",
        "What only people can do is attested in the description, and counts for a year. A SHOULD can be waived",
        "with a reason, an owner and a last day; a MUST cannot.",
        "",
        f"- Rules: {', '.join(links)}",
    ]
    return "\n".join(lines) + "\n"


def _rule(rule: Rule) -> str:
    page = page_of(rule)
    about = f"requirement [{rule.requirement}](../requirements.md), " if rule.requirement else ""
    lines = [_MADE, f"# {rule.id}", "", f"{page.summary} ({about}{rule.level})", ""]
    for paragraph in page.why:
        lines += [paragraph, ""]
    lines += ["## A description that breaks it", "", "```yaml", page.breaks, "```", ""]
    lines += ["## The same, mended", "", "```yaml", page.mended, "```"]
    return "\n".join(lines) + "\n"


def write(root: Path) -> None:
    """Writes all pages below ``root`` and removes those of rules that are gone."""
    made = dict(pages())
    (root / "rules").mkdir(parents=True, exist_ok=True)
    for old in (root / "rules").glob("*.md"):
        if f"rules/{old.name}" not in made:
            old.unlink()
    for path, text in made.items():
        (root / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
