from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network

import pytest

from mailwright.plan.model import Because, HostFacts
from mailwright.rehearsal.errors import LabError
from mailwright.rehearsal.network import node_commands, router_commands
from mailwright.rehearsal.topology import Topology, topology

CAMPUS = (ip_network("198.51.100.0/24"), ip_network("2001:db8:100::/48"))
MANAGEMENT = (ip_network("198.51.100.128/26"), ip_network("2001:db8:100:f::/64"))


def host(name: str, *addresses: str) -> HostFacts:
    return HostFacts(name, tuple(map(ip_address, addresses)), "debian-13", ("mx",), Because("", "test"))


MAIL = host("mail.college.ac.uk", "198.51.100.25", "2001:db8:100::25")


def college(**other: object) -> Topology:
    return topology(**{"hosts": (MAIL,), "campus": CAMPUS, "management": MANAGEMENT, **other})  # type: ignore[arg-type]


def test_a_host_has_the_narrowest_prefix_that_holds_it() -> None:
    lab = college(hosts=(MAIL, host("two.college.ac.uk", "198.51.100.130")))
    assert lab.hosts[0].addresses == (ip_interface("198.51.100.25/24"), ip_interface("2001:db8:100::25/48"))
    assert lab.hosts[1].addresses == (ip_interface("198.51.100.130/26"),)


def test_a_host_outside_every_prefix_is_reached_alone() -> None:
    lab = college(hosts=(host("away.college.ac.uk", "10.9.8.7"),))
    assert lab.hosts[0].addresses == (ip_interface("10.9.8.7/32"),)
    assert ip_network("10.9.8.7/32") in lab.site_routes


def test_the_management_client_is_in_the_management_network() -> None:
    client = college().node("management")
    assert [ip in network for ip, network in zip(client.ips, MANAGEMENT, strict=True)] == [True, True]


def test_the_campus_client_is_on_campus_but_may_neither_manage_nor_relay() -> None:
    relay = (ip_network("198.51.100.0/26"),)
    client = college(relay=relay).node("campus")
    assert [ip in network for ip, network in zip(client.ips, CAMPUS, strict=True)] == [True, True]
    assert not any(
        ip.version == network.version and ip in network for ip in client.ips for network in (*MANAGEMENT, *relay)
    )


def test_a_relay_client_stands_in_the_relay_network() -> None:
    assert college(relay=(ip_network("198.51.100.64/28"),)).node("relay").ips[0] in ip_network("198.51.100.64/28")


def test_no_relay_network_no_relay_client() -> None:
    with pytest.raises(LabError, match="no 'relay' in this lab"):
        college().node("relay")


def test_clients_never_take_a_hosts_address_nor_each_others() -> None:
    narrow = (ip_network("198.51.100.24/30"),)  # .25 is the host, .24 and .27 are edges
    lab = college(campus=narrow, management=narrow)
    assert lab.node("management").ips == (ip_address("198.51.100.26"),)
    assert [client.name for client in lab.clients] == ["management"]


def test_where_management_is_the_whole_campus_the_campus_client_is_in_it() -> None:
    lab = college(management=CAMPUS)
    assert set(lab.node("campus").ips).isdisjoint(lab.node("management").ips)
    assert lab.node("campus").ips[0] in CAMPUS[0]


def test_a_single_management_address_serves() -> None:
    assert college(management=(ip_network("203.0.113.9/32"),)).node("management").ips == (
        ip_address("203.0.113.9"),
    )


def test_a_full_management_network_is_refused() -> None:
    with pytest.raises(LabError, match="no address left"):
        college(management=(ip_network("198.51.100.25/32"),))


@pytest.mark.parametrize(
    ("campus", "v4", "v6"),
    [
        (CAMPUS, "203.0.113.0/24", "2001:db8:ffff::/64"),
        ((ip_network("203.0.112.0/22"),), "198.51.100.0/24", "2001:db8:ffff::/64"),
        ((ip_network("198.51.100.0/24"), ip_network("2001:db8::/32")), "203.0.113.0/24", "3fff:0:0:ffff::/64"),
    ],
)
def test_the_world_takes_a_range_that_the_site_does_not_use(campus: tuple, v4: str, v6: str) -> None:
    lab = college(hosts=(host("mail.college.ac.uk", "10.0.0.1"),), campus=campus, management=campus)
    for ips in (lab.names, lab.resolver, lab.mail, lab.outside.ips):
        assert [ips[0] in ip_network(v4), ips[1] in ip_network(v6)] == [True, True]


def test_a_site_that_is_everywhere_leaves_no_world() -> None:
    with pytest.raises(LabError, match="no range"):
        college(campus=(ip_network("0.0.0.0/0"),))


def test_time_servers_get_addresses_of_their_own() -> None:
    lab = college(time_servers=("ntp0.ja.net", "ntp1.ja.net", "NTP0.ja.net.", "10.1.1.1"))
    assert [clock.name for clock in lab.clocks][:2] == ["ntp0.ja.net", "ntp1.ja.net"]
    assert lab.clocks[0].addresses != lab.clocks[1].addresses
    assert ip_interface("10.1.1.1/32") in lab.world.addresses
    assert "route replace 10.1.1.1/32 dev world" in router_commands(
        lab, {node.name: node.name for node in lab.nodes}
    )


def test_a_time_server_that_is_a_described_host_is_not_in_the_world() -> None:
    assert college(time_servers=("mail.college.ac.uk", "198.51.100.25")).clocks == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hosts": ()}, "no hosts"),
        ({"management": ()}, "no management network"),
        ({"hosts": (MAIL, host("two.college.ac.uk", "198.51.100.25"))}, "same address: 198.51.100.25"),
    ],
)
def test_what_cannot_be_a_lab_is_refused(change: dict, words: str) -> None:
    with pytest.raises(LabError, match=words):
        college(**change)


def test_all_addresses_are_different() -> None:
    lab = college(time_servers=tuple(f"ntp{number}.ja.net" for number in range(4)))
    ips = [ip for node in lab.nodes for ip in node.ips] + [own.ip for own in lab.router]
    assert len(ips) == len(set(ips))


def test_every_node_has_a_way_out_for_each_family_that_it_has() -> None:
    lab = college(hosts=(host("v4.college.ac.uk", "198.51.100.25"),))
    ways = [line for line in node_commands(lab.hosts[0], lab) if line.startswith("route add default")]
    assert ways == ["route add default via 169.254.0.1 dev eth0 onlink src 198.51.100.25"]
    assert sum("route add default" in line for line in node_commands(lab.outside, lab)) == 2
