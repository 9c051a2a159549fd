"""The command line. Exit status: 0 all well, 1 findings that fail, 2 the input could not be used.

Verbs are loaded when they are called, so that ``--help`` reads nothing but this file and click.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click

from mailwright import __version__
from mailwright.records import dataclass

INTERRUPTED = 130  # 128 + SIGINT, as shells say it
PIPE_CLOSED = 141  # 128 + SIGPIPE
UNUSABLE = 2


@dataclass(frozen=True, slots=True)
class Verb:
    """``module`` of ``mailwright.cli`` has the command as ``command``; ``help`` is its line in ``--help``."""

    name: str
    module: str
    help: str


VERBS: tuple[Verb, ...] = (
    Verb("init", "init", "Write a commented description from a few questions or flags."),
    Verb("check", "check", "Every fault of a description and every requirement it breaks."),
    Verb("build", "build", "Make the Ansible project, DNS fragments and compliance matrix."),
    Verb("diff", "diff", "What a change of the description means, in words."),
    Verb("drift", "drift", "What is on the hosts, against what was built and applied."),
    Verb("rehearse", "rehearse", "Try the service on throw-away hosts; a verdict per requirement."),
    Verb("audit", "audit", "Look at the running service: what is shown, what fails, what is open."),
    Verb("report", "report", "The compliance report: every requirement with its evidence."),
    Verb("explain", "explain", "What a requirement or rule says, breaks it, mends it."),
    Verb("explain-value", "explain_value", "Which file of a description says a value, and which it overrides."),
    Verb(
        "new-customer",
        "new_customer",
        "Write the file of a provider's new customer; its DNS records and the steps.",
    ),
    Verb("dkim-key", "dkim_key", "Make a DKIM key pair."),
)


class Verbs(click.Group):
    """A group whose commands are the VERBS, imported when one is called."""

    # Arguments that click passes and nothing here needs.
    # ruff: noqa: ARG002
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [verb.name for verb in VERBS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for verb in VERBS:
            if verb.name == cmd_name:
                command: click.Command = import_module(f"mailwright.cli.{verb.module}").command
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb.name, verb.help) for verb in VERBS])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # whoever read us has gone; click would end with 1
            _silence()
            return PIPE_CLOSED

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            from difflib import get_close_matches

            close = get_close_matches(args[0], self.list_commands(ctx), 1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="mailwright", message="%(prog)s %(version)s")
def mailwright() -> None:
    """One description of an organisation's mail becomes a whole compliant service, and the proof of it.

    Exit status: 0 all well, 1 findings that fail, 2 the input could not be used, 3 a rehearsal could not be held.
    """


def main() -> NoReturn:
    """Runs the command line and ends the process."""
    # A description of 100,000 people makes millions of objects that live until the end. Looking for cycles among
    # them as often as Python does costs a third of a build.
    gc.set_threshold(1_000_000, 50, 50)
    if sys.stdout is None or sys.stderr is None:  # begun with one of them closed: nobody wants to hear it
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it lives as long as the process
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 still gets every finding
    sys.exit(_run())


def _run() -> int:
    try:
        status = mailwright.main(prog_name="mailwright", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(err=True)
        return INTERRUPTED
    except OSError as error:
        # Verbs answer for their files. What is left is standard output.
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        _silence()
        click.echo(f"Error: the output could not be written: {error.strerror}", err=True)
        return UNUSABLE
    return status if isinstance(status, int) else 0


def _silence() -> None:
    """Nothing more goes to standard output; else Python would complain when it flushes what is left at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
