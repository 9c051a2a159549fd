"""The hosts as components see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from mailwright.plan.errors import Faults
from mailwright.plan.model import Because, HostFacts, HostSystem
from mailwright.site.model import Site

_BECAUSE = Because("SCALE-1", "a system of the mail service")


def rows(site: Site, faults: Faults) -> Iterator[HostFacts]:
    """A row per host.

    Faults: a name or an address that two hosts claim; a smarthost that is one of them, to which mail would go round
    and round.
    """
    names: set[str] = set()
    addresses: dict[object, str] = {}
    for host in site.hosts:
        if host.name in names:
            faults.add("host-twice", f"{host.name} is described twice", host.where, "describe each host once")
        names.add(host.name)
        if site.smarthost is not None and site.smarthost.host == host.name:
            faults.add(
                "smarthost-is-ours",
                f"mail to the Internet is to go by {host.name}, which is a host of this site and would do the same",
                site.smarthost.where,
                "name the smarthost of somebody else, or leave it out",
            )
        for address in host.addresses:
            if addresses.setdefault(address, host.name) != host.name:
                faults.add(
                    "address-of-two-hosts",
                    f"{address} is the address of {addresses[address]} and of {host.name}",
                    host.where,
                    "give each host addresses of its own",
                )
        yield HostFacts(
            host.name, host.addresses, cast(HostSystem, host.os), tuple(sorted(host.functions)), _BECAUSE
        )
