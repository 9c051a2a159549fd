"""What firewalls let through."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from mailwright.changes.model import RiskRule
from mailwright.changes.risks import firewalls
from mailwright.plan.model import EVERYWHERE, Opening, Plan
from mailwright.site.model import Host, Site, Webmail
from support.comparing import hits, networks, plan, said
from support.example import HERE, example, load_example, split, split_hosts, whole, with_everything, with_gateway

ALL = (firewalls.opened, firewalls.out_25, firewalls.border, firewalls.campus)
CAMPUS = ("198.51.100.0/24", "2001:db8:c011::/48")
MANAGEMENT = ("198.51.100.240/28", "2001:db8:c011:ad::/64")
MX2 = Host(
    "mx2.college.ac.uk", (ip_address("198.51.100.26"), ip_address("2001:db8:c011::26")), "debian-13", ("mx",), HERE
)


def every(old: Site | Plan, new: Site | Plan, rules: tuple[RiskRule, ...] = ALL) -> list[tuple[str, str, str]]:
    return [(rule.id, *hit) for rule in rules for hit in said(rule, old, new)]


def managed(*prefixes: str, hosts: tuple[Host, ...] | None = None) -> Site:
    site = example(networks=replace(load_example().networks, management=networks(*prefixes)))
    return site if hosts is None else replace(site, hosts=hosts)


def inside(*prefixes: str) -> Site:
    return example(networks=replace(load_example().networks, campus=networks(*prefixes)))


def opening(made: Plan, host: str, direction: str, port: int, **parts: object) -> Plan:
    def change(row: Opening) -> Opening:
        meant = (row.host.partition(".")[0], row.direction, row.port) == (host, direction, port)
        return replace(row, **parts) if meant else row  # type: ignore[arg-type]

    return replace(made, openings=tuple(map(change, made.openings)))


def test_ssh_from_more_addresses() -> None:
    new = managed("198.51.100.224/27", "2001:db8:c011:ad::/64")
    assert every(load_example(), new) == [
        (
            "firewall.opened",
            "medium",
            "port 22 of mail.college.ac.uk is open to 198.51.100.224/28 (16 addresses) as well: management (SSH)",
        )
    ]
    (hit,) = hits(firewalls.opened, load_example(), new)
    assert "networks.management" in hit.safely


@pytest.mark.parametrize(
    ("prefixes", "severity"),
    [
        ((*MANAGEMENT, "203.0.113.7/32"), "medium"),
        ((*MANAGEMENT, "203.0.113.0/24"), "high"),
        (("0.0.0.0/0", "::/0"), "high"),
        ((*MANAGEMENT, *CAMPUS), "medium"),
        (MANAGEMENT[::-1], ""),
        (("198.51.100.240/29", "198.51.100.248/29", "2001:db8:c011:ad::/64"), ""),
        ((*MANAGEMENT, "198.51.100.241/32"), ""),
        (("198.51.100.241/32",), ""),
    ],
)
def test_how_grave_ssh_is(prefixes: tuple[str, ...], severity: str) -> None:
    assert [weight for weight, _ in said(firewalls.opened, load_example(), managed(*prefixes))] == (
        [severity] if severity else []
    )


def test_all_hosts_are_in_one_sentence() -> None:
    new = managed(*MANAGEMENT, "198.51.100.9/32", hosts=split_hosts())
    ((_, _, sentence),) = every(split(), new)
    assert sentence.startswith("port 22 of log.college.ac.uk, mail.college.ac.uk")


def test_a_service_that_is_offered_besides() -> None:
    site = load_example()
    without = replace(site, store=replace(site.store, pop3=False))
    assert every(without, site) == [
        (
            "firewall.opened",
            "low",
            "port 995 of mail.college.ac.uk is open to everybody: mailboxes by POP over TLS",
        )
    ]
    assert every(site, without) == []


def test_a_service_for_more_than_before() -> None:
    made = plan(load_example())
    narrow = opening(made, "mail", "in", 993, peers=(ip_network("198.51.100.0/24"),))
    ((_, severity, sentence),) = every(narrow, made)
    assert severity == "medium"
    assert sentence == "port 993 of mail.college.ac.uk is open to everybody as well: mailboxes by IMAP over TLS"


def test_a_port_on_which_nothing_is_described() -> None:
    made = plan(load_example())
    (some,) = [row for row in made.openings if row.port == 993]
    new = replace(made, openings=(*made.openings, replace(some, port=3306)))
    ((_, severity, sentence),) = every(made, new)
    assert severity == "medium"
    assert sentence.startswith("port 3306 of mail.college.ac.uk is open to everybody: nothing is described")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (load_example(), with_gateway()),
        (split(), load_example()),
        (whole(), replace(whole(), webmail=None)),
        (replace(whole(), webmail=None), whole()),
        (load_example(), example(hosts=(replace(load_example().hosts[0], name="post.college.ac.uk"),))),
    ],
)
def test_what_is_for_own_hosts_alone_or_only_renamed(old: Site, new: Site) -> None:
    assert every(old, new) == []


def test_a_new_address_of_a_host_opens_nothing() -> None:
    (host,) = load_example().hosts
    moved = replace(host, addresses=(ip_address("198.51.100.99"), ip_address("2001:db8:c011::99")))
    assert every(load_example(), example(hosts=(moved,))) == []


def test_services_that_move_to_other_hosts_are_no_opening() -> None:
    moved = (
        replace(load_example().hosts[0], functions=("submission", "store")),
        replace(MX2, name="mx.college.ac.uk"),
    )
    assert every(load_example(), example(hosts=moved)) == []


def test_another_mailer() -> None:
    found = every(load_example(), example(hosts=(*load_example().hosts, MX2)))
    assert found == [
        (
            "firewall.out-25",
            "low",
            "mx2.college.ac.uk becomes a mailer that sends to port 25 of everybody",
        ),
    ]


def test_a_host_that_gets_a_service_that_was_elsewhere() -> None:
    assert said(firewalls.opened, split(), with_everything()) == [
        ("low", "port 443 of mail.college.ac.uk is open to everybody: web pages over TLS (HTTPS)")
    ]


def test_outbound_25_for_every_program() -> None:
    made = plan(load_example())
    assert every(made, opening(made, "mail", "out", 25, user="")) == [
        (
            "firewall.out-25",
            "high",
            "every program on mail.college.ac.uk may send to port 25, which was for the user postfix alone",
        )
    ]
    other = opening(made, "mail", "out", 25, user="www-data")
    assert [found[1] for found in every(made, other)] == ["high"]
    assert every(opening(made, "mail", "out", 25, user=""), made) == []


def test_outbound_25_for_a_host_that_is_no_mailer() -> None:
    made = plan(split())
    wide = opening(made, "store1", "out", 25, peers=EVERYWHERE)
    ((rule, severity, sentence),) = every(made, wide)
    assert (rule, severity) == ("firewall.out-25", "high")
    assert sentence == "the user postfix on store1.college.ac.uk may send to port 25 of everybody"
    store = replace(
        MX2, name="store9.college.ac.uk", addresses=(ip_address("198.51.100.39"),), functions=("store",)
    )
    assert every(split(), example(hosts=(*split_hosts(), store))) == []


def test_a_port_of_loopback_for_another_user() -> None:
    made = plan(whole())
    ((rule, severity, sentence),) = every(made, opening(made, "mail", "out", 10026, user=""))
    assert (rule, severity) == ("firewall.opened", "medium")
    assert sentence == "every user of mail.college.ac.uk may reach its port 10026, which was for list alone"


def test_a_campus_that_shrinks_is_not_kept_from_sending() -> None:
    ((rule, severity, sentence),) = every(load_example(), inside("198.51.100.0/25", "2001:db8:c011::/48"))
    assert (rule, severity) == ("border.opened", "high")
    assert sentence == (
        "the border does not keep ports 25, 465 and 587 in to 198.51.100.128/25 (128 addresses) and port 25 out "
        "from there any more"
    )


@pytest.mark.parametrize(
    "prefixes",
    [
        ("198.51.100.0/25", "198.51.100.128/25", "2001:db8:c011::/48"),
        CAMPUS[::-1],
        (*CAMPUS, "198.51.100.0/26"),
        (*CAMPUS, "203.0.113.0/24"),
    ],
)
def test_a_campus_that_is_the_same_or_wider_is(prefixes: tuple[str, ...]) -> None:
    assert said(firewalls.border, load_example(), inside(*prefixes)) == []


def test_a_border_that_loses_a_row() -> None:
    made = plan(load_example())
    rows = tuple(row for row in made.border if (row.direction, row.port, row.version) != ("out", 25, 4))
    ((rule, severity, sentence),) = every(made, replace(made, border=rows))
    assert (rule, severity) == ("border.opened", "high")
    assert "port 25 out from 198.51.100.0/" in sentence
    permits = tuple(row for row in made.border if (row.verdict, row.port) != ("permit", 587))
    assert every(made, replace(made, border=permits)) == []
    rejects = tuple(row for row in made.border if (row.verdict, row.port) != ("reject", 587))
    assert [found[1] for found in every(made, replace(made, border=rejects))] == ["medium"]


def test_a_campus_with_more_networks() -> None:
    ((rule, severity, sentence),) = every(load_example(), inside(*CAMPUS, "203.0.113.0/24"))
    assert (rule, severity) == ("campus.widened", "low")
    assert sentence == "203.0.113.0/24 (256 addresses) counts as the campus from now on"
    site = whole()
    wider = replace(site.networks, campus=networks(*CAMPUS, "203.0.113.0/24"))
    ((_, sentence),) = said(firewalls.campus, site, replace(site, networks=wider))
    assert sentence.endswith("; whoever is there reads the pages without signing in")
    assert isinstance(site.webmail, Webmail)
