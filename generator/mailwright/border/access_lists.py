"""What the dialects with access lists have in common."""

from __future__ import annotations

from collections.abc import Callable

from mailwright.border.model import judged, unjudged
from mailwright.formats import routers
from mailwright.formats.engine import Verbatim, render
from mailwright.plan.model import Because, Plan
from mailwright.records import dataclass


@dataclass(frozen=True, slots=True)
class AccessList:
    """``opening`` begins the list, ``entries`` are the lines for each reason, ``rest`` lets all else through."""

    opening: Verbatim
    entries: tuple[tuple[Because, tuple[Verbatim, ...]], ...]
    rest: Verbatim


def write(
    plan: Plan, template: str, keywords: dict[int, str], address: Callable[[routers.Network], Verbatim]
) -> str:
    """The text of ``template``, with a list for each direction and family. Raises FormatError.

    keywords  what begins a list of each family
    """
    lists = []
    for part in judged(plan):
        name = f"MAILWRIGHT-V{part.version}-{part.direction.upper()}"
        entries = tuple(
            (
                row.because,
                routers.access_entries(row.verdict, row.direction, row.networks, part.version, row.port, address),
            )
            for row in part.rows
        )
        rest = "permit ip any any" if part.version == 4 else "permit ipv6 any any"
        lists.append(AccessList(Verbatim(f"{keywords[part.version]} {name}"), entries, Verbatim(rest)))
    return render(
        routers.FORMAT,
        template,
        organisation=plan.settings.organisation,
        lists=lists,
        unjudged=unjudged(plan),
    )
