"""mailwright diff: what a change of the description means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailwright.plan.model import Plan

_side = click.Path(path_type=Path, readable=False)  # whether it can be read is said with a finding


@click.command("diff")
@click.argument("old", type=_side, metavar="OLD.YML")
@click.argument("new", type=_side, metavar="NEW.YML")
@click.option(
    "--format",
    "format_",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="Sentences for people, or every change with its rows for programs.",
)
@click.option("--exit-code", is_flag=True, help="Exit status 1 when something changes.")
def command(old: Path, new: Path, format_: str, exit_code: bool) -> int:
    """Say in words what changes when the description OLD.YML becomes NEW.YML.

    Not the lines that differ, but what they mean: which host does what, whose mailbox moves, which addresses
    appear or vanish, who may send and relay, which ports open, what the DNS has to say. Comments, the order of
    settings and the words of reasons mean nothing, so they are not shown. Nothing is written.

    \b
    Compare a change that is not yet committed:
        git show HEAD:site.yml > old.yml
        mailwright diff old.yml site.yml
    Files that the description names, such as people.csv, are looked for beside each of the two.

    Requirements are not judged here: see check. Exit status: 0, or with --exit-code 1 when something changes; 2
    when one of the two cannot be used.
    """
    before, after = _plan(old), _plan(new)
    if before is None or after is None:
        return 2
    from mailwright.changes import compare, json_, text

    changes = compare(before, after)
    if format_ == "json":
        click.echo(json_.render(changes), nl=False)
    else:
        click.echo(text.render(changes), nl=False)
    return 1 if exit_code and changes else 0


def _plan(file: Path) -> Plan | None:
    """The plan of a description; None, with what is the matter printed, where it cannot be used."""
    from mailwright.plan import PlanError, make
    from mailwright.report.findings import in_order
    from mailwright.report.findings_text import render
    from mailwright.site.read import read

    reading = read(file)
    findings = reading.findings
    if reading.site is not None:
        try:
            return make(reading.site)
        except PlanError as error:
            findings = (*findings, *error.findings)
    click.echo(f"{file} cannot be compared:", err=True)
    click.echo(render(in_order(findings)), err=True, nl=False)
    return None
