"""chrony: clocks that are right to a second (MSG-3)."""

from __future__ import annotations

import re

from mailwright.components.model import Component, File
from mailwright.formats import chrony
from mailwright.formats.engine import FormatError, render
from mailwright.plan.model import HostFacts, Plan

# Becomes part of a path: /usr/share/zoneinfo/Europe/London
_TIME_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")


def files(plan: Plan, host: HostFacts) -> tuple[File, ...]:
    """The whole of chrony.conf."""
    clocks = [clock for clock in plan.clocks if clock.host == host.name]
    text = render(chrony.FORMAT, "time/chrony.conf.j2", clocks=clocks, os=host.os)
    return (File("/etc/chrony/chrony.conf", text),)


def variables(plan: Plan, _host: HostFacts) -> dict[str, object]:
    """``time_zone``: what /etc/localtime leads to, an IANA name. Raises FormatError for what cannot be one."""
    if not _TIME_ZONE.fullmatch(plan.settings.timezone):
        raise FormatError(plan.settings.timezone, "a path", "it is no name of a time zone")
    return {"time_zone": plan.settings.timezone}


COMPONENT = Component("time", frozenset(), files, variables)
