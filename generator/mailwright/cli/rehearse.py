"""mailwright rehearse: try the service on throw-away hosts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwright.cli import common

if TYPE_CHECKING:
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
def command(file: Path, out: Path, keep: bool, format_: str, today: datetime | None) -> int:
    """Bring up the hosts of the description SITE.YML as containers in a small simulated Internet, apply to them
    the very project that build makes, and probe them from outside, from the campus and from within.

    Needs root and podman. The machine's own network is not touched, and nothing leaves it. Ends with a verdict for
    each requirement. Exit status: 0 every probe passed, 1 one did not, 2 the description could not be used, 3 the
    rehearsal could not be held.
    """
    judged = common.judge(file, today)
    if judged.site is None or judged.plan is None:
        common.show(judged.findings, "text")
        return judged.status

    from mailwright.build import BuildError, inputs
    from mailwright.build.writer import WriteRefusedError
    from mailwright.rehearsal.deploy import DeployError
    from mailwright.rehearsal.errors import LabError
    from mailwright.rehearsal.progress import progress
    from mailwright.rehearsal.rehearse import rehearse

    checks = common.relative(judged.findings, file.parent)
    folder = out / judged.site.primary.name
    try:
        with progress() as told:
            outcome = rehearse(judged.site, checks, inputs.of(judged.reading, file.parent), folder, told, keep)
    except DeployError as error:
        raise NotHeld(f"The project could not be applied:\n{error.words}\nAll of it: {error.log}") from None
    except (BuildError, WriteRefusedError, LabError) as error:
        raise NotHeld(str(error)) from None
    except OSError as error:
        raise NotHeld(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from None
    _show(outcome, folder, format_)
    return 0 if outcome.passed else 1


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
