"""What holds for every table, and the small tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from ipaddress import ip_network

import pytest

from mailwright.plan import PlanError, make
from mailwright.plan.model import EVERYWHERE, Plan
from mailwright.plan.retention import (
    GRACE,
    HELD,
    INDEX,
    JOURNAL,
    LEFT,
    MAIL_LOG,
    UNDECIDED,
    central,
    rotated,
    seals,
)
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.site.model import AutomaticSender, Host, Network, Site, Smarthost
from mailwright.site.read import read
from support.example import HERE, ROOT, example, load_example, person, split, with_everything, with_person

TABLES = [field.name for field in fields(Plan) if field.name != "settings"]
KNOWN = {requirement.id for requirement in REQUIREMENTS}


def with_networks(**parts: object) -> Site:
    return example(networks=replace(load_example().networks, **parts))  # type: ignore[arg-type]


def with_host(**parts: object) -> Site:
    return example(hosts=(replace(load_example().hosts[0], **parts),))  # type: ignore[arg-type]


def fault_ids(site: Site) -> list[str]:
    with pytest.raises(PlanError) as caught:
        make(site)
    return [finding.id for finding in caught.value.findings]


def with_all() -> Plan:
    """A plan that has rows in every table."""
    return make(with_everything())


@pytest.mark.parametrize("table", TABLES)
def test_keys_are_unique_and_sorted(table: str) -> None:
    keys = [row.key for row in getattr(with_all(), table)]
    assert keys == sorted(set(keys))
    assert keys


@pytest.mark.parametrize("table", TABLES)
def test_every_row_says_because_of_which_requirement_and_why(table: str) -> None:
    for row in getattr(with_all(), table):
        assert row.because.requirement in KNOWN
        assert row.because.reason


def test_the_order_of_a_description_does_not_matter() -> None:
    site = load_example()
    turned = example(people=site.people[::-1], roles=site.roles[::-1])
    assert make(turned) == make(site)


def test_all_faults_are_found_at_once() -> None:
    site = with_person(person("a1", "rosa.luxemburg@college.ac.uk"), person("a2", "rosa.luxemburg@college.ac.uk"))
    assert len(fault_ids(site)) == 2


def test_a_mailbox_has_its_own_quota_or_the_stores() -> None:
    plan = make(with_person(person("a1", quota=5), person("a2")))
    quotas = {row.login: row.quota for row in plan.mailboxes}
    assert (quotas["a1"], quotas["a2"]) == (5, load_example().store.quota)


def test_a_login_for_two_is_a_fault() -> None:
    sender = AutomaticSender("rl204", "cron", (), "rl204", HERE)
    assert fault_ids(example(automatic_senders=(sender,))) == ["plan.login-twice"]


def test_a_smarthost_of_the_sites_own_is_a_fault() -> None:
    theirs = Smarthost("smtp.provider.example", 587, "", "", "", HERE)
    assert make(example(smarthost=theirs)).settings.smarthost == theirs
    own = replace(theirs, host=load_example().hosts[0].name)
    assert fault_ids(example(smarthost=own)) == ["plan.smarthost-is-ours"]


def test_no_store_is_a_fault_and_so_is_one_that_is_none() -> None:
    assert fault_ids(with_host(functions=("mx",))) == ["plan.no-store"]
    assert fault_ids(with_person(person("a1", store="mx2.college.ac.uk"))) == ["plan.no-such-store"]


def test_who_is_on_a_store_stays_there_and_new_people_get_the_emptiest() -> None:
    first = make(split())
    counts = Counter(row.host for row in first.mailboxes)
    assert counts == {"store1.college.ac.uk": 20, "store2.college.ac.uk": 20}
    where = {row.login: row.host for row in first.mailboxes}
    stay = tuple(
        replace(one, store=where[one.login])
        for one in load_example().people
        if where[one.login].startswith("store1") or one.login > "m"
    )
    again = {row.login: row.host for row in make(split(people=stay, roles=(), automatic_senders=())).mailboxes}
    assert again == {login: where[login] for login in again}
    new = tuple(person(f"zz{number}") for number in range(3))
    grown = make(split(people=(*stay, *new), roles=(), automatic_senders=())).mailboxes
    assert {row.host for row in grown if row.login.startswith("zz")} == {"store2.college.ac.uk"}


def test_who_talks_to_whom() -> None:
    talk = {(row.client.partition(".")[0], row.server.partition(".")[0], row.port) for row in make(split()).links}
    mailers, stores, others = (
        ("mail", "mx2", "smtp"),
        ("store1", "store2"),
        ("mail", "mx2", "smtp", "store1", "store2"),
    )
    assert talk == {
        *((mailer, store, 24) for mailer in mailers for store in stores),
        *(("smtp", store, 993) for store in stores),
        *((one, other, port) for one, other in (stores, stores[::-1]) for port in (993, 995, 4190)),
        *((host, mx, 25) for host in ("store1", "store2", "log") for mx in ("mail", "mx2")),
        *((host, "log", 6514) for host in others),
    }
    assert make(load_example()).links == ()


def test_what_hosts_say_to_one_another_is_for_those_hosts_alone() -> None:
    plan = make(split())
    peers = {(row.host.partition(".")[0], row.port): row.peers for row in plan.openings if row.direction == "in"}
    assert {str(network) for network in peers["store1", 24]} == {
        *(f"198.51.100.{number}/32" for number in (25, 26, 27)),
        *(f"2001:db8:c011::{number}/128" for number in (25, 26, 27)),
    }
    assert peers["store1", 993] == EVERYWHERE
    assert len(peers["log", 6514]) == 10
    assert ("mail", 24) not in peers
    assert ("log", 25) not in peers


def test_an_address_of_two_hosts_is_a_fault() -> None:
    first = load_example().hosts[0]
    other = Host("two.college.ac.uk", first.addresses[:1], "debian-13", (), HERE)
    assert fault_ids(example(hosts=(first, other))) == ["plan.address-of-two-hosts"]


def test_internal_addresses_become_the_published_one_as_it_is_written() -> None:
    made = person("a1", "A.One@college.ac.uk", internal=("A1@chem.college.ac.uk", "a.one@college.ac.uk"))
    rewrites = {row.internal: row.external for row in make(with_person(made)).rewrites}
    assert rewrites["a1@chem.college.ac.uk"] == "A.One@college.ac.uk"
    assert "a.one@college.ac.uk" not in rewrites


def test_listeners_of_a_host_that_does_everything() -> None:
    rows = {(row.port, row.service, row.tls, row.auth) for row in make(load_example()).listeners}
    assert rows == {
        (25, "smtp", "starttls", False),
        (587, "submission", "starttls", True),
        (465, "submissions", "implicit", True),
        (993, "imaps", "implicit", True),
        (995, "pop3s", "implicit", True),
        (4190, "managesieve", "starttls", True),
        (22, "ssh", "none", True),
    }


def test_pop_is_left_out_when_it_is_not_wanted() -> None:
    site = example(store=replace(load_example().store, pop3=False))
    assert 995 not in {row.port for row in make(site).listeners}
    assert 995 not in {row.port for row in make(site).openings}


def test_only_those_who_log_in_relay_unless_networks_are_named() -> None:
    assert {(row.port, row.clients) for row in make(load_example()).grants} == {
        (587, "authenticated"),
        (465, "authenticated"),
    }
    inside = ip_network("198.51.100.64/26")
    granted = make(with_networks(relay=(Network(inside, HERE),))).grants
    assert (25, inside) in {(row.port, row.clients) for row in granted}


def test_an_opening_for_each_listener_and_one_out_for_the_mailer() -> None:
    plan = make(load_example())
    inward = {row.port: row.peers for row in plan.openings if row.direction == "in"}
    assert inward.keys() == {row.port for row in plan.listeners}
    assert inward[22] == plan.settings.management_networks != EVERYWHERE
    assert all(peers == EVERYWHERE for port, peers in inward.items() if port != 22)
    (out,) = [row for row in plan.openings if row.direction == "out"]
    assert (out.port, out.peers, out.user) == (25, EVERYWHERE, "postfix")


def test_a_host_that_only_stores_does_not_send() -> None:
    first = load_example().hosts[0]
    site = example(hosts=(replace(first, functions=("store",)),))
    assert not [row for row in make(site).openings if row.direction == "out"]


def test_each_host_follows_each_time_server() -> None:
    site = load_example()
    assert [row.server for row in make(site).clocks] == sorted(site.time.servers)


def test_every_copy_of_the_mail_log_is_a_row() -> None:
    site = load_example()
    rows = {row.log: row for row in make(site).retention if row.log != LEFT}
    assert rows.keys() == {MAIL_LOG, rotated(MAIL_LOG), seals(site.hosts[0].name), INDEX, JOURNAL}
    assert rows[rotated(MAIL_LOG)].days == site.logging.days
    assert rows[JOURNAL].days <= site.logging.days
    assert {row.maximum_days for row in rows.values()} == {site.logging.maximum_days}


def test_a_log_host_keeps_each_other_hosts_copy_as_long_and_the_others_keep_theirs() -> None:
    site = split()
    rows = [row for row in make(site).retention if row.log != LEFT]
    others = [host.name for host in site.hosts if "log" not in host.functions]
    kept = {row.log for row in rows if row.host == "log.college.ac.uk"}
    copies = {log for host in others for log in (central(host), rotated(central(host)))}
    sealed = {seals(host.name) for host in site.hosts}  # by the log host alone
    assert kept == {MAIL_LOG, rotated(MAIL_LOG), INDEX, JOURNAL} | copies | sealed
    for host in others:
        assert {row.log for row in rows if row.host == host} == {MAIL_LOG, rotated(MAIL_LOG), INDEX, JOURNAL}
    assert {row.days for row in rows if row.log != JOURNAL} == {site.logging.days}
    assert {row.readers for row in rows if row.log != JOURNAL} == {site.logging.readers}


def test_mail_of_who_has_left_is_kept_on_each_store_and_nowhere_else() -> None:
    site = split()
    rows = {row.host: row for row in make(site).retention if row.log == LEFT}
    assert rows.keys() == {host.name for host in site.hosts if "store" in host.functions}
    assert {row.days for row in rows.values()} == {GRACE}


def test_held_posts_are_kept_where_lists_are() -> None:
    site = read(ROOT / "inventories" / "whole" / "site.yml").site
    assert site is not None
    assert [(row.host, row.days) for row in make(site).retention if row.log == HELD] == [
        ("mail.college.ac.uk", UNDECIDED)
    ]
    assert not [row for row in make(load_example()).retention if row.log == HELD]


def test_settings_name_mailers_that_are_no_mail_domain() -> None:
    assert make(load_example()).settings.mailer_names == ("mail.college.ac.uk",)
    assert make(with_host(name="college.ac.uk")).settings.mailer_names == ()
