"""Hosts that talk to each other can."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.plan import PlanError, make
from mailwright.site.model import Host
from support.example import load_example, split, split_hosts


def of(host: Host, *versions: int) -> Host:
    return replace(host, addresses=tuple(one for one in host.addresses if one.version in versions))


def faults(*hosts: Host) -> list[str]:
    try:
        make(replace(load_example(), hosts=hosts))
    except PlanError as error:
        return [f"{found.id}: {found.message}" for found in error.findings]
    return []


def changed(name: str, *versions: int) -> tuple[Host, ...]:
    return tuple(of(host, *versions) if host.name.startswith(name) else host for host in split_hosts())


@pytest.mark.parametrize("name", [host.name for host in split_hosts()])
@pytest.mark.parametrize("version", [4, 6])
def test_one_host_with_one_family_is_fine_where_all_others_have_both(name: str, version: int) -> None:
    assert faults(*changed(name, version)) == []


@pytest.mark.parametrize("name", ["store", "smtp", "log"])
def test_hosts_that_have_no_family_in_common_are_refused(name: str) -> None:
    hosts = tuple(of(host, 6) if host.name.startswith(name) else of(host, 4) for host in split().hosts)
    found = faults(*hosts)
    assert found
    assert all(one.startswith("plan.no-common-family: ") for one in found)
    assert any(host.name in one for one in found for host in hosts if host.name.startswith(name))
    assert len(found) == len(set(found))


def test_one_mailer_that_a_host_reaches_is_enough() -> None:
    log, mailers = "log.", ("mail.", "mx2.")
    hosts = {host.name: host for host in split_hosts()}
    first, second = (name for name in hosts if name.startswith(mailers))
    only = tuple(host for name, host in hosts.items() if not name.startswith(log))
    assert faults(*(of(host, 4) if host.name == first else host for host in only)) == []
    stores = tuple(of(host, 6) if "store" in host.functions else host for host in only)
    found = faults(*(of(host, 4) if host.name == first else host for host in stores))
    assert found  # its mail for the stores
    assert second not in " ".join(found)
