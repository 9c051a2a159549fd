"""mailwright drift: what is on the hosts, against what was built."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwright.cli import common
from mailwright.findings import Finding

if TYPE_CHECKING:
    from mailwright.drift.model import Host
    from mailwright.plan.model import Plan

NOT_ASKED = 3


class NotHeld(click.ClickException):
    """No host could be asked: exit status 3."""

    exit_code = NOT_ASKED


@click.command("drift")
@common.description
@click.option("--limit", "only", multiple=True, metavar="HOST", help="Only this host; may be given several times.")
@click.option("--diff", "shown", is_flag=True, help="Show how the texts of files differ.")
@click.option("--personal", is_flag=True, help="With --diff: of files that hold people too.")
@click.option(
    "--ssh-config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Configuration of ssh.  [default: your own]",
)
@common.output_format
@common.today
def command(
    file: Path,
    only: tuple[str, ...],
    shown: bool,
    personal: bool,
    ssh_config: Path | None,
    format_: str,
    today: datetime | None,
) -> int:
    """Compare what is on the hosts of the description SITE.YML with what was built and applied.

    Of a provider's folder, or the description of one of its platforms, the shared hosts are asked: of customers'
    fragments too, and of the tables that hosts made of them. What differs is named with its customer.

    \b
    drift.edited       a file that was edited by hand since the last apply
    drift.missing      one that was deleted
    drift.not-applied  the description has changed, and was not applied yet
    drift.product      a table that was deleted, or is not the one of its file
    drift.unit         a service that is stopped, failed, masked, not started
                       at boot, or runs with an older file
    drift.firewall     rules in force that are not those of the file, and
                       tables beside it
    drift.unreachable  a host that could not be asked

    Passwords, mail, members of lists that owners manage, people's own filters, bans and keys made on a host are no
    drift. Each host is asked by ssh, as root unless your ssh configuration says otherwise: a small program is sent
    to its python3, looks, and writes nothing. Secrets are never shown.

    Where nothing differs nothing is said, so that it can run from cron. Exit status: 0 nothing differs, 1 something
    does, 2 the description cannot be used, 3 nothing is known to differ but a host could not be asked.
    """
    plans, faults = _plans(file, today)
    if not plans:
        common.show(faults, "text")
        return 2
    findings: list[Finding] = []
    for plan, hosts in _hosts(plans, only):
        findings += _look(plan, hosts, ssh_config, shown, personal)
    _show(findings, format_)
    if any(finding.fails for finding in findings):
        return 1
    return NOT_ASKED if findings else 0


def _plans(file: Path, today: datetime | None) -> tuple[tuple[Plan, ...], tuple[Finding, ...]]:
    """Of the site, or of each of a provider's platforms; none, with findings, where one cannot be used."""
    folder = _provider(file)
    if folder is None:
        judged = common.judge(file, today)
        return (judged.plan,) if judged.site is not None and judged.plan is not None else (), judged.findings
    from mailwright.findings import Findings
    from mailwright.provider.platform import read_platform
    from mailwright.provider.read import read

    findings = Findings()
    provider = read(folder, findings)
    plans: list[Plan] = []
    told = list(findings.items)
    for platform in provider.platforms if provider is not None else ():
        if file.is_dir() or file.name == FILE or file.samefile(platform.file):
            shared, found = read_platform(platform, today.date() if today else date.today())
            if shared is None:
                return (), found
            plans.append(shared.served)
    if not plans and not told:
        raise common.Refused(f"{file} has no platform: hosts of a customer's own are asked by its own description")
    return tuple(plans), tuple(told)


FILE = "provider.yml"


def _provider(file: Path) -> Path | None:
    """The folder of the provider that is meant: itself, its provider.yml, or a platform's description."""
    if file.is_dir() or file.name == FILE:
        folder = file if file.is_dir() else file.parent
        return folder if (folder / FILE).exists() else None
    for folder in (file.absolute().parent, file.absolute().parent.parent):
        if file.exists() and (folder / FILE).is_file():
            from mailwright.findings import Findings
            from mailwright.provider.read import read

            provider = read(folder, Findings())
            if provider is not None and any(
                one.file.exists() and one.file.samefile(file) for one in provider.platforms
            ):
                return folder
    return None


def _hosts(plans: Sequence[Plan], only: tuple[str, ...]) -> Iterator[tuple[Plan, tuple[Host, ...]]]:
    """What must be on those that are asked. Raises ``common.Refused``."""
    from mailwright.build import BuildError
    from mailwright.drift import expected

    try:
        found = [(plan, expected.hosts(plan)) for plan in plans]
    except BuildError as error:
        raise common.Refused(f"{error}; see mailwright build.") from None
    names = [host.name for _, hosts in found for host in hosts]
    for name in only:
        if name not in names:
            raise common.Refused(f"no host is called {name}: {', '.join(names)}")
    for plan, hosts in found:
        chosen = tuple(host for host in hosts if not only or host.name in only)
        if chosen:
            yield plan, chosen


def _look(
    plan: Plan, hosts: tuple[Host, ...], ssh_config: Path | None, shown: bool, personal: bool
) -> tuple[Finding, ...]:
    from mailwright.audit import live, stand
    from mailwright.audit.ssh import NoSshError
    from mailwright.drift import answer, runner

    def told(text: str) -> None:
        if sys.stderr.isatty():
            click.echo(text, err=True)

    try:
        with live.shell(plan, stand.ways(plan), ssh_config) as shell:

            def ask(host: str, program: bytes) -> tuple[int, bytes]:
                argv = ("/usr/bin/python3", "-I", "-")
                return shell.talk(host, *argv, given=program, timeout=runner.LIMIT, most=answer.MOST)

            return runner.look(hosts, ask, told, shown, personal)
    except NoSshError as error:
        raise NotHeld(str(error)) from None
    except ValueError as error:  # a name of --ssh-config that ssh cannot include
        raise common.Refused(str(error)) from None


def _show(findings: Sequence[Finding], format_: str) -> None:
    """Text is by host, and nothing where nothing was found; for programs there is always a document."""
    if format_ != "text":
        common.show(findings, format_)
    elif findings:
        from mailwright.report.findings_text import render

        click.echo(render(findings, colour=common.colour()), nl=False, color=True)
