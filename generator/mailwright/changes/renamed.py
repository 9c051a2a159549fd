"""Hosts that are called otherwise, and are the same machines.

They are found once, before two plans are compared: the rows of the old plan then speak of each host by its new
name, so that nothing seems to move from the one to the other. Names that people and other systems know stay as
they were: DNS records, addresses, and where something is read on the web.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any

from mailwright.plan.model import Plan
from mailwright.plan.retention import seals

_HOSTS: Mapping[str, tuple[str, ...]] = {
    "hosts": ("name",),
    "mailboxes": ("host",),
    "listeners": ("host",),
    "links": ("client", "server"),
    "grants": ("host",),
    "policies": ("host",),
    "openings": ("host",),
    "border": ("subject",),
    "clocks": ("host",),
    "retention": ("host",),
    "lists": ("host",),
    "web": ("host",),
}
"""Table of a plan → its fields that say which host a row is about."""


def renamed(old: Plan, new: Plan) -> dict[str, str]:
    """Name in the old plan → name in the new one, of each host that has another name and an address that it had.

    An address that passes between two hosts whose names stay renames neither.
    """
    before, after = {host.name for host in old.hosts}, {host.name for host in new.hosts}
    gone = {address: host.name for host in old.hosts if host.name not in after for address in host.addresses}
    found: dict[str, str] = {}
    for host in new.hosts:
        was = next((gone[address] for address in host.addresses if address in gone), None)
        if host.name not in before and was is not None and was not in found:
            found[was] = host.name
    return found


def called(plan: Plan, names: Mapping[str, str]) -> Plan:
    """The plan with rows that speak of hosts by other names: ``names``, from the one to the other."""
    if not names:
        return plan
    tables = {table: tuple(_rows(getattr(plan, table), named, names)) for table, named in _HOSTS.items()}
    logs = {seals(was): seals(now) for was, now in names.items()}
    tables["retention"] = tuple(
        replace(row, log=logs[row.log]) if row.log in logs else row for row in tables["retention"]
    )
    found: dict[str, Any] = {table: tuple(sorted(rows, key=attrgetter("key"))) for table, rows in tables.items()}
    return replace(plan, **found)


def _rows(rows: tuple[Any, ...], named: tuple[str, ...], names: Mapping[str, str]) -> Iterator[Any]:
    for row in rows:
        other = {field: names[name] for field in named if (name := getattr(row, field)) in names}
        yield replace(row, **other) if other else row
