"""Which time servers each host follows."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan.model import Because, Clock
from mailwright.site.model import Site

_BECAUSE = Because("MSG-3", "clocks are right to a second or better")


def rows(site: Site) -> Iterator[Clock]:
    """Each host with each time server."""
    for host in site.hosts:
        for server in dict.fromkeys(site.time.servers):
            yield Clock(host.name, server, _BECAUSE)
