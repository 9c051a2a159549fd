"""mailwright explain: what a requirement, a rule, or a rule about the risk of a change says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from mailwright.cli.common import Refused
from mailwright.records import dataclass

if TYPE_CHECKING:
    from mailwright.changes.model import RiskRule
    from mailwright.requirements.model import Requirement, Rule

WIDEST = 100  # columns; longer lines are hard to read


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is explained."""

    requirements: tuple[Requirement, ...] = ()
    rules: tuple[Rule, ...] = ()
    risks: tuple[RiskRule, ...] = ()


_Text = Callable[[_Shown], Iterator[str]]


@click.command("explain")
@click.argument("id_", required=False, metavar="[REQUIREMENT|RULE|RISK]")
@click.option(
    "--format",
    "format_",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="Output.",
)
def command(id_: str | None, format_: str) -> None:
    """Print what a requirement (ROLE-5) or a rule (ROLE-5.one-person) says, what breaks it and what mends it. Of a
    risk (relay.widened): what it means, and how to make such a change safely.

    A requirement comes with all its rules. Without an id all of them are listed. Exit status 2: there is none of
    that id.
    """
    from mailwright.changes.page import by_subject
    from mailwright.requirements import lookup
    from mailwright.requirements.catalogue import REQUIREMENTS, find
    from mailwright.requirements.rules import RULES

    risks = by_subject()
    if id_ is None:
        _print(format_, _Shown(REQUIREMENTS, RULES, risks), _list)
        return
    requirement, rule = find(id_.upper()), lookup.rule(id_) or lookup.rule(_cased(id_))
    risk = next((each for each in risks if each.id == id_.lower()), None)
    if requirement is not None:
        _print(format_, _Shown((requirement,), lookup.rules_of(requirement.id)), _whole)
    elif rule is not None:
        _print(format_, _Shown(rules=(rule,)), _whole)
    elif risk is not None:
        _print(format_, _Shown(risks=(risk,)), _whole)
    else:
        near = lookup.suggest(id_, (each.id for each in risks))
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise Refused(f"there is no requirement, rule or risk {id_!r}.{hint} `mailwright explain` lists all.")


def _cased(id_: str) -> str:
    """``role-5.One-Person`` as the ids are written."""
    requirement, dot, name = id_.partition(".")
    return f"{requirement.upper()}{dot}{name.lower()}"


def _print(format_: str, shown: _Shown, text: _Text) -> None:
    if format_ == "json":
        import json

        data = {
            "requirements": [_requirement_data(each) for each in shown.requirements],
            "rules": [_rule_data(each) for each in shown.rules],
            "risks": [_risk_data(each) for each in shown.risks],
        }
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(text(shown)))


def _requirement_data(requirement: Requirement) -> dict[str, object]:
    return {
        "id": requirement.id,
        "section": requirement.section,
        "level": str(requirement.level),
        "title": requirement.title,
        "says": requirement.says,
        "evidence": list(requirement.evidence),
        "gap": requirement.gap,
        "needs": [{"probe": probe, "says": words} for probe, words in requirement.needs],
        "limits": requirement.limits,
    }


def _rule_data(rule: Rule) -> dict[str, object]:
    from mailwright.requirements.pages import page_of

    page = page_of(rule)
    return {
        "id": rule.id,
        "requirement": rule.requirement,
        "level": str(rule.level),
        "title": rule.title,
        "summary": page.summary,
        "why": list(page.why),
        "breaks": page.breaks,
        "mended": page.mended,
    }


def _risk_data(risk: RiskRule) -> dict[str, object]:
    from mailwright.changes.page import page_of

    page = page_of(risk)
    return {
        "id": risk.id,
        "requirement": risk.requirement,
        "severity": str(risk.severity),
        "title": risk.title,
        "summary": page.summary,
        "why": list(page.why),
        "safely": risk.safely,
    }


def _list(shown: _Shown) -> Iterator[str]:
    section = ""
    for requirement in shown.requirements:
        if requirement.section != section:
            if section:
                yield ""
            section = requirement.section
            yield section
        yield _entry(requirement.id, requirement.level, requirement.title, 2)
        for rule in shown.rules:
            if rule.requirement == requirement.id:
                yield _entry(rule.id, rule.level, rule.title, 4)
    yield ""
    yield "Attestations and waivers"
    for rule in shown.rules:
        if not rule.requirement:
            yield _entry(rule.id, rule.level, rule.title, 2)
    yield ""
    yield "Risks of a change (mailwright diff)"
    for risk in shown.risks:
        yield _entry(risk.id, str(risk.severity), risk.title, 2)


def _whole(shown: _Shown) -> Iterator[str]:
    from mailwright.requirements.pages import how_shown, page_of

    for requirement in shown.requirements:
        yield f"{requirement.id}  {requirement.title}  ({requirement.level}, {requirement.section})"
        yield ""
        yield _filled(requirement.says)
        yield ""
        yield _filled(f"Evidence: {how_shown(requirement)}.")
        if requirement.limits:
            yield _filled(f"Limits: {requirement.limits}")
        if requirement.gap:
            yield _filled(f"Not shown yet: {requirement.gap}")
        for probe, words in requirement.needs:
            yield _filled(f"Not proven without {probe}: {words}")
        if not shown.rules:
            yield _filled("No rule over the description belongs to it.")
    for index, rule in enumerate(shown.rules):
        page = page_of(rule)
        if shown.requirements or index:
            yield ""
        yield f"{rule.id}  ({rule.level})"
        yield ""
        for paragraph in (page.summary, *page.why):
            yield _filled(paragraph)
            yield ""
        yield "  A description that breaks it:"
        yield ""
        yield from _indented(page.breaks)
        yield ""
        yield "  The same, mended:"
        yield ""
        yield from _indented(page.mended)
    for risk in shown.risks:
        yield from _risk(risk)


def _risk(risk: RiskRule) -> Iterator[str]:
    from mailwright.changes.page import page_of

    page = page_of(risk)
    about = f", {risk.requirement}" if risk.requirement else ""
    yield f"{risk.id}  {risk.title}  ({risk.severity}{about})"
    for paragraph in (page.summary, *page.why, f"Safely: {risk.safely}"):
        yield ""
        yield _filled(paragraph)


def _indented(snippet: str) -> Iterator[str]:
    for line in snippet.splitlines():
        yield f"      {line}"


def _width() -> int:
    from shutil import get_terminal_size

    return max(40, min(get_terminal_size().columns, WIDEST))


def _filled(text: str) -> str:
    from textwrap import fill

    return fill(
        text, _width(), initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _entry(id_: str, level: str, title: str, indent: int) -> str:
    """One line of the list; a title that does not fit goes on below itself."""
    from textwrap import fill

    head = f"{' ' * indent}{id_:<{34 - indent}} {level:<10} "
    return fill(
        title,
        max(_width(), len(head) + 30),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
