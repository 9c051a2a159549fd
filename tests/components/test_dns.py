"""Zone fragments: the plan's records, all of them, each in its zone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import dns.name
import dns.rdatatype
import dns.zone
import pytest

from mailwright.components.dns import fragments
from mailwright.formats.engine import FormatError
from mailwright.plan import make
from mailwright.plan.model import Because, Plan, Record
from support.example import load_example


def with_records(*records: Record) -> Plan:
    return replace(make(load_example()), records=records)


def read(file: str, text: str) -> set[tuple[str, str, int, bytes]]:
    zone = file.removesuffix(".zone")
    head = f"{zone}. 1 IN SOA ns.{zone}. x.{zone}. 1 1 1 1 1\n{zone}. 1 IN NS ns.{zone}.\n"
    return {
        (owner.to_text(), dns.rdatatype.to_text(rdata.rdtype), ttl, rdata.to_wire())
        for owner, ttl, rdata in dns.zone.from_text(head + text, zone, relativize=False).iterate_rdatas()
        if rdata.rdtype not in (dns.rdatatype.SOA, dns.rdatatype.NS)
    }


def wire(row: Record) -> bytes:
    """The record's value as it is on the wire, made without the zone writer."""
    if row.type == "TXT":
        octets = row.value.encode()
        parts = [octets[start : start + 255] for start in range(0, len(octets), 255)]
        return b"".join(bytes([len(part)]) + part for part in parts)
    if row.type == "MX":
        preference, _, name = row.value.partition(" ")
        return int(preference).to_bytes(2, "big") + dns.name.from_text(name).to_wire()
    if row.type == "SRV":
        *numbers, name = row.value.split(" ")
        return b"".join(int(number).to_bytes(2, "big") for number in numbers) + dns.name.from_text(name).to_wire()
    if row.type == "PTR":
        return dns.name.from_text(row.value).to_wire()
    address = next(
        address for host in load_example().hosts for address in host.addresses if str(address) == row.value
    )
    return address.packed


def test_every_record_of_the_plan_is_there_and_no_other() -> None:
    plan = make(load_example())
    texts = fragments(plan)
    written = {(file.removesuffix(".zone"), *row) for file, text in texts.items() for row in read(file, text)}
    assert written == {(row.zone, row.owner, row.type, row.ttl, wire(row)) for row in plan.records}
    assert len(written) == len(plan.records)


def test_the_example_has_its_forward_and_reverse_zones() -> None:
    assert sorted(fragments(make(load_example()))) == [
        "1.1.0.c.8.b.d.0.1.0.0.2.ip6.arpa.zone",
        "100.51.198.in-addr.arpa.zone",
        "chem.college.ac.uk.zone",
        "college.ac.uk.zone",
    ]


def test_each_record_has_its_reason_above_it() -> None:
    plan = make(load_example())
    for text in fragments(plan).values():
        lines = text.splitlines()
        for before, line in pairwise(lines):
            if line and not line.startswith(";"):
                assert before.startswith("; ")
    assert "; DNS-4: names the domain's inbound mailer\ncollege.ac.uk. 3600 IN MX " in "".join(
        fragments(plan).values()
    )


@pytest.mark.parametrize("zone", ["../etc", "college.ac.uk/x", "", ".", "College.ac.uk", "a b", "-\n"])
def test_a_zone_that_is_no_file_name_is_refused(zone: str) -> None:
    with pytest.raises(FormatError):
        fragments(with_records(Record(zone, "college.ac.uk.", "A", "198.51.100.25", 1, Because("DNS-3", ""))))


def test_a_zone_may_have_its_trailing_dot() -> None:
    row = Record("college.ac.uk.", "college.ac.uk.", "A", "198.51.100.25", 1, Because("DNS-3", ""))
    assert list(fragments(with_records(row))) == ["college.ac.uk.zone"]
