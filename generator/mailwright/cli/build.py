"""mailwright build: make the project of a site, or of all customers of a provider."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwright.cli import common
from mailwright.findings import Finding, Level, Status

if TYPE_CHECKING:
    from mailwright.build import BuildError
    from mailwright.build.writer import Written
    from mailwright.provider.build import Result
    from mailwright.site.read import Reading


@click.command("build")
@click.argument("file", type=click.Path(path_type=Path, readable=False), metavar="SITE.YML|PROVIDER/")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for projects; this one becomes OUT/<primary domain>/.",
)
@click.option(
    "--only",
    metavar="ID|FILE|DOMAIN",
    default="",
    help="Of a provider's customers, this one alone; nothing of the others is read.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Processes that make customers. Default: one for each processor, where customers are many.",
)
@common.output_format
@common.today
def command(file: Path, out: Path, only: str, jobs: int | None, format_: str, today: datetime | None) -> int:
    """Make the Ansible project, the DNS fragments and the compliance matrix of the description SITE.YML.

    The description is judged first, as by check. Nothing is written when it cannot be used (exit status 2) or
    breaks a MUST (exit status 1). Where it breaks a SHOULD the project is written, and the exit status is 1 unless
    the breach is waived. Files in the folder that an earlier build did not write are left alone. Where
    there are several stores, stores.csv beside the description is written too: it remembers who is on which.

    A folder is a provider's (with provider.yml in it): each platform becomes OUT/<platform>/, with what is its
    customers' own in customers/<id>/ of it. Only what changed since the last build is made. A customer that cannot
    be built is reported, what was built of it before stays, and the others are built (exit status 1; 2 when nothing
    could be).
    """
    if file.is_dir():
        return _provider(file, out, only, jobs or 0, format_, today)
    if only or jobs:
        raise common.Refused("--only and --jobs are for the folder of a provider.")
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
            inputs.of(judged.reading, file.parent, judged.plan),
        )
        written = write(tree, folder)
        placed = inputs.remember(judged.plan, file.parent)
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


def _provider(folder: Path, out: Path, only: str, jobs: int, format_: str, today: datetime | None) -> int:
    from mailwright.provider.build import BusyError, build
    from mailwright.provider.which import NoCustomerError
    from mailwright.provider.workers import WorkerError

    day = today.date() if today else date.today()
    try:
        result = build(folder, out, day, only, jobs, _progress())
    except (BusyError, NoCustomerError) as error:
        raise common.Refused(str(error)) from None
    except WorkerError as error:
        raise common.Refused(f"{error} What was built before is as it was.") from None
    except OSError as error:
        raise common.Refused(
            f"{error.filename or out}: {error.strerror}. What was built before is as it was."
        ) from None
    if result.findings or format_ != "text":
        common.show(result.findings, format_)
    for remark in result.remarks:
        click.echo(remark, err=True)
    click.echo(f"{out}: {_made(result)}", err=format_ != "text")
    return result.status


def _progress() -> Callable[[int, int], None]:
    """Says on a terminal how far it is, several times a second."""
    began = said = time.monotonic()

    def progress(done: int, of: int) -> None:
        nonlocal said
        now = time.monotonic()
        if sys.stderr.isatty() and (now - said > 0.2 or (done == of and said > began)):
            said = now
            click.echo(f"\r{done:,} of {of:,} customers, {now - began:.0f} s", nl=done == of, err=True)

    return progress


def _made(result: Result) -> str:
    said = f"{result.built:,} customers built, {result.unchanged:,} unchanged, {result.failed:,} failed; "
    if not (result.added or result.changed or result.removed):
        return said + "no file changed"
    return said + f"files: {result.added:,} added, {result.changed:,} changed, {result.removed:,} removed"


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
