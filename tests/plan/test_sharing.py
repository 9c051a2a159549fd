"""A provider's customer on shared hosts: what is the provider's stands in no table of the customer's (SCALE-2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mailwright.findings import Status
from mailwright.plan import PlanError, make
from mailwright.plan.retention import MAIL_LOG, VIEW
from mailwright.requirements.evaluate import evaluate
from mailwright.site.model import Host, Role, Sharing, Site
from support.example import load_example, whole

TEAM = ("ops@hosting.example", "Night.Desk@hosting.example")


def customer(**more: object) -> Site:
    site = load_example()
    host: Host = replace(site.hosts[0], name="mail.hosting.example")
    return replace(site, hosts=(host,), sharing=Sharing("shared", "hosting.example", TEAM), **more)  # type: ignore[arg-type]


def failing(site: Site) -> set[str]:
    return {finding.id for finding in evaluate(site, date(2026, 2, 1)) if finding.status is Status.FAIL}


def answered_by(site: Site, *members: str) -> Site:
    roles: tuple[Role, ...] = tuple(
        replace(role, members=members, senders=()) if role.local == "abuse" else role for role in site.roles
    )
    return replace(site, roles=roles)


def test_records_of_the_hosts_are_the_providers() -> None:
    plan = make(customer())
    assert {row.zone for row in plan.records} == {"college.ac.uk", "chem.college.ac.uk"}
    assert not [row for row in plan.records if row.type in ("A", "AAAA", "PTR")]
    own = make(load_example())
    assert [row for row in own.records if row.type == "PTR"]


def test_its_spf_record_follows_the_providers() -> None:
    """So that ten thousand zones stay as they are when a shared host gets another address."""
    spf = [row.value for row in make(customer()).records if row.value.startswith("v=spf1")]
    assert spf == ["v=spf1 include:hosting.example -all"] * 2


def test_it_has_no_address_in_the_name_of_a_host() -> None:
    names = {row.address.partition("@")[2] for row in make(customer()).routes}
    assert names == {"college.ac.uk", "chem.college.ac.uk"}
    assert "mail.college.ac.uk" in {row.address.partition("@")[2] for row in make(load_example()).routes}


def test_the_name_of_a_host_is_nothing_to_say_to_the_customer() -> None:
    site = customer()
    assert "DNS-3.helo-in-zone" not in failing(site)
    assert "DNS-3.helo-in-zone" in failing(replace(site, sharing=None))


@pytest.mark.parametrize("rule", ["ROLE-3.someone-here", "ROLE-4.no-sender"])
def test_the_providers_team_answers_for_a_role(rule: str) -> None:
    ours = answered_by(customer(), "OPS@hosting.example".lower(), "Night.Desk@Hosting.Example")
    assert rule not in failing(ours)
    assert rule in failing(answered_by(customer(), "ops@hosting.example", "somebody@elsewhere.example"))
    assert rule in failing(replace(ours, sharing=None))


def test_pages_are_documents_where_the_web_server_is_the_providers() -> None:
    site = replace(whole(), sharing=Sharing("shared", "hosting.example", TEAM))
    site = replace(
        site, hosts=tuple(replace(host, functions=("mx", "submission", "store")) for host in site.hosts[:1])
    )
    assert make(replace(site, lists=(), list_server=None)).web == ()
    with pytest.raises(PlanError, match="web"):
        make(replace(site, lists=(), list_server=None, sharing=None))


def test_the_platforms_log_is_kept_for_its_own_days_and_seen_for_the_customers() -> None:
    """AUDIT-3, PRIV-1."""
    platform = load_example()
    mailer = replace(platform.hosts[0], name="mail.hosting.example")
    platform = replace(platform, hosts=(mailer,), logging=replace(platform.logging, days=180))
    site = customer(logging=replace(platform.logging, days=120))
    kept = {row.log: row.days for row in make(site, make(platform)).retention}
    assert kept[MAIL_LOG] == 180
    assert kept[VIEW] == 120
    assert VIEW not in {row.log for row in make(platform).retention}
    longer = replace(site, logging=replace(site.logging, days=181))
    with pytest.raises(PlanError, match="180 days"):
        make(longer, make(platform))
