"""What every name server of a zone serves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from mailwright import plan
from mailwright.audit import zone
from mailwright.audit.model import Context, Observation
from mailwright.audit.runner import status
from mailwright.findings import Status
from support import dns_peer
from support.dns_peer import Answering, Table, serving
from support.example import load_example
from support.probing import Here

PLAN = plan.make(load_example())
PROBES = {probe.id: probe for probe in zone.PROBES}
FIRST, SECOND = "127.0.0.2", "127.0.0.3"


def table(**changes: object) -> dict[tuple[str, str], list[str]]:
    """The records of the plan, in zones with two name servers."""
    made: dict[tuple[str, str], list[str]] = {
        ("ns.college.ac.uk.", "A"): [FIRST],
        ("ns2.college.ac.uk.", "A"): [SECOND],
    }
    for row in PLAN.records:
        quoted = " ".join(f'"{row.value[at : at + 200]}"' for at in range(0, len(row.value), 200))
        made.setdefault((row.owner, row.type), []).append(quoted if row.type == "TXT" else row.value)
        apex = f"{row.zone}."
        made[apex, "SOA"] = [f"ns.college.ac.uk. hostmaster.college.ac.uk. {changes.get('serial', 7)} 1 1 1 1"]
        made[apex, "NS"] = ["ns.college.ac.uk.", "ns2.college.ac.uk."]
    return made


@contextmanager
def served(
    monkeypatch: pytest.MonkeyPatch, main: Table, others: Mapping[str, Table | Answering]
) -> Iterator[Context]:
    with serving(main, monkeypatch, others) as resolver:
        here = Here("outside", (IPv4Address("127.0.0.1"),))
        yield Context(PLAN, resolver, {"outside": here}, None, None, ())


def look(context: Context, id_: str) -> tuple[Status, tuple[Observation, ...]]:
    seen = tuple(PROBES[id_].run(context))
    return status(PROBES[id_], seen), seen


def verdicts(context: Context) -> dict[str, Status]:
    return {id_: look(context, id_)[0] for id_ in PROBES}


def test_a_zone_as_planned_passes_whatever_its_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    other = table()
    other["college.ac.uk.", "MX"] = [value.upper() for value in other["college.ac.uk.", "MX"]]
    other["college.ac.uk.", "TXT"] = [
        '"v=spf1 ip6:2001:DB8:c011:0::25 " "ip4:198.51.100.25 -all"',
        '"something=else"',
    ]
    other["_dmarc.college.ac.uk.", "TXT"] = [other["_dmarc.college.ac.uk.", "TXT"][0].replace("; ", ";")]
    with served(monkeypatch, table(), {FIRST: table(), SECOND: other}) as context:
        for id_ in PROBES:
            found, seen = look(context, id_)
            assert found is Status.PASS, [item for item in seen if not item.ok]
            assert any(f"({FIRST})" in item.what for item in seen)
            assert any(f"({SECOND})" in item.what for item in seen)


CHANGES: tuple[tuple[str, str, str, list[str] | None], ...] = (
    ("zone.mailers", "college.ac.uk.", "MX", ["10 mail.college.ac.uk.", "20 backup.elsewhere.example."]),
    ("zone.mailers", "chem.college.ac.uk.", "MX", None),
    ("zone.addresses", "mail.college.ac.uk.", "A", ["198.51.100.26"]),
    ("zone.addresses", "mail.college.ac.uk.", "AAAA", None),
    ("zone.reverse", "25.100.51.198.in-addr.arpa.", "PTR", ["old.college.ac.uk."]),
    ("zone.policies", "college.ac.uk.", "TXT", ['"v=spf1 ip4:198.51.100.25 ip6:2001:db8:c011::25 ?all"']),
    ("zone.policies", "_dmarc.college.ac.uk.", "TXT", ['"v=DMARC1; p=none; pct=0"']),
    ("zone.policies", "mail2026._domainkey.college.ac.uk.", "TXT", ['"v=DKIM1; k=rsa; p=AAAA"']),
    ("zone.policies", "_dmarc.college.ac.uk.", "TXT", ['"v=DMARC1; p=none\\010forged"']),
)  # fmt: skip


@pytest.mark.parametrize(("id_", "owner", "type_", "values"), CHANGES)
def test_a_server_that_is_behind_is_named(
    id_: str, owner: str, type_: str, values: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = table(serial=6)
    assert (owner, type_) in behind
    if values is None:
        del behind[owner, type_]
    else:
        behind[owner, type_] = values
    with served(monkeypatch, table(), {FIRST: table(), SECOND: behind}) as context:
        found = verdicts(context)
        seen = look(context, id_)[1]
    assert {name for name, one in found.items() if one is not Status.PASS} == {id_}
    (bad,) = [item for item in seen if not item.ok]
    assert f"ns2.college.ac.uk ({SECOND})" in bad.what
    assert "serial 6" in bad.seen
    assert "\n" not in bad.seen


def test_a_second_record_of_a_policy_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    both = table()
    both["college.ac.uk.", "TXT"] = [*both["college.ac.uk.", "TXT"], '"v=spf1 +all"']
    with served(monkeypatch, both, {FIRST: both, SECOND: both}) as context:
        assert verdicts(context)["zone.policies"] is Status.FAIL


@pytest.mark.parametrize(
    ("answering", "wanted"),
    [
        (dns_peer.silent, Status.NOT_PROVEN),
        (dns_peer.garbage, Status.NOT_PROVEN),
        (dns_peer.refusing, Status.FAIL),
        (dns_peer.lame(table()), Status.FAIL),
    ],
    ids=["silent", "garbage", "refuses", "lame"],
)
def test_a_server_that_is_none(answering: Answering, wanted: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(monkeypatch, table(), {FIRST: table(), SECOND: answering}) as context:
        assert look(context, "zone.mailers")[0] is wanted


def test_a_resolver_that_does_not_answer_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(monkeypatch, table(), {FIRST: table(), SECOND: table()}) as context:
        away = replace(context, resolver=("127.0.0.9",))
        assert look(away, "zone.mailers")[0] is Status.NOT_PROVEN


def test_a_zone_without_servers_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = {key: rows for key, rows in table().items() if key[1] != "NS"}
    with served(monkeypatch, bare, {}) as context:
        assert look(context, "zone.mailers")[0] is Status.NOT_PROVEN


def test_hostile_answers_end_soon_and_pass_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    many = table()
    many["college.ac.uk.", "MX"] = [f"{number} m{number}.example." for number in range(1500)]
    many["college.ac.uk.", "NS"] = [f"ns{number}.college.ac.uk." for number in range(150)]
    many |= {(f"ns{number}.college.ac.uk.", "A"): [FIRST] for number in range(150)}
    many["_dmarc.chem.college.ac.uk.", "TXT"] = [" ".join(['"' + "x" * 250 + '"'] * 200)]
    many["_dmarc.college.ac.uk.", "CNAME"] = ["loop.college.ac.uk."]
    del many["_dmarc.college.ac.uk.", "TXT"]
    many["loop.college.ac.uk.", "CNAME"] = ["_dmarc.college.ac.uk."]
    with served(monkeypatch, many, {FIRST: many, SECOND: table()}) as context:
        found, seen = look(context, "zone.mailers")
        assert found is Status.FAIL
        assert all(len(item.seen) < 600 for item in seen)
        assert look(context, "zone.policies")[0] in (Status.FAIL, Status.NOT_PROVEN)


def test_an_alias_into_another_zone_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = "mail2026._domainkey.college.ac.uk."
    main = table()
    main["key.provider.example.", "TXT"] = main.pop((owner, "TXT"))
    main[owner, "CNAME"] = ["key.provider.example."]
    half = {key: rows for key, rows in main.items() if key[0] != "key.provider.example."}
    with served(monkeypatch, main, {FIRST: half, SECOND: half}) as context:
        found, seen = look(context, "zone.policies")
        assert found is Status.PASS, [item for item in seen if not item.ok]


def test_a_hundred_questions_to_a_silent_server_take_no_longer_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    many = table()
    rows = []
    for number in range(100):
        owner = f"d{number}.college.ac.uk."
        many[owner, "MX"] = ["10 mail.college.ac.uk."]
        rows.append(replace(PLAN.records[0], owner=owner, type="MX", value="10 mail.college.ac.uk."))
    started = time.monotonic()
    with served(monkeypatch, many, {FIRST: many, SECOND: dns_peer.silent}) as context:
        large = replace(context, plan=replace(PLAN, records=tuple(rows)))
        found, seen = look(large, "zone.mailers")
    assert found is Status.NOT_PROVEN
    assert len(seen) == 300
    assert time.monotonic() - started < 30
