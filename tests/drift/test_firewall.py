"""The firewall in force: opened, closed, off, undermined by another table; and what makes no difference."""

from __future__ import annotations

from typing import Any

import pytest

from mailwright.drift import firewall
from mailwright.findings import Finding, Status
from support.drifting import as_built, host, judged, rule, said, table

OPENED = rule(("tcp dport", 3306), handle=9)


def of(value: dict[str, Any]) -> list[Finding]:
    return list(firewall.judge(host(), said(value)))


def one(value: dict[str, Any]) -> Finding:
    (found,) = of(value)
    assert found.id == "drift.firewall"
    return found


def with_own(objects: list[dict[str, Any]], words: str = "") -> dict[str, Any]:
    value = as_built()
    value["firewall"].update(own=objects, own_words=words, live=objects)
    return value


def test_nothing_differs() -> None:
    assert of(as_built()) == []


def test_a_rule_was_added() -> None:
    words = "table inet mailwright { # handle 7\n\tchain input { # handle 1\n\t\ttcp dport 3306 accept # handle 9\n"
    found = one(with_own(table(OPENED), words))
    assert found.status is Status.FAIL
    assert found.message == ("the rules in force are not those of /etc/mailwright/nftables.nft: 1 added, 0 missing")
    assert found.evidence == "+ input: tcp dport 3306 accept"
    assert "systemctl reload mailwright-firewall" in found.fix


def test_a_rule_was_taken_away() -> None:
    found = one(with_own(table()[:-1]))
    assert found.evidence.startswith("- input: ")
    assert "993" in found.evidence


def test_rules_in_another_order() -> None:
    objects = table()
    assert one(with_own([*objects[:-2], objects[-1], objects[-2]])).evidence


def test_an_element_was_added_to_a_set_in_a_rule() -> None:
    before = table(rule(("ip saddr", {"set": ["192.0.2.1"]}), handle=8))
    value = with_own(table(rule(("ip saddr", {"set": ["192.0.2.1", "203.0.113.9"]}), handle=8)))
    value["firewall"]["shall"] = before
    found = one(value)
    assert "203.0.113.9" in found.evidence


def test_the_policy_was_changed() -> None:
    found = one(with_own(table(policy="accept")))
    assert '"policy": "accept"' in found.evidence


def test_the_table_was_switched_off() -> None:
    objects = table()
    objects[1]["table"]["flags"] = "dormant"
    assert "dormant" in one(with_own(objects)).evidence


def test_the_chain_was_hung_elsewhere() -> None:
    objects = table()
    objects[2]["chain"]["hook"] = "forward"
    assert "forward" in one(with_own(objects)).evidence


def test_the_table_was_flushed() -> None:
    assert one(with_own(table()[:3])).evidence.count("- input: ") == 2


def test_the_table_was_deleted() -> None:
    assert one(with_own([])).message == "the firewall is off: there is no table inet mailwright"


def test_a_set_in_our_table_that_the_file_has_not() -> None:
    extra = {"set": {"family": "inet", "table": "mailwright", "name": "friends", "type": "ipv4_addr", "handle": 20}}
    assert "+ set friends" in one(with_own(table(extra))).evidence


def test_counters_handles_and_comments_make_no_difference() -> None:
    objects = table()
    for number, item in enumerate(objects):
        for kind in ("chain", "rule", "table"):
            if kind in item:
                item[kind]["handle"] = 900 + number
    objects[3]["rule"]["comment"] = "another"
    objects[4]["rule"]["expr"].insert(1, {"counter": {"packets": 17, "bytes": 1700}})
    assert of(with_own(objects)) == []


def base(name: str, chain: str, hook: str, policy: str = "accept", kind: str = "filter") -> list[dict[str, Any]]:
    own = {"family": "inet", "table": name, "name": chain, "handle": 1}
    return [
        {"table": {"family": "inet", "name": name, "handle": 30}},
        {"chain": {**own, "type": kind, "hook": hook, "prio": -10, "policy": policy}},
    ]


def in_table(name: str, chain: str, *expressions: dict[str, Any]) -> dict[str, Any]:
    return {
        "rule": {"family": "inet", "table": name, "chain": chain, "handle": 5, "expr": list(expressions)},
    }


def beside(*objects: dict[str, Any], words: str = "") -> dict[str, Any]:
    value = as_built()
    value["firewall"].update(live=[*table(), *objects], live_words=words)
    return value


@pytest.mark.parametrize("hook", ["ingress", "prerouting", "input", "output"])
def test_another_table_that_judges(hook: str) -> None:
    found = one(beside(*base("mine", "all", hook), in_table("mine", "all", {"accept": None})))
    assert found.message == (f"the table inet mine, which is not mailwright's, judges packets at {hook}")


def test_another_table_that_shuts_everything_out() -> None:
    assert "policy drop" in one(beside(*base("mine", "all", "input", "drop"))).evidence


def test_debians_own_empty_chains_are_nothing() -> None:
    empty = [item for hook in ("input", "forward", "output") for item in base("filter", hook, hook)]
    assert of(beside(*empty)) == []


def test_what_is_forwarded_is_not_ours() -> None:
    assert of(beside(*base("mine", "all", "forward"), in_table("mine", "all", {"accept": None}))) == []


BAN = (
    {
        "match": {
            "op": "==",
            "left": {"payload": {"protocol": "tcp", "field": "dport"}},
            "right": {"set": [465, 993]},
        }
    },
    {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@addr-set-guess"}},
)


def test_bans_are_host_state() -> None:
    sets = {
        "set": {"family": "inet", "table": "mailwright_guard", "name": "addr-set-guess", "elem": ["203.0.113.9"]}
    }
    for verdict in ({"reject": {"type": "tcp reset"}}, {"drop": None}):
        guard = in_table("mailwright_guard", "guess", *BAN, verdict)
        assert of(beside(*base("mailwright_guard", "guess", "input"), sets, guard)) == []


@pytest.mark.parametrize(
    "expressions",
    [
        (*BAN, {"accept": None}),
        (BAN[0], {"drop": None}),
        ({"drop": None},),
        (*BAN, {"mangle": {"key": 1}}, {"drop": None}),
    ],
)
def test_whatever_else_is_in_the_guards_table_is_none(expressions: tuple[dict[str, Any], ...]) -> None:
    guard = in_table("mailwright_guard", "guess", *expressions)
    assert "mailwright_guard" in one(beside(*base("mailwright_guard", "guess", "input"), guard)).message


def test_a_table_like_the_guards_elsewhere() -> None:
    ban = in_table("f2b-table", "guess", *BAN, {"drop": None})
    assert of(beside(*base("f2b-table", "guess", "input"), ban))


def test_what_could_not_be_compared_is_not_proven() -> None:
    value = as_built()
    value["firewall"] = {"error": "nft: Operation not permitted", "source": "built"}
    found = one(value)
    assert found.status is Status.NOT_PROVEN
    assert found.evidence == "nft: Operation not permitted"
    value["firewall"] = None
    assert one(value).status is Status.NOT_PROVEN


def test_nothing_else_is_found_of_an_opened_firewall() -> None:
    assert [finding.id for finding in judged(with_own(table(OPENED)))] == ["drift.firewall"]
