"""mailwright check: judge a description, or all customers of a provider."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwright.cli import common

if TYPE_CHECKING:
    from mailwright.findings import Finding
    from mailwright.provider.survey import Survey


@click.command("check")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, readable=False),
    metavar="SITE.YML|PROVIDER/...",
)
@common.output_format
@click.option("--impersonal", is_flag=True, help="Name nobody: say which rule and where, and not what was found.")
@click.option("--only", metavar="ID|FILE|DOMAIN", default="", help="Of a provider's customers, this one alone.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Processes that judge customers. Default: one for each processor, where customers are many.",
)
@common.today
def command(
    files: tuple[Path, ...], format_: str, impersonal: bool, only: str, jobs: int | None, today: datetime | None
) -> int:
    """Print every fault of the description SITE.YML and every requirement that it breaks.

    Each with file:line:column and the way to mend it; of several descriptions together, each judged alone. A folder
    is a provider's (with provider.yml in it): all of its customers are judged, and what stands in a shared layer is
    said once; of one customer's file in it, that customer is. Exit status: 0 nothing to mend, 1 a requirement is
    broken, 2 a description cannot be used.
    """
    from mailwright.provider.model import FILE
    from mailwright.provider.read import folder_of

    if only and (len(files) != 1 or not files[0].is_dir()):
        raise common.Refused("--only is for the folder of one provider.")
    findings: list[Finding] = []
    surveys: list[tuple[Path, Survey]] = []
    status = 0
    for file in files:
        folder = file if file.is_dir() else folder_of(file)
        if folder is not None:
            alone = only if file == folder or file.name == FILE else file
            told = _survey(folder, today, alone, jobs)
            surveys.append((file, told))
            findings += told.findings
            status = max(status, told.status)
        else:
            one = common.judge(file, today)
            findings += one.findings
            status = max(status, one.status)
    if impersonal:
        from mailwright.report.impersonal import impersonal as without_people

        findings = [without_people(finding) for finding in findings]
    common.show(findings, format_)
    for file, told in surveys:
        click.echo(f"{file}: {_counts(told)}", err=format_ != "text")
    return status


def _survey(folder: Path, today: datetime | None, only: str | Path, jobs: int | None) -> Survey:
    from mailwright.provider.survey import survey
    from mailwright.provider.which import NoCustomerError
    from mailwright.provider.workers import WorkerError

    shown = sys.stderr.isatty()

    def progress(done: int, of: int) -> None:
        if shown:
            click.echo(f"\r{done:,} of {of:,} customers", nl=done == of, err=True)

    try:
        return survey(folder, today.date() if today else date.today(), only, jobs or 0, progress)
    except NoCustomerError as error:
        raise common.Refused(str(error)) from None
    except WorkerError as error:
        raise common.Refused(str(error)) from None
    except OSError as error:
        raise common.Refused(f"{error.filename or folder}: {error.strerror}") from None


def _counts(told: Survey) -> str:
    """``6 customers: 4 well, 1 with something to mend, 1 that cannot be used``."""
    said = [f"{told.well:,} well"]
    if told.to_mend:
        said.append(f"{told.to_mend:,} with something to mend")
    if told.unusable:
        said.append(f"{told.unusable:,} that cannot be used")
    word = "customer" if told.customers == 1 else "customers"
    return f"{told.customers:,} {word}: {', '.join(said)}" if told.customers else "no customers"
