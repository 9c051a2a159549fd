"""The time servers that hosts follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.plan.model import Plan

ENOUGH = 3


@risk(
    "clocks.few",
    Severity.MEDIUM,
    "MSG-3",
    "fewer than three time servers are followed",
    "Name at least three servers under time.servers, of different places; the default has four of Janet's.",
)
def few(comparison: Comparison) -> Iterator[Hit]:
    """A host follows fewer than three time servers, and fewer than before.

    Of three, one that is wrong is outvoted; of two, nobody can say which one it is. A clock that is off makes logs
    worthless as evidence, lets certificates and signatures fail, and sorts mail wrongly. One server under two names
    in other capitals is one.
    """
    before, after = _servers(comparison.old), _servers(comparison.new)
    known = {host.name for host in comparison.old.hosts}
    usual = max(map(len, before.values()), default=0)
    hosts: defaultdict[int, list[str]] = defaultdict(list)
    for host in comparison.new.hosts:
        now = len(after.get(host.name, ()))
        then = len(before.get(host.name, ())) if host.name in known else usual
        if now < min(ENOUGH, then):
            hosts[now].append(host.name)
    for number, names in hosts.items():
        what = {0: "no time server", 1: "one time server alone", 2: "two time servers alone"}[number]
        sentence = f"{words.some(names)} {'follows' if len(names) == 1 else 'follow'} {what}"
        yield Hit(sentence, value=next((row.server for row in comparison.new.clocks), ""))


def _servers(plan: Plan) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in plan.clocks:
        found[row.host].add(row.server.rstrip(".").lower())
    return found
