"""Customers of shared hosts: what lands on which host of a platform, and on no other site's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mailwright import resources
from mailwright.components import COMPONENTS, customers, dovecot, filter, postfix
from mailwright.components.model import Component
from mailwright.plan import make
from mailwright.plan.digest import digest
from mailwright.plan.model import Plan
from support.example import load_example
from support.provider_folder import change, copied, opened
from support.shared_host import HOST, platform


def texts(component: Component, plan: Plan, host: str) -> dict[str, str]:
    return {file.path: str(file.text) for file in component.files(plan, plan.host(host))}


def test_every_part_of_the_package_lands_on_hosts_with_customers() -> None:
    plan = platform()
    there = {path.stem for path in (resources.folder("templates") / "customers/mailwright_customers").glob("*.py")}
    assert there == set(customers.PARTS)
    for one in plan.hosts:
        assert customers.COMPONENT.runs_on(plan, one)
        said = json.loads(texts(customers.COMPONENT, plan, one.name)["/etc/mailwright/customers.json"])
        assert said["store"] == (one.name == HOST)
        assert said["mailer"]
        assert {"hosting.example", HOST, "mx2.hosting.example"} <= set(said["own"])


def test_a_host_that_keeps_logs_alone_knows_whose_they_are(tmp_path: Path) -> None:
    """There `mailwright-trace --customer` and `mailwright-usage` are asked; they go by what is made of these."""
    folder = copied(tmp_path)
    line = "  log.hosting.example: {addresses: [198.51.100.27], os: debian-13, functions: [log]}\n"
    change(folder / "platforms" / "shared.yml", "\npeople:\n", f"{line}\npeople:\n")
    plan = opened(folder)[1]["shared"].served
    host = plan.host("log.hosting.example")
    assert customers.COMPONENT.runs_on(plan, host)
    said = json.loads(texts(customers.COMPONENT, plan, host.name)["/etc/mailwright/customers.json"])
    assert (said["mailer"], said["dovecot"], said["store"]) == (False, "", False)
    found = customers.variables(plan, host)
    assert (found["customers_parts"], found["customers_services"]) == ([], [])


def test_secrets_go_where_they_are_needed() -> None:
    plan = platform()
    said = {one.name: customers.variables(plan, one) for one in plan.hosts}
    assert said[HOST]["customers_parts"] == ["people", "passwords", "keys"]
    assert said["mx2.hosting.example"]["customers_parts"] == ["people", "keys"]
    assert said[HOST]["customers_services"] == ["imaps", "smtp"]
    assert said["mx2.hosting.example"]["customers_services"] == ["smtp"]
    assert {each["customers_realm"] for each in said.values()} == {"hosting.example"}


def test_no_other_site_has_anything_of_it() -> None:
    plan = make(load_example())
    (host,) = plan.hosts
    assert not customers.COMPONENT.runs_on(plan, host)
    for component in COMPONENTS:
        if component is not customers.COMPONENT and component.runs_on(plan, host):
            for path, text in texts(component, plan, host.name).items():
                if not path.endswith((".lua", ".py")):
                    assert "cdb:" not in text
                    assert "/etc/dovecot/customers" not in text


def test_that_customers_are_there_is_no_other_plan() -> None:
    plan = platform()
    assert digest(plan) == digest(replace(plan, settings=replace(plan.settings, customers=False)))


@pytest.mark.parametrize("release", ["debian-12", "debian-13"])
def test_each_service_asks_the_tables_and_the_platform_s_own_first(release: str) -> None:
    plan = platform(release)
    for host in (HOST, "mx2.hosting.example"):
        main = texts(postfix.COMPONENT, plan, host)["/etc/postfix/main.cf"]
        for name, own in (
            ("virtual_mailbox_domains", "hosting.example"),
            ("virtual_mailbox_maps", "lmdb:/etc/postfix/virtual_mailboxes"),
            ("virtual_alias_maps", "lmdb:/etc/postfix/virtual_aliases"),
        ):
            (line,) = [line for line in main.splitlines() if line.startswith(f"{name} = ")]
            assert line.startswith(f"{name} = {own}, cdb:/etc/postfix/customers/")
        assert "customers = " in texts(filter.COMPONENT, plan, host)["/etc/rspamd/rspamd.conf"]
    assert (
        "smtpd_sender_login_maps = lmdb:/etc/postfix/senders, cdb:"
        in texts(postfix.COMPONENT, plan, HOST)["/etc/postfix/main.cf"]
    )
    files = texts(dovecot.COMPONENT, plan, HOST)
    assert {"/etc/dovecot/fetched", "/etc/dovecot/delivered", dovecot.LIMITS} <= set(files)
    assert files["/etc/dovecot/dovecot.conf"].count("/etc/dovecot/customers/") == 4
