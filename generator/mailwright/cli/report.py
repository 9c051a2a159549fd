"""mailwright report: the compliance report."""

from __future__ import annotations

import hashlib
import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwright.cli import common

if TYPE_CHECKING:
    from mailwright.report.compliance import Basis, Report
    from mailwright.report.merge import Source
    from mailwright.report.since import Previous

PAGE, DATA = "index.html", "report.json"
_LARGEST = 64 * 1024 * 1024  # octets of a file that is read


class _Folder(click.Path):
    """A folder's path; click looks at once whether it is there, which no name with a NUL can be."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        if "\0" in os.fspath(value):
            self.fail("a name cannot hold a NUL", param, ctx)
        return super().convert(value, param, ctx)


@click.command("report")
@common.description
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="")
@click.option(
    "--evidence",
    "evidence",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE...",
    help="What runs of probes found: evidence.json of a rehearsal, the file of an audit. Several are merged.",
)
@click.option(
    "--previous",
    type=click.Path(path_type=Path),
    metavar="REPORT.JSON",
    help="The last report: what changed since then is said.",
)
@click.option(
    "--out",
    required=True,
    type=_Folder(path_type=Path, file_okay=False),
    help=f"Folder for the report: OUT/{PAGE} for people, OUT/{DATA} for programs.",
)
@common.today
def command(
    file: Path,
    more: tuple[Path, ...],
    evidence: tuple[Path, ...],
    previous: Path | None,
    out: Path,
    today: datetime | None,
) -> int:
    """Write the compliance report of the description SITE.YML: for each of the 52 requirements its text, what
    enforces it, what was seen, who vouches for it, what is waived, and a plain verdict: met, attested, not proven,
    not met.

    \b
    See for yourself, then write it down:
        mailwright rehearse site.yml --out rehearsal/
        mailwright audit site.yml --out outside.json
        mailwright report site.yml --out report/ \\
            --evidence outside.json rehearsal/*/evidence.json
    The page needs nothing else and prints well (to PDF from any browser). With the next one say what changed:
        mailwright report site.yml --out report/ \\
            --evidence new/*.json --previous report/report.json

    Evidence of several runs, from outside, inside and the hosts, makes one picture. Of one probe the newest result
    that showed something counts; that it could not be seen from elsewhere takes nothing back. The running service
    and rehearsals are kept apart: a failure in either is a failure, and the report says what was seen where.

    Evidence proves nothing when it is older than 92 days, dated in the future, or was made for a description that
    means something else: it is shown, and marked. That of another organisation is refused.

    Exit status: 0 nothing is broken (what is not proven is in the report), 1 something is not met and not waived,
    2 the description, the evidence or the last report could not be used; nothing is written then.
    """
    if more and not evidence:
        raise click.UsageError(f"What is {more[0]}? Files of evidence follow --evidence.")
    judged = common.judge(file, today)
    if judged.site is None or judged.plan is None:
        common.show(judged.findings, "text")
        if judged.status == 1:
            click.echo(
                "No report was made: the description breaks a MUST, so nothing can be built from it.", err=True
            )
        return judged.status

    from mailwright.report import report_html, report_json
    from mailwright.report.compliance import compile_
    from mailwright.report.since import compare

    day = today.date() if today else date.today()
    basis = _basis(judged, file.parent)
    sources = _sources((*evidence, *more), basis, day)
    before = _previous(previous, basis, day)
    report = compile_(basis, sources, day)
    changes = compare(before, report) if before else None
    _write(out, {PAGE: report_html.render(report, changes), DATA: report_json.render(report, changes)})
    _say(report, out)
    return 1 if report.fails else 0


def _basis(judged: common.Judged, folder: Path) -> Basis:
    """What the report is made of; the build is made in memory. Refused: values that no file can carry."""
    from mailwright.audit import for_site
    from mailwright.build import BuildError, inputs, project
    from mailwright.plan.digest import digest
    from mailwright.report.compliance import Basis

    assert judged.site is not None and judged.plan is not None  # noqa: S101, PT018 - the caller has looked
    checks = common.relative(judged.findings, folder)
    try:
        files = inputs.of(judged.reading, folder, judged.plan)
        tree = project(judged.site, judged.plan, checks, files)
    except BuildError as error:
        raise common.Refused(f"{error}; no report was made.") from None
    except OSError as error:
        raise common.Refused(f"{error.filename}: {error.strerror}; no report was made.") from None
    return Basis(judged.site, judged.plan.hosts, checks, files, tree, digest(judged.plan), for_site(judged.plan))


def _sources(files: tuple[Path, ...], basis: Basis, day: date) -> tuple[Source, ...]:
    """The evidence, merged from all files. Refused together: those that cannot be used."""
    from mailwright.report import merge
    from mailwright.report.evidence import from_json
    from mailwright.report.strict_json import UnreadableError

    domain = basis.site.primary.name
    runs, faults = [], []
    for file in files:
        try:
            data = _read(file)
            run = from_json(data.decode("utf-8"))
        except (UnreadableError, UnicodeDecodeError) as error:
            said = "it is not in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            faults.append(f"{file} is no evidence: {said}.")
            continue
        if run.domain != domain:
            faults.append(f"{file} is evidence of another organisation: {run.domain!r}, not {domain!r}.")
            continue
        runs.append((file.name, hashlib.sha256(data).hexdigest(), run))
    if faults:
        raise common.Refused("\n".join((*faults, "No report was made.")))
    return merge.sources(runs, basis.plan, day)


def _previous(file: Path | None, basis: Basis, day: date) -> Previous | None:
    from mailwright.report import since
    from mailwright.report.strict_json import UnreadableError

    if file is None:
        return None
    try:
        found = since.read(_read(file).decode("utf-8"))
    except (UnreadableError, UnicodeDecodeError) as error:
        said = "it is not in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise common.Refused(f"{file} is no report of mailwright: {said}. No report was made.") from None
    if found.domain != basis.site.primary.name:
        raise common.Refused(f"{file} is the report of another organisation: {found.domain!r}. No report was made.")
    if found.day > day:
        raise common.Refused(f"{file} is of {found.day}, which is later than {day}. No report was made.")
    return found


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST + 1)
    except OSError as error:
        raise common.Refused(f"{file}: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise common.Refused(f"{file} is larger than {_LARGEST:,} octets.")
    return data


def _write(out: Path, texts: dict[str, str]) -> None:
    """Both files or, on a full disk, the old ones. A page that mailwright did not write is left alone."""
    new = {name: out / f"{name}.new" for name in texts}
    try:
        if (out / PAGE).exists() and not (out / DATA).exists():
            raise common.Refused(
                f"{out / PAGE} is there already and was not written by mailwright. Name another folder."
            )
        out.mkdir(parents=True, exist_ok=True)
        try:
            for name, text in texts.items():
                new[name].write_text(text, encoding="utf-8")
            for name, path in new.items():
                path.replace(out / name)
        finally:
            for path in new.values():
                path.unlink(missing_ok=True)
    except OSError as error:
        raise common.Refused(f"{error.filename or out}: {error.strerror}") from None


def _say(report: Report, out: Path) -> None:
    """What was written, counts, and what the reader should know before sending it."""
    from mailwright.formats.visible import visible
    from mailwright.report.merge import Mark
    from mailwright.report.verdicts import Word

    words = ", ".join(f"{number} {word.value}" for word, number in report.counts.items())
    click.echo(f"{len(report.rows)} requirements: {words}")
    broken = [row.id for row in report.rows if row.verdict.word is Word.NOT_MET and not row.verdict.waived]
    if broken:
        click.echo(f"Not met: {', '.join(broken)}")
    for source in report.sources:
        if source.mark is not Mark.NONE:
            click.echo(
                f"{visible(source.name)} ({source.label}) is {source.mark.value}: it proves nothing.", err=True
            )
        if not source.run.complete:
            click.echo(f"{visible(source.name)} ({source.label}) was interrupted: not all probes ran.", err=True)
    click.echo(f"Written: {out / PAGE}, {out / DATA}")
