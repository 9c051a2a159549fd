"""The order in which to make a change, where order matters: numbered steps in terms of what somebody runs.

What is new comes first and what goes comes last; in between passes the time for which others remember the old DNS
records. Where one apply does it all, in any order, there are no steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from mailwright.changes.model import Comparison, Risk, Severity, Step
from mailwright.changes.steps import hosts, records

__all__ = ["steps"]

_BEFORE: tuple[Callable[[Comparison], Iterator[Step]], ...] = (
    hosts.gateways,
    hosts.logs,
    hosts.copies,
    hosts.kept,
    hosts.secrets,
    records.new_records,
    records.new_key,
    records.fewer_records,
    hosts.releases,
    hosts.goodbye_first,
    hosts.border_first,
)
_AFTER: tuple[Callable[[Comparison], Iterator[Step]], ...] = (
    hosts.border_last,
    records.switched,
    hosts.called_otherwise,
    hosts.goodbye_last,
    records.old_records,
    records.old_key,
    hosts.lists,
)


def steps(comparison: Comparison, risks: Sequence[Risk]) -> tuple[Step, ...]:
    """The steps in their order; none where order does not matter.

    Waiting times are those of the old records. Hosts that change with a high risk that nobody lets pass are
    rehearsed first.
    """
    before, after = (tuple(chain.from_iterable(each(comparison) for each in phase)) for phase in (_BEFORE, _AFTER))
    applied = tuple(hosts.applied(comparison))
    if not (before or after or applied):
        return ()
    grave = applied and any(one.severity is Severity.HIGH and not one.forced for one in risks)
    rehearsed = (Step("Try the new description on throw-away hosts: `mailwright rehearse`"),) if grave else ()
    return (*rehearsed, *before, *(applied or (Step(f"Build and apply: {hosts.APPLY}"),)), *after)
