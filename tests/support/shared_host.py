"""The example provider's shared platform, its customers' fragments, and the files of its host."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

from mailwright.components import customers, dovecot, filter, postfix
from mailwright.components.model import Component
from mailwright.findings import Findings
from mailwright.plan.model import Plan
from mailwright.provider import tables
from mailwright.provider.judge import judge
from mailwright.provider.model import Head
from mailwright.provider.platform import read_platforms
from mailwright.provider.read import customer_files, read
from support.example import ROOT

TODAY = date(2026, 12, 1)
HOST = "mail.hosting.example"
LATER = date(2027, 4, 15)
"""A day on which the abbey takes no mail any more, and fetches what there is."""


@cache
def platform(release: str = "debian-13") -> Plan:
    """The plan of the platform's own site, its hosts on that release, with customers."""
    findings = Findings()
    provider = read(ROOT / "inventories" / "provider", findings)
    assert provider is not None, findings.items
    shared = read_platforms(provider, TODAY)[0]["shared"]
    hosts = tuple(replace(host, os=release) for host in shared.plan.hosts)  # type: ignore[arg-type]
    return replace(shared.plan, hosts=hosts, settings=replace(shared.plan.settings, customers=True))


@cache
def customers_of() -> tuple[tuple[Head, Plan], ...]:
    """The customers on the platform, in the order of their ids."""
    findings = Findings()
    provider = read(ROOT / "inventories" / "provider", findings)
    assert provider is not None, findings.items
    platforms = read_platforms(provider, TODAY)[0]
    found = []
    for path in customer_files(provider, findings):
        judged = judge(provider, platforms, path, TODAY)
        if judged.head.platform == "shared":
            assert judged.plan is not None, [finding.message for finding in judged.findings if finding.fails]
            found.append((judged.head, judged.plan))
    return tuple(sorted(found, key=lambda one: one[0].id))


def fragments(today: date = TODAY) -> dict[str, str]:
    """Customer → its mail.tables."""
    return {head.id: tables.render(plan, head, head.state(today)) for head, plan in customers_of()}


COMPONENTS: tuple[Component, ...] = (customers.COMPONENT, dovecot.COMPONENT, filter.COMPONENT, postfix.COMPONENT)


def files(release: str, host: str = HOST) -> dict[str, str]:
    """Path → text of what the platform's own build puts on the host."""
    plan = platform(release)
    return {
        file.path: file.text
        for component in COMPONENTS
        for file in component.files(plan, plan.host(host))
        if isinstance(file.text, str)
    }
