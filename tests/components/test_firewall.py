"""The host's rules. What nft and real packets make of them: tests/native/test_firewall.py."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from mailwright.components import firewall
from mailwright.formats.engine import FormatError
from mailwright.plan import make
from mailwright.plan.model import EVERYWHERE, Because, Opening, Plan
from support.example import load_example

HOST = "mail.college.ac.uk"
WHY = Because("SCALE-1", "a reason")


def with_openings(*openings: Opening) -> Plan:
    return replace(make(load_example()), openings=openings)


def rules(plan: Plan) -> list[str]:
    """The lines of the openings, without comments."""
    host = plan.host(HOST)
    text = next(file.text for file in firewall.files(plan, host) if file.path.endswith(".nft"))
    lines = [line.strip().partition(" comment ")[0] for line in text.splitlines()]
    return [line for line in lines if "dport" in line]


def test_the_openings_of_the_example() -> None:
    assert rules(make(load_example())) == [
        "ip saddr { 198.51.100.240/28 } tcp dport 22 accept",
        "ip6 saddr { 2001:db8:c011:ad::/64 } tcp dport 22 accept",
        "tcp dport 25 accept",
        "tcp dport 465 accept",
        "tcp dport 587 accept",
        "tcp dport 993 accept",
        "tcp dport 995 accept",
        "tcp dport 4190 accept",
        'meta skuid "postfix" tcp dport 25 accept',
        "tcp dport 25 reject with tcp reset",
    ]


def test_port_25_outside_is_closed_also_on_a_host_that_never_sends() -> None:
    assert rules(with_openings()) == ["tcp dport 25 reject with tcp reset"]


def test_targets_of_an_opening_outwards() -> None:
    peers = (ip_network("203.0.113.0/24"),)
    plan = with_openings(Opening(HOST, "out", "tcp", 25, peers, WHY, user="postfix"))
    assert rules(plan)[0] == 'meta skuid "postfix" ip daddr { 203.0.113.0/24 } tcp dport 25 accept'


def test_ports_of_the_loopback_address_are_closed_to_other_users_before_loopback_is_let_through() -> None:
    here = (ip_network("127.0.0.1/32"),)
    plan = with_openings(Opening(HOST, "out", "tcp", 10026, here, WHY, user="list"))
    assert rules(plan)[0] == 'oifname "lo" tcp dport 10026 meta skuid != { "root", "list" } reject with tcp reset'
    text = next(file.text for file in firewall.files(plan, plan.host(HOST)) if file.path.endswith(".nft"))
    assert isinstance(text, str)
    assert text.index("dport 10026") < text.index('oifname "lo" accept')
    with pytest.raises(FormatError):  # it would be open to nobody, or everybody
        rules(with_openings(Opening(HOST, "out", "tcp", 10026, here, WHY)))


def test_openings_of_other_hosts_are_not_there() -> None:
    assert len(rules(with_openings(Opening("other.college.ac.uk", "in", "tcp", 80, EVERYWHERE, WHY)))) == 1


@pytest.mark.parametrize("direction", ["in", "out"])
def test_an_opening_without_peers_is_refused(direction: str) -> None:
    with pytest.raises(FormatError):
        rules(with_openings(Opening(HOST, direction, "tcp", 80, (), WHY)))  # type: ignore[arg-type]


def test_every_rule_says_why() -> None:
    plan = make(load_example())
    text = next(file.text for file in firewall.files(plan, plan.host(HOST)) if file.path.endswith(".nft"))
    for line in text.splitlines():
        if " accept" in line or " drop " in line or "reject" in line.partition("#")[0]:
            assert 'comment "' in line or "policy" in line, line


def test_no_other_table_is_touched() -> None:
    plan = make(load_example())
    text = next(file.text for file in firewall.files(plan, plan.host(HOST)) if file.path.endswith(".nft"))
    statements = [line for line in text.splitlines() if line and not line.startswith(("\t", "#", "}"))]
    assert statements == ["table inet mailwright {}", "delete table inet mailwright", "table inet mailwright {"]
    assert "hook forward" not in text
