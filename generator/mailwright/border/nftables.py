"""nftables: a table of our own on a Linux router, which touches no other."""

from __future__ import annotations

from mailwright.border.model import Dialect, judged, unjudged
from mailwright.formats import engine, nftables, routers
from mailwright.formats.engine import FormatError, Verbatim
from mailwright.plan.model import Because, Direction, Passage, Plan

_ENDINGS = {"permit": "accept", "reject": "reject with tcp reset"}


def render(plan: Plan) -> str:
    """The rule set. Raises FormatError for a row without addresses."""
    return engine.render(
        nftables.FORMAT,
        "border/nftables.nft.j2",
        organisation=plan.settings.organisation,
        inward=_rules(plan, "in"),
        outward=_rules(plan, "out"),
        unjudged=unjudged(plan),
    )


def _rules(plan: Plan, direction: Direction) -> tuple[tuple[Verbatim, int, Verbatim, Because], ...]:
    rows = (row for part in judged(plan) if part.direction == direction for row in part.rows)
    return tuple((_match(row), row.port, _ending(row), row.because) for row in rows)


def _match(row: Passage) -> Verbatim:
    networks = routers.checked(row.networks, row.version)
    (match,) = nftables.matches(networks, "daddr" if row.direction == "in" else "saddr")
    return match


def _ending(row: Passage) -> Verbatim:
    if row.verdict not in _ENDINGS:
        raise FormatError(row.verdict, nftables.NAME, "it is neither permit nor reject")
    return Verbatim(_ENDINGS[row.verdict])


DIALECT = Dialect("nftables", "nftables.nft", render)
