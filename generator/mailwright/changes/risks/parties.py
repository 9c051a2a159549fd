"""Who is a stranger to the organisation: names and addresses of hosts that are not its own."""

from __future__ import annotations

from collections.abc import Iterable

from mailwright.plan.model import HostFacts, Plan
from mailwright.site.model import IPAddress


def bare(host: str) -> str:
    """The name of a host as it is compared."""
    return host.rstrip(".").lower()


def within(host: str, domains: Iterable[str]) -> bool:
    """Whether the name is one of the domains, or below one."""
    return any(f".{bare(host)}".endswith(f".{bare(domain)}") for domain in domains)


def beside(host: str, others: Iterable[str]) -> bool:
    """Whether one of the others has the same domain above its first label: ``smtp2`` stands beside ``smtp1``.
    IP addresses stand beside none."""
    parent = bare(host).partition(".")[2]
    named = not parent.rpartition(".")[2].isdigit()
    return named and "." in parent and any(bare(other).partition(".")[2] == parent for other in others)


def astray(host: HostFacts, *plans: Plan) -> tuple[IPAddress, ...]:
    """The host's addresses that some plan's campus has not. None where a description has no campus."""
    every = [plan.settings.campus_networks for plan in plans]
    return tuple(
        one
        for one in host.addresses
        if any(campus and not any(one in network for network in campus) for campus in every)
    )
