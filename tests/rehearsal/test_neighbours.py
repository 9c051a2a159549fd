"""Systems that the description names and does not describe: which, where they stand, how they are found."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from mailwright.plan import make
from mailwright.rehearsal.errors import LabError
from mailwright.rehearsal.lab import scene
from mailwright.rehearsal.neighbours import Neighbour, known, neighbours
from mailwright.rehearsal.network import router_commands
from mailwright.rehearsal.topology import topology
from mailwright.rehearsal.zones import zones
from mailwright.site.model import Network, Smarthost
from support.example import HERE, gateway, load_example, with_gateway

SMARTHOST = Smarthost("smtp.provider.example", 587, "college", "secrets/smarthost", "spf.provider.example", HERE)
EXCHANGE = "exchange.physics.college.ac.uk"


def test_the_example_has_none() -> None:
    assert neighbours(make(load_example())) == ()


def test_a_back_end_stands_where_its_clients_are_and_knows_the_listed_people() -> None:
    (one,) = neighbours(make(with_gateway()))
    assert (one.name, one.kind, one.where, one.known) == (EXCHANGE, "backend", "site", (f"km@{EXCHANGE}",))
    assert one.among == (ip_network("198.51.100.77/32"),)
    node = scene(make(with_gateway()), None).topology().node(EXCHANGE)
    assert node.ips == (ip_address("198.51.100.77"),)
    assert node.bridge == "site"


def test_a_back_end_without_clients_gets_a_free_address_of_each_family() -> None:
    node = scene(make(with_gateway(clients=())), None).topology().node(EXCHANGE)
    assert [ip.version for ip in node.ips] == [4, 6]
    management = load_example().networks.management
    assert not any(ip in network.prefix for ip in node.ips for network in management)


def test_an_address_as_next_hop_is_the_address() -> None:
    clients = (Network(ip_network("198.51.100.64/29"), HERE),)
    plan = make(with_gateway(next_hop="198.51.100.99", clients=clients, tls="encrypt"))
    ips = scene(plan, None).topology().node("198.51.100.99").ips
    assert ips[0] in clients[0].prefix
    assert ips[1:] == (ip_address("198.51.100.99"),)


def test_a_system_of_somebody_else_elsewhere_stands_in_the_world() -> None:
    hosted = make(with_gateway(next_hop="mx.hosted.example", clients=()))
    assert scene(hosted, None).topology().node("mx.hosted.example").bridge == "world"
    away = (Network(ip_network("198.18.7.7/32"), HERE),)
    lab = scene(make(with_gateway(next_hop="mx.hosted.example", clients=away)), None).topology()
    assert lab.node("mx.hosted.example").ips == (ip_address("198.18.7.7"),)
    assert "route replace 198.18.7.7/32 dev world" in router_commands(lab, {n.name: n.name for n in lab.nodes})


def test_two_gateways_to_one_system_are_one_neighbour() -> None:
    site = with_gateway()
    second = gateway(name="other", domains=("chem.college.ac.uk",), recipients="ask", people=())
    plan = make(replace(site, gateways=(*site.gateways, second), people=(), roles=(), automatic_senders=()))
    (one,) = neighbours(plan)
    assert one.known == (f"km@{EXCHANGE}", "somebody.inside@chem.college.ac.uk")
    assert known(plan, plan.gateways[1]) == ("somebody.inside@chem.college.ac.uk",)


def test_a_smarthost_stands_in_the_world_and_its_spf_record_is_served() -> None:
    seen = scene(make(replace(load_example(), smarthost=SMARTHOST)), None)
    lab = seen.topology()
    served = zones(lab, {}, (), seen.covered)
    (first, second) = lab.node("smtp.provider.example").ips
    assert f'"v=spf1 ip4:{first} ip6:{second} -all"' in served["spf.provider.example"]
    assert f"A {first}" in served["smtp.provider.example"]


def test_names_in_a_zone_of_the_site_stand_beside_its_records_and_change_none() -> None:
    lab = scene(make(with_gateway()), None).topology()
    assert "198.51.100.77" in zones(lab, {"physics.college.ac.uk": ""})["physics.college.ac.uk"]
    own = f"{EXCHANGE}. 3600 IN A 198.51.100.1\n"
    assert zones(lab, {"physics.college.ac.uk": own})["physics.college.ac.uk"].count(" IN A ") == 1


def test_no_address_left_is_said() -> None:
    plan = make(load_example())
    taken = Neighbour("x.college.ac.uk", "backend", "site", (ip_network(plan.hosts[0].addresses[0]),))
    with pytest.raises(LabError, match=r"no address left for x\.college"):
        topology(plan.hosts, plan.settings.campus_networks, plan.settings.management_networks, neighbours=(taken,))


def test_what_the_system_behind_receives_is_not_received_abroad() -> None:
    assert EXCHANGE not in scene(make(with_gateway()), None).foreign_domains
