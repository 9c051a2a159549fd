"""Junos: firewall filters, one for each direction and family."""

from __future__ import annotations

from mailwright.border.model import Dialect, judged, unjudged
from mailwright.formats import engine, routers
from mailwright.formats.engine import Verbatim
from mailwright.plan.model import Because, Plan
from mailwright.records import dataclass

# The payload's own protocol: next-header sees only the first header, and an extension header would hide TCP.
_FAMILY = {4: ("inet", "protocol"), 6: ("inet6", "payload-protocol")}


@dataclass(frozen=True, slots=True)
class Term:
    name: Verbatim
    condition: Verbatim
    prefixes: tuple[Verbatim, ...]
    port: int
    action: Verbatim
    because: Because


@dataclass(frozen=True, slots=True)
class Filter:
    name: Verbatim
    family: Verbatim
    protocol: Verbatim
    terms: tuple[Term, ...]


def render(plan: Plan) -> str:
    """The configuration. Raises FormatError for a row without addresses."""
    filters = []
    for part in judged(plan):
        family, protocol = _FAMILY[part.version]
        terms = []
        for number, row in enumerate(part.rows, 1):
            condition, prefixes = routers.junos_addresses(row.direction, row.networks, part.version)
            action = routers.junos_action(row.verdict)
            name = Verbatim(f"{number}-{action}-{routers.write(row.port)}")
            terms.append(Term(name, condition, prefixes, row.port, action, row.because))
        name = Verbatim(f"mailwright-v{part.version}-{part.direction}")
        filters.append(Filter(name, Verbatim(family), Verbatim(protocol), tuple(terms)))
    return engine.render(
        routers.FORMAT,
        "border/junos.j2",
        organisation=plan.settings.organisation,
        filters=filters,
        unjudged=unjudged(plan),
    )


DIALECT = Dialect("Junos", "junos.conf", render)
