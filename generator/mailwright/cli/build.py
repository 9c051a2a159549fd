"""mailwright build: make the project of a site."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwright.cli import common
from mailwright.findings import Finding, Level, Status

if TYPE_CHECKING:
    from mailwright.build import BuildError
    from mailwright.build.writer import Written
    from mailwright.plan.model import Plan
    from mailwright.site.read import Reading


@click.command("build")
@common.description
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for projects; this one becomes OUT/<primary domain>/.",
)
@common.output_format
@common.today
def command(file: Path, out: Path, format_: str, today: datetime | None) -> int:
    """Make the Ansible project, the DNS fragments and the compliance matrix of the description SITE.YML.

    The description is judged first, as by check. Nothing is written when it cannot be used (exit status 2) or
    breaks a MUST (exit status 1). Where it breaks a SHOULD the project is written, and the exit status is 1 unless
    the breach is waived. Files in the folder that an earlier build did not write are left alone. Where
    there are several stores, stores.csv beside the description is written too: it remembers who is on which.
    """
    from mailwright.build import BuildError, inputs, project
    from mailwright.build.writer import WriteRefusedError, write

    judged = common.judge(file, today)
    if judged.site is None or judged.plan is None:
        common.show(judged.findings, format_)
        if judged.status == 1:
            click.echo("Nothing was built: the description breaks a MUST.", err=True)
        return judged.status
    folder = out / judged.site.primary.name
    try:
        tree = project(
            judged.site,
            judged.plan,
            common.relative(judged.findings, file.parent),
            inputs.of(judged.reading, file.parent),
        )
        written = write(tree, folder)
        placed = _remember_stores(judged.plan, file.parent)
    except BuildError as error:
        common.show((*judged.findings, *_findings(error, judged.reading)), format_)
        return 2
    except WriteRefusedError as error:
        raise common.Refused(f"{error}; nothing was written.") from None
    except OSError as error:
        raise common.Refused(f"{error.filename or folder}: {error.strerror}") from None
    common.show(judged.findings, format_)
    click.echo(f"{folder}: {_changes(written, len(tree))}", err=format_ != "text")
    if placed is not None:
        click.echo(
            f"{placed} remembers who is on which store: keep it with the description. New people got the emptiest; "
            "where somebody's mail is on another one already, say so there before you apply.",
            err=True,
        )
    return judged.status


def _remember_stores(plan: Plan, beside: Path) -> Path | None:
    """Write who is on which store, where there are several; the file's path when it was not so already."""
    from mailwright.site import placements

    if len(plan.with_function("store")) < 2:
        return None
    path = beside / placements.FILE
    text = placements.text((mailbox.login, mailbox.host) for mailbox in plan.mailboxes)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return None
    new = path.with_suffix(".csv.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)  # a full disk leaves the old one
    return path


def _findings(error: BuildError, reading: Reading) -> Iterable[Finding]:
    for fault in error.errors:
        yield Finding(
            "build.value",
            "",
            Level.ERROR,
            Status.FAIL,
            str(fault),
            "Write it without that.",
            reading.find(fault.value),
        )


def _changes(written: Written, files: int) -> str:
    if written.nothing:
        return f"{files} files, nothing changed"
    return (
        f"{files} files, {len(written.added)} added, {len(written.changed)} changed, {len(written.removed)} removed"
    )
