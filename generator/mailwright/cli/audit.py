"""mailwright audit: is it true out there?"""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from mailwright.cli import INTERRUPTED, common

if TYPE_CHECKING:
    from mailwright.audit.live import Live
    from mailwright.audit.model import Probe, Where
    from mailwright.report.evidence import Run

_FORMATS = ("text", "json", "junit", "sarif", "html")


class NotHeld(click.ClickException):
    """The audit could not be held: exit status 3."""

    exit_code = 3


def _address(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    for value in values:
        try:
            ip_address(value)
        except ValueError:
            raise click.BadParameter(f"{value} is no IP address") from None
    return tuple(values)


def _number(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    if math.isnan(value):  # which is neither below nor above any bound
        raise click.BadParameter(f"{value} is no number")
    return value


@click.command("audit")
@common.description
@click.option(
    "--vantage",
    type=click.Choice(("outside", "inside", "host")),
    default="outside",
    show_default=True,
    help="From where to look: see above.",
)
@click.option(
    "--resolver",
    multiple=True,
    metavar="ADDR",
    callback=_address,
    help="Address of the resolver to ask; may be given several times.  [default: this machine's]",
)
@click.option(
    "--only",
    multiple=True,
    metavar="CHECK",
    help="Only this check, or this group of them (relay); may be given several times.",
)
@click.option(
    "--limit",
    type=click.FloatRange(min=1),
    default=900,
    show_default=True,
    callback=_number,
    help="Seconds for the whole; what was not tried by then is not proven.",
)
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Checks at a time.")
@click.option(
    "--ssh-config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Configuration of ssh for --vantage host.  [default: your own]",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="How the results are printed.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep the evidence, as JSON, for mailwright report.",
)
@common.today
def command(
    file: Path,
    vantage: str,
    resolver: tuple[str, ...],
    only: tuple[str, ...],
    limit: float,
    jobs: int,
    ssh_config: Path | None,
    format_: str,
    out: Path | None,
    today: datetime | None,
) -> int:
    """Look at the running mail service of the description SITE.YML, whoever built it, and say of each requirement
    what is shown, what fails and what could not be tried.

    \b
    outside  this machine, somewhere on the Internet: DNS, relaying, submission,
             addresses, transport security, the store, open ports
    inside   this machine, in the campus or management networks of the
             description: relaying, the store, open ports, the border outwards
    host     commands on each host by ssh, as root unless your ssh configuration
             says otherwise: logs, clocks, firewall, where messages end up

    The machine must really be there: its own address is compared with the description's networks, and what it would
    not see from where it is stays not proven. Runs from several vantages are merged by mailwright report.

    Nothing is changed. Most checks need what `audit:` in the description names: mailboxes that are kept for tests,
    with files that hold their passwords (for their owner alone), and a mailbox elsewhere that is read by IMAP.
    Messages go from and to those, and to the further addresses that are named there; to nobody else. Each is
    marked: its Subject: says "test message of a mail audit", and it has an X-Mailwright-Audit: line. They are
    removed from the mailbox elsewhere in the end, and stay in the others. The resolver, the name servers and the
    hosts of the description, the mail hosts of the mailbox elsewhere and the published documents are asked; nothing
    else is. No password is sent but over TLS with a good certificate.

    Exit status: 0 all is proven and well, 1 something fails or could not be shown, 2 the input could not be used, 3
    the audit could not be held, 130 interrupted or terminated (with what was known by then).
    """
    judged = common.judge(file, today)
    if judged.site is None or judged.plan is None:
        common.show(judged.findings, "text")
        return 2

    from mailwright.audit import live
    from mailwright.plan.digest import digest

    secrets = live.read_secrets(judged.site, file.parent)
    if secrets.findings:
        raise common.unusable(secrets.findings)
    where = cast("Where", vantage)
    try:
        if only:  # before anything is opened
            _chosen(live.asked(live.known(judged.site), where), only)
        if out is not None:
            _check(out)
        with _terminable(), live.held(judged.site, where, secrets, resolver, ssh_config) as audit:
            for remark in audit.remarks:
                click.echo(f"Note: {remark}", err=True)
            run = _run(
                audit,
                _chosen(audit.probes, only),
                vantage,
                judged.site.primary.name,
                digest(judged.plan),
                jobs,
                limit,
            )
            notes = _notes(audit, only)
    except live.NotHeldError as error:
        raise NotHeld(str(error)) from None
    except ValueError as error:
        raise common.Refused(str(error)) from None
    try:
        _show(judged.site.organisation.name, run, notes, format_)
        if not run.complete:
            click.echo("Not all checks have run.", err=True)
    finally:  # whoever reads us may have gone
        if out is not None:
            _keep(run, out)
    return _status(run, limit)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM, which time limits and service managers send, ends the run as SIGINT does: what is known is told."""
    if threading.current_thread() is not threading.main_thread():  # no other may say what a signal does
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(
    audit: Live, probes: tuple[Probe, ...], vantage: str, domain: str, plan: str, jobs: int, limit: float
) -> Run:
    from mailwright import __version__
    from mailwright.audit import runner
    from mailwright.rehearsal.progress import progress
    from mailwright.rehearsal.rehearse import level
    from mailwright.report.evidence import Run

    started = datetime.now(UTC)
    with progress() as told:
        told.step(f"{len(probes)} checks from {vantage}")
        ran = runner.run(probes, audit.context, level, told.probe, jobs, limit)
    return Run(
        kind="audit",
        vantages=(vantage,),
        addresses=tuple(map(str, audit.addresses)),
        started=started,
        ended=datetime.now(UTC),
        version=__version__,
        domain=domain,
        plan=plan,
        complete=ran.complete,
        findings=ran.findings,
    )


def _chosen(probes: tuple[Probe, ...], only: tuple[str, ...]) -> tuple[Probe, ...]:
    if not only:
        return probes
    for word in only:
        if not any(_is_meant(probe, word) for probe in probes):
            raise ValueError(f"no check from here is called {word}: {', '.join(_groups(probes))}")
    return tuple(probe for probe in probes if any(_is_meant(probe, word) for word in only))


def _is_meant(probe: Probe, word: str) -> bool:
    return probe.id == word or probe.id.startswith(f"{word}.")


def _groups(probes: tuple[Probe, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(probe.id.partition(".")[0] for probe in probes))


def _notes(audit: Live, only: tuple[str, ...]) -> tuple[str, ...]:
    notes = [f"{count} checks need --vantage {where}" for where, count in audit.elsewhere.items() if count]
    if audit.alone:
        ids = ", ".join(probe.id for probe in audit.alone)
        notes.append(f"{len(audit.alone)} checks are for rehearsals alone: they would do harm or need more ({ids})")
    if only:
        notes.insert(0, f"only {', '.join(only)} was asked for")
    return (*audit.remarks, f"{'; '.join(notes)}.") if notes else audit.remarks


def _check(out: Path) -> None:
    """That the evidence can be written in the end, as far as can be known before. Raises ``common.Refused``."""
    beside = _beside(out)
    try:
        if out.exists() and not out.is_file():  # a device, which would be replaced
            raise common.Refused(f"{out} is there and is no file: name another with --out. Nothing was asked.")
        beside.write_bytes(b"")
        beside.unlink()
    except OSError as error:
        raise common.Refused(
            f"The evidence cannot be written to {out}: {error.strerror}. Nothing was asked."
        ) from None


def _keep(run: Run, out: Path) -> None:
    from mailwright.report.evidence import to_json

    beside = _beside(out)
    try:
        try:
            beside.write_text(to_json(run), encoding="utf-8")
            beside.replace(out)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise NotHeld(f"The evidence could not be written to {out}: {error.strerror}") from None


def _beside(out: Path) -> Path:
    """Where it is written first, in the same folder; no longer a name than others have."""
    return out.with_name(f".mailwright-{os.getpid()}.new")


def _show(organisation: str, run: Run, notes: tuple[str, ...], format_: str) -> None:
    from mailwright.report import audit_html, audit_text, findings

    if format_ == "text":
        moment = run.started.isoformat(sep=" ", timespec="minutes").removesuffix("+00:00")
        click.echo(f"{run.domain} from {', '.join(run.vantages)} ({', '.join(run.addresses)}), {moment} UTC\n")
        click.echo(audit_text.render(run.findings, colour=common.colour()), nl=False, color=True)
        for note in notes:
            click.echo(note)
    elif format_ == "html":
        click.echo(audit_html.render(organisation, run, notes), nl=False)
    else:
        click.echo(findings.render(format_, run.findings), nl=False)


def _status(run: Run, limit: float) -> int:
    if not run.complete and (run.ended - run.started).total_seconds() < limit:
        return INTERRUPTED
    return 0 if all(finding.status.value == "pass" for finding in run.findings) else 1
