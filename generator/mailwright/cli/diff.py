"""mailwright diff: what a change of the description means, how risky it is, and in which order to make it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from math import isnan
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

import click

from mailwright.changes.model import THRESHOLD, Severity
from mailwright.cli import common

if TYPE_CHECKING:
    from mailwright.changes.model import Review
    from mailwright.changes.side import Built, Side
    from mailwright.source.folder import Folder

FORMATS = ("text", "markdown", "html", "json", "sarif")
APART = "--"

_COMPLETE = ("html", "json")
"""Formats that have the differences of all files."""
IMPERSONAL = ("markdown", "sarif")
"""Formats that strangers may read: without people unless they are asked for."""
_LONG = 2.0
"""Seconds after which somebody at a terminal is told what takes so long."""


class _Apart(click.Command):
    """Keeps what stands behind ``--`` apart: paths, as in git. click would forget where it stood."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        before, after = args, None
        if APART in args:
            at = args.index(APART)
            before, after = args[:at], tuple(args[at + 1 :])
        ctx.meta[APART] = after
        return super().parse_args(ctx, before)


class _New(common.Refused):
    """The old revision has no such description."""

    exit_code = 3


class _Percent(click.FloatRange):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """NaN is below nothing and above nothing, so no share of rows would ever be too much."""
        found: float = super().convert(value, param, ctx)
        if isnan(found):
            self.fail(f"{value!r} is no number.", param, ctx)
        return found


@click.command("diff", cls=_Apart)
@click.argument("sides", nargs=-1, metavar="OLD [NEW] | REVISION -- SITE.YML")
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="For a terminal, for a comment, a page that holds everything, for programs, for code scanning.",
)
@click.option("--files", is_flag=True, help="Text: the differences of the files too, not only their names.")
@click.option(
    "--personal",
    is_flag=True,
    help="Markdown, SARIF: name people; otherwise they are counted, and of a description that cannot be used only "
    "rules and places are said.",
)
@click.option(
    "--full-report",
    metavar="TEXT",
    default="",
    help="Markdown: where the whole report is, said when a comment has no room for it.",
)
@click.option(
    "--fail-on",
    type=click.Choice([str(severity) for severity in Severity]),
    help="Exit status 1 when there is a risk as grave as this or graver.",
)
@click.option("--exit-code", is_flag=True, help="Exit status 1 when something changes.")
@click.option(
    "--threshold",
    type=_Percent(0, 100),
    default=round(THRESHOLD * 100),
    show_default=True,
    metavar="PERCENT",
    help="Share of a table's rows, of ten or more, above which a change is a risk because it is so much at once.",
)
@click.option("--force", metavar="REASON", help="Let so much at once pass; the review shows the reason.")
@click.option("--tell-new", is_flag=True, help="Exit status 3 when OLD, a revision, has no such description.")
@click.option(
    "--only",
    metavar="ID|FILE|DOMAIN",
    help="Of a provider's folders: the whole review of that customer alone.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Of a provider's folders: so many processes judge customers where there are many.",
)
@common.today
@click.pass_context
def command(
    ctx: click.Context,
    sides: tuple[str, ...],
    format_: str,
    files: bool,
    personal: bool,
    full_report: str,
    fail_on: str | None,
    exit_code: bool,
    threshold: float,
    force: str | None,
    tell_new: bool,
    only: str | None,
    jobs: int,
    today: datetime | None,
) -> int:
    """Say what changes when one description becomes another, how risky it is, and in which order to make it.

    Not the lines that differ, but what they mean: which risks there are and the safe way round each; whose mailbox
    moves, which addresses appear or vanish, who may send and relay, which ports open, what the DNS has to say; and
    which files change on which hosts. Comments and the order of settings mean nothing. Nothing is written.

    \b
    Two files; files that they name, such as people.csv, are looked for beside each:
        mailwright diff old.yml new.yml
    What is in git, against the file as it is now, or against a later revision:
        mailwright diff HEAD -- site.yml
        mailwright diff main..change -- site.yml
        mailwright diff main...change -- site.yml      since change left main
    What was built, against what this mailwright makes of the description:
        mailwright diff build/college.ac.uk site.yml
    A provider's folder, with the customers that a change reaches in groups:
        mailwright diff HEAD~1 -- provider/
        mailwright diff old-provider/ provider/

    \b
    In CI: a comment that names nobody, and a status that stops a grave change:
        mailwright diff "$(git merge-base origin/main HEAD)" --format markdown --fail-on high -- site.yml

    Exit status: 0; 1 with --fail-on or --exit-code; 2 when one of the two cannot be used; 3 with
    --tell-new.
    """
    from mailwright.changes.review import review
    from mailwright.changes.side import UnusableError

    if force is not None and not force.strip():
        raise click.UsageError("--force wants a reason, which the review shows.")
    day = today.date() if today else date.today()
    with ExitStack() as stack, _patience():
        both = _folders(sides, ctx.meta[APART], stack)
        if both is not None:
            from mailwright.changes.cause import Asked
            from mailwright.cli.diff_provider import Wanted
            from mailwright.cli.diff_provider import review as review_provider
            from mailwright.formats.visible import visible
            from mailwright.source.git import RevisionError

            asked = Asked(day, threshold / 100, force or "", files or format_ in _COMPLETE)
            wanted = Wanted(format_, files, personal, full_report, fail_on, exit_code, only, jobs)
            try:
                return review_provider(*both, asked, wanted)
            except RevisionError as error:
                raise common.Refused(visible(str(error))) from None
        if only is not None:
            raise click.UsageError("--only is for the folders of a provider.")
        try:
            old, new = _sides(sides, ctx.meta[APART], stack)
        except _New as absent:
            raise absent if tell_new else common.Refused(absent.message) from None
        try:
            found = review(
                old,
                new,
                today=day,
                threshold=threshold / 100,
                forced=force or "",
                complete=files or format_ in _COMPLETE,
            )
        except UnusableError as error:
            from mailwright.changes import unusable

            named = personal or format_ not in IMPERSONAL
            click.echo(unusable.render(error, old, new, day, personal=named), err=True, nl=False)
            return 2
    click.echo(rendered(found, new.prefix, format_, files, personal, full_report), nl=False, color=True)
    return _status(found, fail_on, exit_code)


