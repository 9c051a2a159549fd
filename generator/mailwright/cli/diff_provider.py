"""mailwright diff of two folders of a provider: the sides, the formats and the exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwright.changes.model import Severity
from mailwright.cli import common
from mailwright.records import dataclass

if TYPE_CHECKING:
    from mailwright.changes.cause import Asked
    from mailwright.changes.provider.model import ProviderReview
    from mailwright.source.folder import Folder


@dataclass(frozen=True, slots=True)
class Wanted:
    """How it is to be shown; as the options of ``mailwright diff`` say."""

    format: str
    files: bool
    personal: bool
    full_report: str
    fail_on: str | None
    exit_code: bool
    only: str | None
    jobs: int


def folders(words: Sequence[str], after: tuple[str, ...] | None, stack: ExitStack) -> tuple[Folder, Folder] | None:
    """The two folders that the arguments name; None where they name descriptions, or nothing that there is.

    Raises RevisionError.
    """
    from mailwright.provider.read import is_provider
    from mailwright.source.folder import OnDisk

    if after is None and len(words) == 2 and Path(words[0]).exists():
        if not all(Path(word).is_dir() for word in words) or not any(is_provider(Path(word)) for word in words):
            return None
        return OnDisk(Path(words[0])), OnDisk(Path(words[1]))
    revisions, paths = (words[:-1], words[-1:]) if after is None else (words, after)
    if len(paths) != 1 or len(revisions) not in (1, 2):
        return None
    path = Path(paths[0])
    if not (path.is_dir() or paths[0].endswith(os.sep)):
        return None
    return _of_revisions(revisions, path, stack)


def _of_revisions(revisions: Sequence[str], path: Path, stack: ExitStack) -> tuple[Folder, Folder] | None:
    from mailwright.provider.model import FILE
    from mailwright.source import folder
    from mailwright.source.revision import split_range

    both = split_range(revisions[0], path / FILE) if len(revisions) == 1 else tuple(revisions)
    old = stack.enter_context(folder.at(revisions[0] if both is None else both[0], path, absent=True))
    if both is not None:
        new: Folder = stack.enter_context(folder.at(both[1], path, absent=True))
    else:
        new = folder.OnDisk(path, wide=old.wide)
    return (old, new) if any(FILE in side.hashes for side in (old, new)) else None


def review(old: Folder, new: Folder, asked: Asked, wanted: Wanted) -> int:
    """Prints the review; the exit status. Raises RevisionError."""
    from mailwright.changes.provider.review import UnusableFolderError
    from mailwright.changes.provider.review import review as review_folders
    from mailwright.formats.visible import visible
    from mailwright.provider.workers import WorkerError

    try:
        if wanted.only is not None:
            return _only(old, new, asked, wanted, wanted.only)
        try:
            found = review_folders(old, new, asked, jobs=wanted.jobs, progress=_progress())
        except (WorkerError, OSError) as error:
            raise common.Refused(visible(f"The customers could not be judged: {error}")) from None
    except UnusableFolderError as error:
        _unusable(error, wanted)
        return 2
    click.echo(_rendered(found, new, wanted), nl=False, color=True)
    if found.broken:
        return 2
    grave = (
        wanted.fail_on is not None and found.worst is not None and found.worst >= Severity[wanted.fail_on.upper()]
    )
    return int(grave or (wanted.exit_code and found.differs))


def _only(old: Folder, new: Folder, asked: Asked, wanted: Wanted, id_: str) -> int:
    """The ordinary review of one customer."""
    from mailwright.changes import unusable, verdict
    from mailwright.changes.provider.review import only
    from mailwright.changes.side import UnusableError
    from mailwright.cli import diff
    from mailwright.formats.visible import visible

    try:
        found = only(old, new, asked, id_)
    except UnusableError as error:
        named = wanted.personal or wanted.format not in diff.IMPERSONAL
        click.echo(unusable.faults(error, personal=named), err=True, nl=False)
        return 2
    if isinstance(found, str):
        raise common.Refused(visible(found))
    shown = diff.rendered(found, new.prefix, wanted.format, wanted.files, wanted.personal, wanted.full_report)
    click.echo(shown, nl=False, color=True)
    grave = (
        wanted.fail_on is not None and found.worst is not None and found.worst >= Severity[wanted.fail_on.upper()]
    )
    return int(grave or (wanted.exit_code and verdict.differs(found)))


def _unusable(error: Exception, wanted: Wanted) -> None:
    from mailwright.changes.provider.review import UnusableFolderError
    from mailwright.cli import diff
    from mailwright.formats.visible import visible
    from mailwright.report.findings import in_order
    from mailwright.report.findings_text import render
    from mailwright.report.impersonal import impersonal

    assert isinstance(error, UnusableFolderError)  # noqa: S101
    named = wanted.personal or wanted.format not in diff.IMPERSONAL
    for label, broken in error.broken:
        click.echo(visible(f"{label}, the {broken.side} side, cannot be compared:"), err=True)
        findings = broken.findings if named else tuple(map(impersonal, broken.findings))
        click.echo(render(in_order(findings)), err=True, nl=False)


def _rendered(review: ProviderReview, new: Folder, wanted: Wanted) -> str:
    match wanted.format:
        case "html":
            from mailwright.changes.provider import html

            return html.render(review)
        case "json":
            from mailwright.changes.provider import json_

            return json_.render(review)
        case "markdown":
            from mailwright.changes.provider import markdown

            return markdown.render(review, personal=wanted.personal, full_report=wanted.full_report)
        case "sarif":
            from mailwright.changes.provider import sarif
            from mailwright.source import revision

            top = revision.top(Path.cwd())
            return sarif.render(review, personal=wanted.personal, top=top, prefix=new.prefix)
        case _:
            from mailwright.changes.provider import text

            return text.render(review, files=wanted.files, colour=common.colour())


class _Bar:
    """One line at a terminal that says how far it is."""

    def __call__(self, done: int, of: int) -> None:
        if of >= _WORTH and (done % _STEP == 0 or done == of):
            end = "\n" if done == of else ""
            click.echo(f"\rCustomers judged: {done:,} of {of:,}{end}", nl=False, err=True)


_WORTH, _STEP = 100, 20


def _progress() -> _Bar | None:
    return _Bar() if sys.stderr.isatty() else None
