"""A customer is judged as any site is, on the hosts of its platform."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mailwright.plan import OF_HOSTS, make
from support.provider_folder import EXAMPLE, change, copied, customer, judged, line_of, told

SHARED = ("abbey", "college", "harbour", "school", "trust")


@pytest.mark.parametrize("name", SHARED)
def test_the_plan_is_the_one_that_would_be_made_without_the_platforms(name: str) -> None:
    found = judged(EXAMPLE / "customers" / f"{name}.yml")
    assert found.site is not None
    assert found.plan is not None
    assert found.plan == replace(make(found.site), retention=found.plan.retention)


def test_tables_of_hosts_are_the_same_whatever_a_customer_says(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    more = """\
store: {quota: 1 GB}
logging: {days: 100}
address_book: everybody
pages: {languages: [en, cy]}
internal_domains: {old.bede.ac.uk: {published: bede.ac.uk}}
automatic_senders: {forms: {purpose: Forms, addresses: [forms@bede.ac.uk], replies: aa1}}
leaving: {stop: 2027-03-31, mail_until: 2027-06-30, logs_until: 2027-09-30}
"""
    found = judged(customer(folder, "bede", more))
    assert found.site is not None
    assert found.plan is not None
    alone = make(found.site)
    for table in OF_HOSTS:
        assert getattr(found.plan, table) == getattr(alone, table), table
    assert found.plan == replace(alone, retention=found.plan.retention)


def test_a_customer_with_nothing_to_mend(tmp_path: Path) -> None:
    found = judged(customer(copied(tmp_path), "bede"))
    assert [item for item in found.findings if item.fails] == []
    assert found.status == 0
    assert found.head.id == "bede"


def test_a_broken_must_is_status_1_and_has_no_plan(tmp_path: Path) -> None:
    path = customer(copied(tmp_path), "bede", "roles: {helpdesk: {members: [gone], senders: [gone]}}\n")
    found = judged(path)
    assert found.status == 1
    assert found.site is not None
    assert found.plan is None
    assert ("ADDR-5.leads-nowhere", line_of(path, "helpdesk")) in told(found.findings, path)


def test_input_that_cannot_be_used_is_status_2(tmp_path: Path) -> None:
    path = customer(copied(tmp_path), "bede", "logging: {dayz: 9}\n")
    found = judged(path)
    assert (found.status, found.site, found.plan) == (2, None, None)


def test_the_providers_team_may_receive_for_roles_and_others_outside_are_as_ever(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    team = customer(folder, "bede", "roles: {webmaster: [ada.owen@hosting.example]}\n")
    assert [item.id for item in judged(team).findings if item.fails] == []
    path = customer(folder, "aidan", "roles: {webmaster: [eve@elsewhere.example]}\n")
    assert told(judged(path).findings, path) == [
        ("ROLE-4.no-sender", line_of(path, "webmaster")),
        ("ROLE-5.outside-only", line_of(path, "webmaster")),
    ]


def test_the_team_may_receive_on_hosts_of_a_customers_own_too(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "customers" / "institute.yml"
    assert not [item.id for item in judged(path).findings if item.id.startswith("ROLE-") and item.fails]
    change(
        folder / "provider.yml",
        "    - Ada.Owen@hosting.example\n    - Ben.Price@hosting.example\n",
        "    - c.dunn@hosting.example\n",
    )
    assert [item.id for item in judged(path).findings if item.id.startswith("ROLE-3") and item.fails]


def test_the_platforms_domains_and_people_are_not_a_customers(tmp_path: Path) -> None:
    found = judged(customer(copied(tmp_path), "bede"))
    assert found.plan is not None
    assert found.plan.settings.domains == ("bede.ac.uk",)
    assert {mailbox.login for mailbox in found.plan.mailboxes} == {"aa1", "bb2"}
    assert {record.zone for record in found.plan.records} == {"bede.ac.uk"}
    assert "ada.owen" not in str(found.plan.senders).lower()


def test_what_a_provider_waives_of_its_hosts_is_waived_for_customers(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    platform = folder / "platforms" / "shared.yml"
    platform.write_text(
        platform.read_text() + "time: {servers: [ntp1.ja.net, ntp2.ja.net, ntp3.ja.net, ntp3.ja.net]}\n"
    )
    path = customer(folder, "bede")
    found = [item for item in judged(path).findings if item.where and item.where.file == str(platform)]
    assert [(item.id, item.fails) for item in found] == [("MSG-3.server-twice", True)]
    waiver = "{reason: the fourth comes in May, owner: Ada Owen, until: 2027-05-31}"
    platform.write_text(platform.read_text() + f"waivers: {{MSG-3.server-twice: {waiver}}}\n")
    found = [item for item in judged(path).findings if item.where and item.where.file == str(platform)]
    assert [(item.id, item.status.value) for item in found] == [("MSG-3.server-twice", "waived")]
    assert "the fourth comes in May" in found[0].evidence
    assert judged(path).status == 0
