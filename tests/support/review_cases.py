"""Changes of descriptions, each with what its review must say: tests/changes/cases/NNN-name/.

old.yml, new.yml    the two descriptions, over the profiles in cases/base/
made.yml            rows of the new plan that another mailwright makes otherwise: what no description can say
expect.yml
    about           what happens, for whoever reads the case
    risks           id of a rule → its severity; no other rule may fire
    look_alike_of   a rule that must be silent, because this only looks like what it is about
    today           the day on which it is reviewed; TODAY where nothing is said
    changes         table of the plan → how many of its rows differ; ``others: none``: and no other row
    first           with what the verdict begins
    screen          what is to be read on the first screen of the text; ``a|b``: one of them
    steps           what the steps say, each at or after the step of the one before
    hosts           on which hosts a file differs
    unusable        the side that cannot be used, old or new
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cache, cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import yaml

from mailwright.changes import text, verdict
from mailwright.changes.cause import Asked, broken, compared, judged
from mailwright.changes.model import Origin, Part, Review, Severity
from mailwright.changes.personal import whole
from mailwright.changes.review import review
from mailwright.changes.side import Made, Side, UnusableError
from mailwright.changes.steps import steps
from mailwright.findings import Finding
from mailwright.plan import PlanError, make
from mailwright.plan.model import Plan

CASES = Path(__file__).resolve().parents[1] / "changes" / "cases"
TODAY = date(2026, 11, 30)


@dataclass(frozen=True)
class Case:
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def expected(self) -> Mapping[str, Any]:
        document = yaml.safe_load((self.folder / "expect.yml").read_text())
        assert isinstance(document, dict)
        return document

    @property
    def unusable(self) -> str:
        return str(self.expected.get("unusable", ""))

    @property
    def risks(self) -> Mapping[str, str]:
        """Id of each rule that must fire → its severity."""
        return dict(self.expected["risks"])

    @property
    def today(self) -> date:
        day = self.expected.get("today", TODAY)
        assert isinstance(day, date)
        return day

    def side(self, which: str) -> Side:
        return Side(f"{which}.yml", self.folder / f"{which}.yml")

    @cached_property
    def review(self) -> Review:
        """Without the files where the case does not ask on which hosts there are any: they take most of the time.

        Raises UnusableError.
        """
        old, new = self.side("old"), self.side("new")
        made = self.folder / "made.yml"
        if made.exists():
            other = edited(make(new.site), yaml.safe_load(made.read_text()))
            return self._without_files("mailwright", (make(old.site), other), ())
        if "hosts" in self.expected or str(self.expected.get("first", "")).startswith("No"):
            return review(old, new, today=self.today)
        before, after = Made(old, old.site, self.today), Made(new, new.site, self.today)
        newly = tuple(broken(before.findings, after.findings))
        return self._without_files("description", (before.plan, after.plan), newly)

    def _without_files(self, origin: Origin, plans: tuple[Plan, Plan], newly: tuple[Finding, ...]) -> Review:
        asked = Asked(self.today)
        found = compared(*plans, asked, newly=newly)
        old, new = self.side("old"), self.side("new")
        part = Part(origin, found.changes, judged(found, asked, new))
        return Review(old.named, new.named, (found.old, found.new), (part,), steps(found, part.risks))

    @cached_property
    def screen(self) -> str:
        """The first screen of the text, in one line."""
        return " ".join(" ".join(text.render(self.review).splitlines()[: text.SCREEN]).split())


@cache
def cases() -> tuple[Case, ...]:
    return tuple(Case(folder) for folder in sorted(CASES.glob("[0-9]*")))


def said(case: Case) -> Mapping[str, str]:
    """Id of each rule that fired → the gravest severity with which it did."""
    found: dict[str, Severity] = {}
    for one in case.review.risks:
        found[one.rule.id] = max(one.severity, found.get(one.rule.id, one.severity))
    return {rule: str(severity) for rule, severity in found.items()}


def differences(case: Case) -> Iterator[str]:
    """What the review says otherwise than the case expects, in words."""
    found = said(case)
    for rule in sorted(case.risks.keys() - found.keys()):
        yield f"{rule} is silent"
    for rule, severity in sorted(found.items()):
        if rule not in case.risks:
            yield f"{rule} ({severity}) fires: {_sentences(case, rule)}"
        elif severity != case.risks[rule]:
            yield f"{rule} is {severity} instead of {case.risks[rule]}: {_sentences(case, rule)}"
    yield from _changes(case)
    first = verdict.line(case.review)
    if not first.startswith(str(case.expected.get("first", ""))):
        yield f"it begins with {first!r} instead of {case.expected['first']!r}"
    for words in case.expected.get("screen", ()):
        if not any(word.lower() in case.screen.lower() for word in str(words).split("|")):
            yield f"the first screen does not say {words!r}"
    yield from _steps(case)
    hosts = case.expected.get("hosts")
    if hosts is not None and tuple(sorted(hosts)) != case.review.hosts:
        yield f"it reaches the hosts {list(case.review.hosts)} instead of {hosts}"


def _sentences(case: Case, rule: str) -> str:
    return "; ".join(whole(one.sentence) for one in case.review.risks if one.rule.id == rule)


def _changes(case: Case) -> Iterator[str]:
    counted = Counter(change.table for change in case.review.changes)
    wanted = case.expected.get("changes", {})
    for table, number in wanted.items():
        if counted[table] != number:
            yield f"{counted[table]} changes of {table} instead of {number}"
    if case.expected.get("others") == "none":
        for table in sorted(counted.keys() - wanted.keys()):
            yield f"{counted[table]} changes of {table}, where none is expected"


def _steps(case: Case) -> Iterator[str]:
    """Each word is looked for from where the one before it was found on."""
    found = " ".join(
        f"{whole(step.do)} {f'{step.wait} seconds' if step.wait else ''} {whole(step.why)}"
        for step in case.review.steps
    ).lower()
    at = 0
    for words in case.expected.get("steps", ()):
        places = [place for word in str(words).split("|") if (place := found.find(word.lower(), at)) >= 0]
        if not places:
            yield f"the steps do not say {words!r} in its place: {found or 'there are none'}"
            return
        at = min(places)


def unusable(case: Case) -> str:
    """The side that cannot be used; empty where both can."""
    for which in ("old", "new"):
        try:
            make(case.side(which).site)
        except (UnusableError, PlanError):
            return which
    return ""


def edited(plan: Plan, edits: list[Mapping[str, Any]]) -> Plan:
    """The plan with some rows made otherwise.

    ``where`` picks rows of ``table`` by their fields: ``set`` gives them other values, ``drop`` takes them away,
    ``order`` gives checks their new positions. ``like`` adds a copy of the first such row, with ``set``.
    """
    for edit in edits:
        table = edit["table"]
        rows = list(getattr(plan, table))
        picked = [row for row in rows if _is(row, edit.get("where", edit.get("like", {})))]
        assert picked, f"no row of {table} is meant by {edit}"
        if "like" in edit:
            rows.append(_with(picked[0], edit["set"]))
        elif "order" in edit:
            assert len(picked) == len(edit["order"]), f"the order of {table} is for {len(picked)} rows"
            for row, position in zip(picked, edit["order"], strict=True):
                rows[rows.index(row)] = replace(row, position=position)
        elif "drop" in edit:
            rows = [row for row in rows if row not in picked]
        else:
            rows = [_with(row, edit["set"]) if row in picked else row for row in rows]
        if table == "policies":
            rows = _numbered(rows)
        assert sorted(rows, key=lambda row: row.key) != list(getattr(plan, table)), f"nothing is done by {edit}"
        plan = replace(plan, **{table: tuple(sorted(rows, key=lambda row: row.key))})  # type: ignore[arg-type]
    return plan


def _is(row: Any, wanted: Mapping[str, Any]) -> bool:
    return all(getattr(row, name) == value for name, value in wanted.items())


def _with(row: Any, values: Mapping[str, Any]) -> Any:
    names = {field.name for field in fields(row)}
    assert values.keys() <= names
    return replace(row, **{name: _value(name, value) for name, value in values.items()})


def _value(name: str, value: Any) -> Any:
    if name in ("peers", "networks"):
        return tuple(map(ip_network, value))
    return ip_network(value) if name == "clients" and value != "authenticated" else value


def _numbered(rows: list[Any]) -> list[Any]:
    """Checks of each stage counted from 1 on."""
    seen: Counter[tuple[str, int, str]] = Counter()
    found = []
    for row in sorted(rows, key=lambda row: row.key):
        seen[row.key[:3]] += 1
        found.append(replace(row, position=seen[row.key[:3]]))
    return found


__all__ = ["CASES", "TODAY", "Case", "cases", "differences", "edited", "said", "unusable"]
