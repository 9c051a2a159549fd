"""What verbs share: reading a description with its verdict, and printing findings."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwright.findings import Finding, Level, Place, Status
from mailwright.records import dataclass

if TYPE_CHECKING:
    from mailwright.plan.model import Plan
    from mailwright.site.model import Site
    from mailwright.site.read import Reading

FORMATS = ("text", "json", "sarif", "github", "junit")

# Whether it can be read is said with a finding, as everything else of it is.
description = click.argument("file", type=click.Path(path_type=Path, readable=False), metavar="SITE.YML")
output_format = click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How findings are printed.",
)
today = click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Judge waivers and attestations as of this day instead of today.",
)


class Refused(click.ClickException):
    """The input could not be used: exit status 2."""

    exit_code = 2

    def format_message(self) -> str:
        from mailwright.formats.visible import visible

        return visible(self.message, keep="\n")


@dataclass(frozen=True, slots=True)
class Judged:
    """A description, read and judged. ``site`` and ``plan`` are None where a finding says why."""

    reading: Reading
    site: Site | None
    plan: Plan | None
    findings: tuple[Finding, ...]

    @property
    def status(self) -> int:
        """Exit status: 2 when the input could not be used, 1 when something fails, 0."""
        if any(finding.level is Level.ERROR and finding.fails for finding in self.findings):
            return 2
        return 1 if any(finding.fails for finding in self.findings) else 0

    @property
    def breaks_a_must(self) -> bool:
        return any(finding.level is Level.MUST and finding.fails for finding in self.findings)


def judge(file: Path, today: datetime | None) -> Judged:
    """Reads the description at ``file``, applies every rule, and plans; all findings together."""
    from mailwright.plan import PlanError, make
    from mailwright.requirements.evaluate import evaluate
    from mailwright.site.read import read

    reading = read(file)
    if reading.site is None:
        return Judged(reading, None, None, reading.findings)
    day = today.date() if today else date.today()
    findings = (*reading.findings, *evaluate(reading.site, day))
    judged = Judged(reading, reading.site, None, findings)
    if judged.breaks_a_must:
        return judged  # what the plan would say of it, a rule has said better
    try:
        return replace(judged, plan=make(reading.site))
    except PlanError as error:
        return replace(judged, findings=(*findings, *error.findings))


def show(findings: Sequence[Finding], format_: str) -> None:
    """Prints the findings to standard output; text in colour on a terminal, unless NO_COLOR is set."""
    from mailwright.report.findings import in_order, render
    from mailwright.report.findings_text import render as text

    if format_ == "text":
        click.echo(text(in_order(findings), colour=colour()), nl=False, color=True)
    else:
        click.echo(render(format_, findings), nl=False)


def colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def relative(findings: Sequence[Finding], folder: Path) -> tuple[Finding, ...]:
    """The findings with files named from ``folder`` on, so that what is built names no path of this machine."""
    return tuple(
        replace(finding, where=_from(finding.where, folder)) if finding.where else finding for finding in findings
    )


def _from(place: Place, folder: Path) -> Place:
    return replace(place, file=os.path.relpath(place.file, folder))


def unusable(findings: Sequence[Finding]) -> click.exceptions.Exit:
    """Prints the findings; raise what it returns to end with status 2."""
    show([finding for finding in findings if finding.status is not Status.PASS], "text")
    return click.exceptions.Exit(2)
