"""What nft itself reads in the rendered rules, with anything in the strings that reach them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwright.components import firewall
from mailwright.plan import make
from mailwright.plan.model import EVERYWHERE, Because, Opening, Plan
from support.example import load_example
from support.tools import need

pytestmark = pytest.mark.native

HOST = "mail.college.ac.uk"


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    need("nft", "unshare", root=True)


def parsed(plan: Plan) -> list[dict[str, object]]:
    """The rules as nft lists them after loading, in a network namespace of its own."""
    text = next(file.text for file in firewall.files(plan, plan.host(HOST)) if file.path.endswith(".nft"))
    # nft looks the mailer's user up; this machine has no Postfix
    text = text.replace('skuid "postfix"', 'skuid "daemon"')
    done = subprocess.run(
        ["unshare", "--net", "sh", "-ec", "nft -f - && nft -j list ruleset"],
        check=True, capture_output=True, text=True, input=text,
    )  # fmt: skip
    found = [entry["rule"] for entry in json.loads(done.stdout)["nftables"] if "rule" in entry]
    return [{key: value for key, value in rule.items() if key != "handle"} for rule in found]


def with_openings(*openings: Opening) -> Plan:
    return replace(make(load_example()), openings=openings)


def said_by(rule: dict[str, object]) -> Iterator[tuple[str, object]]:
    """(field, value) of each match, a set's members each as text."""
    for part in rule["expr"]:  # type: ignore[attr-defined]
        if "match" in part:
            left, right = part["match"]["left"], part["match"]["right"]
            key = left["payload"]["protocol"] + " " + left["payload"]["field"] if "payload" in left else str(left)
            members = right["set"] if isinstance(right, dict) and "set" in right else [right]
            yield key, frozenset(_member(member) for member in members)


def _member(member: object) -> str:
    if isinstance(member, dict):
        return f"{member['prefix']['addr']}/{member['prefix']['len']}"
    return str(member)


networks_v4 = st.sampled_from(["198.51.100.0/24", "203.0.113.0/25", "198.51.100.64/26", "10.0.0.0/8"]).map(
    ip_network
)
networks_v6 = st.sampled_from(["2001:db8::/32", "2001:db8:1::/48", "fd00::/8"]).map(ip_network)


@settings(max_examples=30, deadline=None)
@given(st.lists(networks_v4, max_size=4), st.lists(networks_v6, max_size=3), st.sampled_from(["in", "out"]))
def test_every_rule_of_an_opening_carries_its_addresses(v4: list, v6: list, direction: str) -> None:  # type: ignore[type-arg]
    if not v4 and not v6:
        return
    plan = with_openings(Opening(HOST, direction, "udp", 999, (*v6, *v4), Because("SCALE-1", "a test")))  # type: ignore[arg-type]
    rules = [dict(said_by(rule)) for rule in parsed(plan)]
    rules = [rule for rule in rules if rule.get("udp dport") == frozenset({"999"})]
    assert len(rules) == bool(v4) + bool(v6)
    peers = "saddr" if direction == "in" else "daddr"
    reached = {
        ip_network(text)
        for rule in rules
        for keyword in ("ip", "ip6")
        for text in rule.get(f"{keyword} {peers}", ())
    }
    for network in (*v4, *v6):
        assert any(network.version == other.version and network.subnet_of(other) for other in reached)
    for other in reached:
        assert other in (*v4, *v6)


def test_everywhere_is_one_rule_for_both_families() -> None:
    plan = with_openings(Opening(HOST, "in", "tcp", 999, EVERYWHERE, Because("SCALE-1", "a test")))
    rules = [dict(said_by(rule)) for rule in parsed(plan)]
    assert [rule for rule in rules if "999" in str(rule)] == [{"tcp dport": frozenset({"999"})}]


@pytest.mark.parametrize("index", [0, 1], ids=["v4", "v6"])
def test_everywhere_in_one_family_says_nothing_about_the_other(index: int) -> None:
    plan = with_openings(Opening(HOST, "in", "tcp", 999, (EVERYWHERE[index],), Because("SCALE-1", "a test")))
    rules = [dict(said_by(rule)) for rule in parsed(plan)]
    (rule,) = [rule for rule in rules if "999" in str(rule)]
    assert rule["{'meta': {'key': 'nfproto'}}"] == frozenset({("ipv4", "ipv6")[index]})


HOSTILE = (
    '"; tcp dport 1-65535 accept; #',
    "a\ntcp dport 80 accept",
    "a\r\ntcp dport 80 accept",
    "}\n}\ntable inet evil {}",
    'include "/etc/passwd"',
    "define x = 1\n$x",
    "\\",
    "\\\n",
    "x" * 1000,
    "ä" * 200,
    "",
    "\x00",
)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200) | st.sampled_from(HOSTILE))
def test_any_reason_leaves_the_rules_as_they_are(reason: str) -> None:
    def plan(because: Because) -> Plan:
        return with_openings(
            Opening(HOST, "in", "tcp", 22, (ip_network("198.51.100.240/28"),), because),
            Opening(HOST, "out", "tcp", 25, EVERYWHERE, because, user="postfix"),
        )

    def without_comments(rules: list[dict[str, object]]) -> list[dict[str, object]]:
        return [{key: value for key, value in rule.items() if key != "comment"} for rule in rules]

    harmless = parsed(plan(Because("SCALE-1", "a reason")))
    assert without_comments(parsed(plan(Because(reason, reason)))) == without_comments(harmless)


def test_the_reason_of_each_rule_is_there_to_read() -> None:
    comments = [str(rule.get("comment", "")) for rule in parsed(make(load_example()))]
    assert all(comments)
    assert "SCALE-1: management access, from the management networks alone" in comments
