"""Cisco IOS and IOS XE: named access lists, one for each direction and family."""

from __future__ import annotations

from mailwright.border import access_lists
from mailwright.border.model import Dialect
from mailwright.formats import routers
from mailwright.plan.model import Plan

_KEYWORDS = {4: "ip access-list extended", 6: "ipv6 access-list"}


def render(plan: Plan) -> str:
    """The configuration. Raises FormatError for a row without addresses."""
    return access_lists.write(plan, "border/cisco_ios.j2", _KEYWORDS, routers.ios_address)


DIALECT = Dialect("Cisco IOS and IOS XE", "cisco-ios.txt", render)
