"""mailwright rehearse: try the service on throw-away hosts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwright.cli import common

if TYPE_CHECKING:
    from mailwright.rehearsal.platform import PlatformOutcome
    from mailwright.rehearsal.rehearse import Outcome


@click.command("rehearse")
@common.description
@click.option(
    "--out",
    default=Path("rehearsal"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for what is left: OUT/<primary domain>/ gets the matrix, the build and the logs.",
)
@click.option(
    "--platform", "platform_", help="Of a provider's folder: which platform. Not needed where there is one."
)
@click.option("--keep", is_flag=True, help="Leave the hosts running, and say how to look around.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="The verdicts as a table, or as the matrix in JSON.",
)
@common.today
def command(file: Path, out: Path, platform_: str | None, keep: bool, format_: str, today: datetime | None) -> int:
    """Bring up the hosts of the description SITE.YML as containers in a small simulated Internet, apply to them
    the very project that build makes, and probe them from outside, from the campus and from within.

    Given a provider's folder in place of SITE.YML, the hosts are those of a shared platform with all its customers;
    the essential probes run for each customer, and attempts on the walls between them.

    Needs root and podman. The machine's own network is not touched, and nothing leaves it. Ends with a verdict for
    each requirement. Exit status: 0 every probe passed, 1 one did not, 2 the description could not be used, 3 the
    rehearsal could not be held.
    """
    if file.is_dir():
        return _platform(file, platform_ or "", out, keep, format_, today)
    if platform_ is not None:
        raise common.Refused(f"{file} is a description, and --platform is for a provider's folder.")
    judged = common.judge(file, today)
    if judged.site is None or judged.plan is None:
        common.show(judged.findings, "text")
        return judged.status

    from mailwright.build import inputs
    from mailwright.rehearsal.progress import progress
    from mailwright.rehearsal.rehearse import rehearse

    checks = common.relative(judged.findings, file.parent)
    folder = out / judged.site.primary.name
    with _held(), progress() as told:
        outcome = rehearse(judged.site, checks, inputs.of(judged.reading, file.parent), folder, told, keep)
    _show(outcome, folder, format_)
    return 0 if outcome.passed else 1


@contextmanager
def _held() -> Iterator[None]:
    """Makes of what can go wrong in a rehearsal its exit status."""
    from mailwright.build import BuildError
    from mailwright.build.writer import WriteRefusedError
    from mailwright.rehearsal.deploy import DeployError
    from mailwright.rehearsal.errors import LabError

    try:
        yield
    except DeployError as error:
        raise NotHeld(f"The project could not be applied:\n{error.words}\nAll of it: {error.log}") from None
    except (BuildError, WriteRefusedError, LabError) as error:
        raise NotHeld(str(error)) from None
    except OSError as error:
        raise NotHeld(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from None


def _platform(file: Path, name: str, out: Path, keep: bool, format_: str, today: datetime | None) -> int:
    """The same of a provider's platform, with a line for each customer."""
    from mailwright.findings import Findings
    from mailwright.provider.platform import read_platform
    from mailwright.provider.read import read
    from mailwright.rehearsal.platform import rehearse_platform
    from mailwright.rehearsal.progress import progress

    findings = Findings()
    provider = read(file, findings)
    if provider is None:
        raise common.unusable(findings.items)
    names = [platform.name for platform in provider.platforms]
    if name not in names and (name or len(names) != 1):
        known = ", ".join(names) or "none"
        raise common.Refused(f"Say which platform with --platform. {file} describes: {known}.")
    chosen = next(platform for platform in provider.platforms if platform.name == (name or names[0]))
    day = today.date() if today else date.today()
    shared, told = read_platform(chosen, day)
    if shared is None:
        raise common.unusable(told)
    folder = out / chosen.name
    with _held(), progress() as progressing:
        outcome = rehearse_platform(provider, shared, day, folder, progressing, keep)
    _show(outcome.own, folder, format_)
    _show_customers(outcome)
    return 0 if outcome.passed else 1


def _show_customers(outcome: PlatformOutcome) -> None:
    """A line for each customer, and what did not pass."""
    from mailwright.report import findings_text

    click.echo(err=True)
    for name, found in outcome.customers.items():
        troubled = [finding for finding in found if finding.status != "pass"]
        click.echo(f"{name}: {len(found) - len(troubled)} of {len(found)} passed", err=True)
        if troubled:
            click.echo(findings_text.render(troubled, colour=common.colour()), nl=False, err=True)
    for name, found in outcome.left_out.items():
        click.echo(f"{name} could not be used, and was left out:", err=True)
        failing = [finding for finding in found if finding.fails]
        click.echo(findings_text.render(failing, colour=common.colour()), nl=False, err=True)


class NotHeld(click.ClickException):
    """The rehearsal could not be held: exit status 3."""

    exit_code = 3


def _show(outcome: Outcome, folder: Path, format_: str) -> None:
    from mailwright.report import findings_text, verdicts_text

    if format_ == "json":
        click.echo((folder / "matrix.json").read_text(encoding="utf-8"), nl=False)
    else:
        verdicts_text.show(outcome.verdicts)
    troubled = [finding for finding in outcome.probes if finding.status != "pass"]
    if troubled:
        click.echo(err=True)
        click.echo(findings_text.render(troubled, colour=common.colour()), nl=False, err=True)
    if not outcome.complete:
        click.echo("Interrupted: not all probes have run.", err=True)
    steps = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in outcome.seconds.items())
    click.echo(f"\nTook {sum(outcome.seconds.values()):.0f} s ({steps}).", err=True)
    click.echo(f"Where to look: {folder}/matrix.html (each verdict with its evidence), {folder}/project/", err=True)
    if troubled:
        click.echo(f"               {folder}/logs/ (the hosts' logs)", err=True)
    if outcome.way_in:
        click.echo(f"\nThe hosts are still up. To look around:\n{outcome.way_in}", err=True)
