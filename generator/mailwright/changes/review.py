"""Two sides → a Review: what differs between them and why, which risks that brings, and in which order to make it.

>>> print(text.render(review(Side("old.yml", old), Side("new.yml", new), today=date.today())))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from mailwright import __version__
from mailwright.changes.cause import Asked, described
from mailwright.changes.model import THRESHOLD, Named, Part, Review
from mailwright.changes.side import Built, Side
from mailwright.changes.since import since
from mailwright.changes.steps import steps
from mailwright.changes.words import number
from mailwright.findings import Finding, Level


def review(
    old: Side | Built,
    new: Side,
    *,
    today: date,
    threshold: float = THRESHOLD,
    forced: str = "",
    complete: bool = False,
) -> Review:
    """What the way from ``old`` to ``new`` brings; ``cause.Asked`` explains the rest.

    Of a build, what another mailwright made of the same description is told apart from what the new description
    changes.

    Raises UnusableError, with what is the matter on each side.
    """
    asked = Asked(today, threshold, forced, complete)
    warnings: tuple[str, ...] = ()
    edited = 0
    if isinstance(old, Built):
        found = since(old, new, asked)
        cause, parts, before = found.cause, found.parts, found.old
        warnings = (*found.warnings, *_not_made(old, parts))
        edited = len(old.earlier.edited) + len(old.earlier.missing)
    else:
        cause = described(old, new, asked)
        parts, before = (cause.part,), old.named
    site = cause.new.site  # where nothing differs, only one of two descriptions has been read
    after = Named(new.label, site.organisation.name, site.primary.name, __version__)
    comparison = cause.comparison
    return Review(
        before,
        after,
        (comparison.old, comparison.new),
        parts,
        steps(comparison, [risk for part in parts for risk in part.risks]),
        (*warnings, *_about(before, after, cause.new.findings)),
        complete,
        edited,
    )


def _not_made(old: Built, parts: Iterable[Part]) -> Iterator[str]:
    """Of a build by this very mailwright, which has nothing that a newer one would change."""
    files = sum(len(part.files) for part in parts if part.origin == "mailwright")
    if files and not old.other_version:
        yield (
            f"{number(files, 'file')} of {old.label} {'is' if files == 1 else 'are'} not what mailwright "
            f"{__version__}, which its manifest names, makes of the description in it: the build and its manifest "
            "were changed, or another mailwright of that number made it. A new build takes that back."
        )


def _about(old: Named, new: Named, findings: Iterable[Finding]) -> Iterator[str]:
    """What the reader has to know of the two. ``findings`` are about the new one."""
    if old.organisation and old.organisation != new.organisation and old.domain != new.domain:
        yield (
            f"These are two organisations: {old.label} is {old.organisation} ({old.domain}), and {new.label} is "
            f"{new.organisation} ({new.domain})."
        )
    musts = sorted({finding.id for finding in findings if finding.fails and finding.level is Level.MUST})
    if musts:
        yield f"Nothing can be built from {new.label} while it breaks {', '.join(musts)}: see `mailwright check`."
