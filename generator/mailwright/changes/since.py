"""What came since a build: by a newer mailwright, and by a change of the description, told apart.

The description lies in the build. What today's mailwright makes of it is the place where the two ways meet:

    what was built ── mailwright ──▶ what would be built of the same today ── the description ──▶ what is new
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from mailwright.build.tree import DESCRIPTION, PERSONAL, PLAN
from mailwright.changes import files
from mailwright.changes.cause import Asked, Cause, compared, described, judged, nothing
from mailwright.changes.model import FileChange, Named, Part
from mailwright.changes.personal import personal
from mailwright.changes.side import Built, Made, Side, UnusableError
from mailwright.findings import Finding
from mailwright.records import dataclass

_NAMED = 3
"""How many files a warning names; more are counted."""


@dataclass(frozen=True, slots=True)
class Since:
    """What a review says of it.

    cause  the description's part; its comparison is of what was built, where everybody was compared
    """

    old: Named
    cause: Cause
    parts: tuple[Part, ...]
    warnings: tuple[str, ...]


def since(old: Built, new: Side, asked: Asked) -> Since:
    """What came since the build ``old``. Raises UnusableError for ``new``."""
    warnings = [*_as_it_lies(old)]
    made = _today(old, asked, warnings)
    if made is None:
        return _untold(old, new, asked, warnings)
    cause = nothing(made, asked) if made.side.same_inputs(new) else described(made.side, new, asked)
    part = _of_mailwright(old, made, asked, warnings)
    parts = (cause.part, part) if old.other_version or part.changes or part.files else (cause.part,)
    plan = old.earlier.plan
    if part.changes and plan is not None and cause.comparison.whole:
        cause = replace(cause, comparison=compared(plan, cause.comparison.new, asked))
    return Since(old.named(made.plan), cause, parts, tuple(warnings))


def _today(old: Built, asked: Asked, warnings: list[str]) -> Made | None:
    """What today's mailwright makes of the description in the build; None where that cannot be known."""
    apart = "so what a newer mailwright changes is not told apart from what the description changes"
    if old.described is None:
        warnings.append(f"{old.label} holds no description, {apart}.")
        return None
    try:
        made = Made(old.described, old.described.site, asked.today)
        _ = made.plan
    except UnusableError as error:
        first = next(finding for _, findings in error.faults for finding in findings)
        # Its message may name people, and a warning stands in comments too.
        warnings.append(f"This mailwright cannot use the description in {old.label} ({_cited(first)}), {apart}.")
        return None
    return made


def _cited(finding: Finding) -> str:
    return f"{finding.where}: {finding.id}" if finding.where is not None else finding.id


def _of_mailwright(old: Built, made: Made, asked: Asked, warnings: list[str]) -> Part:
    """From what was built to what would be built of the same description today."""
    today = made.built()
    touched = frozenset((*old.earlier.edited, *old.earlier.missing))
    found = files.compare(old.earlier.files, today, diffs=asked.complete)
    if not old.other_version:
        found = tuple(_not_of_the_day(found, touched))
    plan = old.earlier.plan
    if plan is None:
        warnings.append(f"Only the files of {old.label} are compared with today's: {old.earlier.why}.")
        return Part("mailwright", files=found)
    same = old.earlier.files[PLAN].data == today[PLAN].data
    comparison = compared(made.plan if same else plan, made.plan, asked)
    return Part("mailwright", comparison.changes, judged(comparison, asked, made.side), found)


def _not_of_the_day(found: Collection[FileChange], touched: Collection[str]) -> Iterator[FileChange]:
    """Without what another mailwright is not the cause of: changes by hand, which a warning tells of, and verdicts
    that another day brings, since waivers and attestations end."""
    return (change for change in found if change.path not in touched and change.area != "compliance")


def _untold(old: Built, new: Side, asked: Asked, warnings: list[str]) -> Since:
    """What can be shown where the build does not say, or cannot be asked, what it was made from."""
    made = Made(new, new.site, asked.today)
    found = files.compare(old.earlier.files, made.built(), diffs=asked.complete)
    plan = old.earlier.plan
    if plan is None:
        warnings.append(f"Of {old.label} the files alone are compared: {old.earlier.why}.")
    comparison = compared(made.plan if plan is None else plan, made.plan, asked)
    part = Part("description", comparison.changes, judged(comparison, asked, new), found)
    named = Named(old.label, "", old.earlier.folder.name, old.earlier.version) if plan is None else old.named(plan)
    return Since(named, Cause(part, comparison, made), (part,), tuple(warnings))


def _as_it_lies(old: Built) -> Iterator[str]:
    for paths, done in ((old.earlier.edited, "changed"), (old.earlier.missing, "taken away")):
        if paths:
            more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
            what = f"{', '.join(_called(old, path) for path in paths[:_NAMED])}{more} of {old.label}"
            were = "was" if len(paths) == 1 else "were"
            yield f"{what} {were} {done} since it was built; a new build takes that back."


def _called(old: Built, path: str) -> str:
    """A file that holds people's data may be named after them; of one that is gone nobody knows."""
    file = old.earlier.files.get(path)
    known = file.mode != PERSONAL if file is not None else not path.startswith(("hosts/", DESCRIPTION))
    return path if known else personal(path, "a file with people's data")
