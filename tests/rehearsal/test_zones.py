from __future__ import annotations

from ipaddress import ip_address, ip_network

import dns.zone
import pytest

from mailwright.plan.model import Because, HostFacts
from mailwright.rehearsal.errors import LabError
from mailwright.rehearsal.topology import Topology, topology
from mailwright.rehearsal.zones import zones

MX = "college.ac.uk. 3600 IN MX 10 mail.college.ac.uk.\n"
SOA = "college.ac.uk. 3600 IN SOA ns. me. 7 1 1 1 1\ncollege.ac.uk. 3600 IN NS ns.college.ac.uk.\n"


def lab(*time_servers: str, campus: str = "198.51.100.0/24") -> Topology:
    network = ip_network(campus)
    facts = HostFacts("mail.college.ac.uk", (network[25],), "debian-13", ("mx",), Because("", "test"))
    return topology((facts,), (network,), (network,), time_servers=time_servers)


def read(text: str, origin: str) -> dict[tuple[str, str], list[str]]:
    """Owner and type → values, as a name server would load them: with SOA and NS, or not at all."""
    zone = dns.zone.from_text(text, origin=origin, relativize=False)
    found: dict[tuple[str, str], list[str]] = {}
    for owner, _ttl, value in zone.iterate_rdatas():
        kind = dns.rdatatype.to_text(value.rdtype)
        found.setdefault((str(owner), kind), []).append(str(value))
    return found


def test_a_fragment_becomes_a_whole_zone() -> None:
    records = read(zones(lab(), {"college.ac.uk": MX})["college.ac.uk"], "college.ac.uk.")
    assert records["college.ac.uk.", "MX"] == ["10 mail.college.ac.uk."]
    assert records["college.ac.uk.", "NS"] == ["ns.names.example."]


def test_a_zone_that_is_whole_stays_as_it_is() -> None:
    assert zones(lab(), {"college.ac.uk": SOA + MX})["college.ac.uk"] == SOA + MX


def test_the_root_leads_to_every_zone_that_is_not_inside_another() -> None:
    served = zones(
        lab("ntp0.ja.net"), {"college.ac.uk": MX, "chem.college.ac.uk": "", "100.51.198.in-addr.arpa": ""}
    )
    root = read(served["."], ".")
    assert {owner for owner, kind in root if kind == "NS"} == {
        ".",
        "100.51.198.in-addr.arpa.",
        "113.0.203.in-addr.arpa.",
        "0.0.0.0.f.f.f.f.8.b.d.0.1.0.0.2.ip6.arpa.",
        "college.ac.uk.",
        "elsewhere.example.",
        "foreign.example.",
        "names.example.",
        "ntp0.ja.net.",
    }
    assert root["ns.names.example.", "A"] == ["203.0.113.2"]


def test_every_zone_can_be_loaded() -> None:
    served = zones(lab("ntp0.ja.net", "ntp.college.ac.uk"), {"college.ac.uk": MX}, ("partner.example",))
    for name, text in served.items():
        assert read(text, f"{name}." if name != "." else ".")


def test_time_servers_have_forward_and_reverse_names() -> None:
    served = zones(lab("ntp0.ja.net"), {})
    assert read(served["ntp0.ja.net"], "ntp0.ja.net.")["ntp0.ja.net.", "A"] == ["203.0.113.120"]
    reverse = read(served["113.0.203.in-addr.arpa"], "113.0.203.in-addr.arpa.")
    assert reverse["120.113.0.203.in-addr.arpa.", "PTR"] == ["ntp0.ja.net."]


def test_a_time_server_under_the_sites_domain_is_added_to_its_zone() -> None:
    served = zones(lab("ntp.college.ac.uk"), {"college.ac.uk": MX})
    assert read(served["college.ac.uk"], "college.ac.uk.")["ntp.college.ac.uk.", "A"] == ["203.0.113.120"]


def test_but_not_when_the_fragment_has_it() -> None:
    fragment = MX + "ntp.college.ac.uk. 60 IN A 198.51.100.7\n"
    served = zones(lab("ntp.college.ac.uk"), {"college.ac.uk": fragment})
    assert read(served["college.ac.uk"], "college.ac.uk.")["ntp.college.ac.uk.", "A"] == ["198.51.100.7"]


def test_foreign_domains_are_received_by_the_foreign_mail_host() -> None:
    served = zones(lab(), {}, ("partner.example",))
    for domain in ("foreign.example", "partner.example"):
        assert read(served[domain], f"{domain}.")[f"{domain}.", "MX"] == ["10 mx.foreign.example."]
    assert read(served["foreign.example"], "foreign.example.")["mx.foreign.example.", "A"] == ["203.0.113.25"]


def test_the_outside_client_has_a_name() -> None:
    topology_ = lab()
    reverse = read(zones(topology_, {})["113.0.203.in-addr.arpa"], "113.0.203.in-addr.arpa.")
    assert topology_.outside.ips[0] == ip_address("203.0.113.66")
    assert reverse["66.113.0.203.in-addr.arpa.", "PTR"] == ["host-66.elsewhere.example."]


@pytest.mark.parametrize(
    "line", ["college.ac.uk. IN MX mail", "$INCLUDE /etc/passwd", "$GENERATE 1-9 h$ A 10.0.0.$"]
)
def test_what_is_no_zone_file_is_refused(line: str) -> None:
    with pytest.raises(LabError, match=r"fragment of college\.ac\.uk"):
        zones(lab(), {"college.ac.uk": f"{MX}{line}\n"})


def test_a_site_that_is_called_as_the_world_is_refused() -> None:
    with pytest.raises(LabError, match="simulated Internet's own"):
        zones(lab(), {"Foreign.example.": ""})
