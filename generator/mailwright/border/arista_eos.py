"""Arista EOS: named access lists, one for each direction and family."""

from __future__ import annotations

from mailwright.border import access_lists
from mailwright.border.model import Dialect
from mailwright.formats import routers
from mailwright.plan.model import Plan

_KEYWORDS = {4: "ip access-list", 6: "ipv6 access-list"}


def render(plan: Plan) -> str:
    """The configuration. Raises FormatError for a row without addresses."""
    return access_lists.write(plan, "border/arista_eos.j2", _KEYWORDS, routers.eos_address)


DIALECT = Dialect("Arista EOS", "arista-eos.txt", render)