def _sides(words: Sequence[str], after: tuple[str, ...] | None, stack: ExitStack) -> tuple[Side | Built, Side]:
    """The two sides that the arguments name; files of revisions are there until ``stack`` ends."""
    if after is None and len(words) == 2 and Path(words[0]).exists():
        new = _description(words[1])
        return (_build(words[0], new) if Path(words[0]).is_dir() else _description(words[0])), new
    revisions, paths = (words[:-1], words[-1:]) if after is None else (words, after)
    if len(paths) != 1 or len(revisions) not in (1, 2):
        raise click.UsageError(
            "Name two descriptions, or a git revision and a description: mailwright diff HEAD -- site.yml"
        )
    return _of_revisions(revisions, paths[0], after is not None, stack)


def _folders(words: Sequence[str], after: tuple[str, ...] | None, stack: ExitStack) -> tuple[Folder, Folder] | None:
    """The two sides where they are folders of a provider."""
    if not any(word.endswith(os.sep) or Path(word).is_dir() for word in (*words, *(after or ()))):
        return None
    from mailwright.cli.diff_provider import folders
    from mailwright.formats.visible import visible
    from mailwright.source.git import RevisionError

    try:
        return folders(words, after, stack)
    except RevisionError as error:
        raise common.Refused(visible(str(error))) from None


def _of_revisions(revisions: Sequence[str], path: str, apart: bool, stack: ExitStack) -> tuple[Side | Built, Side]:
    from mailwright.formats.visible import visible
    from mailwright.source.git import RevisionError
    from mailwright.source.revision import NoDescriptionError, split_range

    file = Path(path)
    if file.is_dir():
        raise common.Refused(visible(f"{path} is a folder: of git revisions, name the description in it."))
    before: Side | None = None
    try:
        both = split_range(revisions[0], file) if len(revisions) == 1 else tuple(revisions)
        before = _revision(revisions[0] if both is None else both[0], file, stack)
        if both is not None:
            return before, _revision(both[1], file, stack)
    except RevisionError as error:
        no_file = "" if apart else f"There is no file {revisions[0]}, so it is taken for a git revision. "
        kind = _New if isinstance(error, NoDescriptionError) and before is None else common.Refused
        raise kind(visible(f"{no_file}{error}")) from None
    return before, _description(path)


def _revision(revision: str, file: Path, stack: ExitStack) -> Side:
    from mailwright.changes.side import Side
    from mailwright.site import distribution, placements
    from mailwright.source.revision import at

    checkout = stack.enter_context(at(revision, file, beside=placements.FILE, tables=distribution.TABLE))
    return Side(checkout.label, checkout.description, checkout.shown, checkout.prefix)


def _description(path: str) -> Side:
    from mailwright.changes.side import Side
    from mailwright.formats.visible import visible

    if Path(path).is_dir():
        raise common.Refused(
            visible(
                f"{path} is a folder. A build can be the old side alone, since what would be built is known of a "
                "description only: name that as the new side. A build keeps the one that it was made from, in "
                "description/."
            )
        )
    return Side(path, Path(path))


def _build(path: str, other: Side) -> Built:
    """The build in a folder; of several in it, that of the other side's domain."""
    from mailwright.build import manifest
    from mailwright.build.earlier import EarlierError, read
    from mailwright.changes.side import Built
    from mailwright.formats.visible import visible

    folder, domain = Path(path), ""
    if not (folder / manifest.NAME).is_file() and other.reading.site is not None:
        domain = other.reading.site.primary.name
    try:
        return Built.of(path, read(folder, domain))
    except EarlierError as error:
        raise common.Refused(visible(str(error))) from None


def rendered(review: Review, prefix: str, format_: str, files: bool, personal: bool, full_report: str) -> str:
    match format_:
        case "html":
            from mailwright.changes import html

            return html.render(review)
        case "json":
            from mailwright.changes import json_

            return json_.render(review)
        case "markdown":
            from mailwright.changes import markdown

            return markdown.render(review, personal=personal, full_report=full_report)
        case "sarif":
            from mailwright.changes import sarif
            from mailwright.source import revision

            return sarif.render(review, personal=personal, top=revision.top(Path.cwd()), prefix=prefix)
        case _:
            from mailwright.changes import text

            return text.render(review, files=files, colour=common.colour())


def _status(review: Review, fail_on: str | None, exit_code: bool) -> int:
    from mailwright.changes import verdict

    grave = fail_on is not None and review.worst is not None and review.worst >= Severity[fail_on.upper()]
    return int(grave or (exit_code and verdict.differs(review)))


@contextmanager
def _patience() -> Iterator[None]:
    """Somebody who waits at a terminal is told so."""
    if not sys.stderr.isatty():
        yield
        return
    timer = Timer(_LONG, click.echo, ("Comparing …",), {"err": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
