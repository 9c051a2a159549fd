"""The counter (redis): how much each login has sent lately (REMOTE-1), for the filter where submissions come in.

It keeps counts in memory alone and answers on a Unix socket alone. What a role does with its file is in
docs/reference/roles.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright import resources
from mailwright.components.model import Component, File
from mailwright.plan.model import HostFacts, Plan

SOCKET = "/run/redis/mailwright.sock"


def files(_plan: Plan, _host: HostFacts) -> Iterator[File]:
    """redis.conf, which has no value of the site."""
    text = (resources.folder("templates") / "counter/redis.conf").read_text(encoding="utf-8")
    yield File("/etc/redis/redis.conf", text, "redis", "redis", 0o640)


COMPONENT = Component("counter", frozenset({"submission"}), files)
