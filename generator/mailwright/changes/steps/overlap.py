"""What goes, what comes in its place, and what has to stay for a while beside it: add before you remove."""

from __future__ import annotations

from mailwright.changes import words
from mailwright.changes.model import Comparison, pairs
from mailwright.changes.risks import networks
from mailwright.plan.model import Plan
from mailwright.site.model import IPNetwork

_NAMED = 3
"""How many hosts are named with what they keep; more are counted."""

_KEPT = ("mx", "submission", "store")
"""Functions that several hosts may have, and that others find by a name which they remember for a while."""


def fresh(comparison: Comparison) -> tuple[str, ...]:
    """Hosts that are new, and not only called otherwise."""
    known = {host.name for host in comparison.old.hosts}
    return tuple(host.name for host in comparison.new.hosts if host.name not in known)


def leaving(comparison: Comparison) -> dict[str, tuple[str, ...]]:
    """Function → hosts that lose it, while another one has it."""
    found: dict[str, tuple[str, ...]] = {}
    for function in _KEPT:
        after = {host.name for host in comparison.new.with_function(function)}
        gone = tuple(host.name for host in comparison.old.with_function(function) if host.name not in after)
        if gone and after:
            found[function] = gone
    return found


def keeps(comparison: Comparison) -> tuple[str, ...]:
    """What has to stay in the description while others learn of the new: add before you remove."""
    functions: dict[str, list[str]] = {}
    for function, hosts in leaving(comparison).items():
        had, have = (
            {host.name for host in plan.with_function(function)} for plan in (comparison.old, comparison.new)
        )
        for host in hosts if have - had else ():  # where nothing comes, the old description has it all
            functions.setdefault(host, []).append(function)
    kept = [
        f"{host} keeps the {'function' if len(names) == 1 else 'functions'} {words.listed(names)}"
        for host, names in functions.items()
    ]
    found = kept if len(kept) <= _NAMED else [f"{len(kept):,} hosts keep the functions that they are to lose"]
    known, wanted = (
        {each for host in plan.hosts for each in host.addresses} for plan in (comparison.old, comparison.new)
    )
    for before, after, _ in pairs(comparison.old.hosts, comparison.new.hosts):
        if before is not None and after is not None:
            # An address that another host has or gets cannot be on two at a time.
            gone = [each for each in before.addresses if each not in wanted]
            come = [each for each in after.addresses if each not in known]
            if gone and come:
                found.append(f"{after.name} has {words.listed(gone)} beside {words.listed(come)}")
    if management(comparison):
        found.append("the old management networks are listed as well")
    return tuple(found)


def management(comparison: Comparison) -> tuple[IPNetwork, ...]:
    """Networks from which SSH is let in from now on, where others are let in no more."""
    old, new = (plan.settings.management_networks for plan in (comparison.old, comparison.new))
    return tuple(networks.left(new, old)) if networks.left(old, new) else ()


def border(comparison: Comparison) -> tuple[bool, bool]:
    """Whether the border lets more through, and whether it lets less through, whatever its hosts are called."""
    opens = closes = False
    before, after = _passages(comparison.old), _passages(comparison.new)
    for key in before.keys() | after.keys():
        one, other = before.get(key, frozenset()), after.get(key, frozenset())
        _direction, _port, verdict = key
        more, less = (other - one, one - other) if verdict == "permit" else (one - other, other - one)
        opens, closes = opens or bool(more), closes or bool(less)
    return opens, closes


def _passages(plan: Plan) -> dict[tuple[str, int, str], frozenset[IPNetwork]]:
    """Direction, port and verdict → the networks."""
    found: dict[tuple[str, int, str], frozenset[IPNetwork]] = {}
    for row in plan.border:
        key = row.direction, row.port, row.verdict
        found[key] = found.get(key, frozenset()) | frozenset(row.networks)
    return found
