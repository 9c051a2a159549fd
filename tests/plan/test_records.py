"""DNS records, and the zones that they belong in."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from mailwright.plan import make
from mailwright.plan.records import reverse_zone
from mailwright.site.model import Host, Network, Site
from support.example import HERE, example, load_example


def values(site: Site, type_: str) -> set[tuple[str, str, str]]:
    return {(row.zone, row.owner, row.value) for row in make(site).records if row.type == type_}


def campus(*prefixes: str) -> Site:
    networks = load_example().networks
    return example(
        networks=replace(networks, campus=tuple(Network(ip_network(prefix), HERE) for prefix in prefixes))
    )


def host(name: str, *addresses: str, functions: tuple[str, ...] = ("mx", "submission", "store")) -> Host:
    return Host(name, tuple(ip_address(item) for item in addresses), "debian-13", functions, HERE)


@pytest.mark.parametrize(
    ("prefix", "address", "zone"),
    [
        ("198.51.100.0/24", "198.51.100.25", "100.51.198.in-addr.arpa"),
        ("198.51.100.0/25", "198.51.100.25", "100.51.198.in-addr.arpa"),
        ("198.51.0.0/16", "198.51.100.25", "51.198.in-addr.arpa"),
        ("198.51.96.0/20", "198.51.100.25", "100.51.198.in-addr.arpa"),
        ("203.0.113.0/24", "198.51.100.25", "100.51.198.in-addr.arpa"),
        ("2001:db8:c011::/48", "2001:db8:c011::25", "1.1.0.c.8.b.d.0.1.0.0.2.ip6.arpa"),
        ("2001:db8:c000::/34", "2001:db8:c011::25", "c.8.b.d.0.1.0.0.2.ip6.arpa"),
        ("2001:db8::/32", "2001:db8:c011::25", "8.b.d.0.1.0.0.2.ip6.arpa"),
        ("2001:db8:c011::/64", "2001:db8:c011::25", "0.0.0.0.1.1.0.c.8.b.d.0.1.0.0.2.ip6.arpa"),
    ],
)
def test_reverse_zones_are_cut_at_octets_and_nibbles(prefix: str, address: str, zone: str) -> None:
    assert reverse_zone(campus(prefix), ip_address(address)) == zone


def test_every_host_address_has_a_record_forward_and_reverse() -> None:
    site = load_example()
    assert values(site, "A") == {("college.ac.uk", "mail.college.ac.uk.", "198.51.100.25")}
    assert values(site, "AAAA") == {("college.ac.uk", "mail.college.ac.uk.", "2001:db8:c011::25")}
    assert values(site, "PTR") == {
        ("100.51.198.in-addr.arpa", "25.100.51.198.in-addr.arpa.", "mail.college.ac.uk."),
        (
            "1.1.0.c.8.b.d.0.1.0.0.2.ip6.arpa",
            ip_address("2001:db8:c011::25").reverse_pointer + ".",
            "mail.college.ac.uk.",
        ),
    }


def test_each_mail_domain_names_each_mailer() -> None:
    site = example(hosts=(host("mail.college.ac.uk", "198.51.100.25"),))
    assert values(site, "MX") == {
        ("college.ac.uk", "college.ac.uk.", "10 mail.college.ac.uk."),
        ("chem.college.ac.uk", "chem.college.ac.uk.", "10 mail.college.ac.uk."),
    }


def test_a_hosts_zone_is_the_longest_domain_that_holds_it() -> None:
    site = example(hosts=(host("mail.chem.college.ac.uk", "198.51.100.25"),))
    assert values(site, "A") == {("chem.college.ac.uk", "mail.chem.college.ac.uk.", "198.51.100.25")}
    near_miss = example(hosts=(host("mail.notcollege.ac.uk", "198.51.100.25"),))
    assert values(near_miss, "A") == {("notcollege.ac.uk", "mail.notcollege.ac.uk.", "198.51.100.25")}


def test_spf_names_all_addresses_and_no_others_for_domains_and_the_helo_name() -> None:
    spf = "v=spf1 ip4:198.51.100.25 ip6:2001:db8:c011::25 -all"
    found = {(owner, value) for _, owner, value in values(load_example(), "TXT") if value.startswith("v=spf1")}
    assert found == {(name, spf) for name in ("college.ac.uk.", "chem.college.ac.uk.", "mail.college.ac.uk.")}


def test_a_host_that_is_named_as_the_domain_has_one_spf_record() -> None:
    site = example(hosts=(host("college.ac.uk", "198.51.100.25"),))
    spf = [item for item in values(site, "TXT") if item[1] == "college.ac.uk." and item[2].startswith("v=spf1")]
    assert len(spf) == 1


def test_dkim_and_dmarc_for_each_domain() -> None:
    site = load_example()
    assert site.dkim is not None
    text = {(owner, value) for _, owner, value in values(site, "TXT")}
    for domain in site.domains:
        assert (f"_dmarc.{domain.name}.", f"v=DMARC1; p={domain.dmarc_policy}") in text
        key = f"v=DKIM1; k=rsa; p={site.dkim.public_key}"
        assert (f"{site.dkim.selector}._domainkey.{domain.name}.", key) in text


def test_without_a_key_there_is_no_dkim_record() -> None:
    assert not [value for _, _, value in values(example(dkim=None), "TXT") if "DKIM" in value]
