"""The zone writer: each record is read back by dnspython as the one that was meant."""

from __future__ import annotations

import dns.exception
import dns.name
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwright.formats.engine import FormatError
from mailwright.formats.zone import record

ZONE = "college.ac.uk"
SOA = f"{ZONE}. 3600 IN SOA ns.{ZONE}. hostmaster.{ZONE}. 1 7200 3600 1209600 3600\n{ZONE}. 3600 IN NS ns.{ZONE}.\n"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=600)


def read(text: str, zone: str = ZONE) -> set[tuple[dns.name.Name, int, str, object]]:
    """Every record but SOA and NS: owner, time to live, type, value (octets for TXT)."""
    found = set()
    for owner, ttl, rdata in dns.zone.from_text(
        SOA.replace(ZONE, zone) + text, zone, relativize=False
    ).iterate_rdatas():
        if rdata.rdtype in (dns.rdatatype.SOA, dns.rdatatype.NS):
            continue
        value = b"".join(rdata.strings) if rdata.rdtype == dns.rdatatype.TXT else rdata.to_text()
        found.add((owner, ttl, dns.rdatatype.to_text(rdata.rdtype), value))
    return found


@pytest.mark.parametrize(
    ("type_", "value", "parsed"),
    [
        ("A", "198.51.100.25", "198.51.100.25"),
        ("AAAA", "2001:0DB8:0::25", "2001:db8::25"),
        ("MX", "10 mail.college.ac.uk.", "10 mail.college.ac.uk."),
        ("PTR", "mail.college.ac.uk.", "mail.college.ac.uk."),
        ("TXT", "v=DMARC1; p=none", b"v=DMARC1; p=none"),
        ("TXT", "", b""),
        ("TXT", "k" * 255, b"k" * 255),
        ("TXT", "k" * 1000, b"k" * 1000),
        ("TXT", 'a "quoted" \\value\\', b'a "quoted" \\value\\'),
    ],
)
def test_each_type_reads_back(type_: str, value: str, parsed: object) -> None:
    text = record(ZONE, "mail.college.ac.uk.", type_, value, 300, "DNS-3: a reason")
    assert read(text) == {(dns.name.from_text("mail.college.ac.uk."), 300, type_, parsed)}
    assert text.startswith("; DNS-3: a reason\n")
    assert text.count("\n") == 2


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("A", "198.51.100.256"),
        ("A", "2001:db8::25"),
        ("A", "198.51.100.25\nevil.college.ac.uk. 60 IN A 203.0.113.1"),
        ("AAAA", "198.51.100.25"),
        ("AAAA", "fe80::1%eth0"),
        ("MX", "mail.college.ac.uk."),
        ("MX", "65536 mail.college.ac.uk."),
        ("MX", "-1 mail.college.ac.uk."),
        ("MX", "10 mail"),
        ("MX", "٣ mail.college.ac.uk."),
        ("PTR", "mail.college.ac.uk"),
        ("PTR", "mäil.college.ac.uk."),
        ("PTR", ""),
        ("PTR", "a..b."),
        ("PTR", "x" * 64 + "."),
        ("TXT", "k" * 65535),
        ("TXT", "half \ud800"),
        ("CNAME", "mail.college.ac.uk."),
        ("SOA", "."),
    ],
)
def test_what_is_no_such_record_is_refused(type_: str, value: str) -> None:
    with pytest.raises(FormatError):
        record(ZONE, "mail.college.ac.uk.", type_, value, 300, "because")


@pytest.mark.parametrize("ttl", [-1, 2**31])
def test_a_time_to_live_out_of_range_is_refused(ttl: int) -> None:
    with pytest.raises(FormatError):
        record(ZONE, "mail.college.ac.uk.", "A", "198.51.100.25", ttl, "because")


@pytest.mark.parametrize(
    "owner", ["mail.school.ac.uk.", "mail.notcollege.ac.uk.", "mail", "mail.college.ac.uk", "@"]
)
def test_an_owner_outside_the_zone_is_refused(owner: str) -> None:
    with pytest.raises(FormatError):
        record(ZONE, owner, "A", "198.51.100.25", 300, "because")


@pytest.mark.parametrize(
    "label",
    [
        b"a b",
        b"a;b",
        b'a"b',
        b"a(b)",
        b"$INCLUDE",
        b"@",
        b"a\nb",
        b"\x00",
        b"\\",
        b"a.b",
        b"*",
        b"\xff",
        b"#",
        b"\t",
    ],
)
def test_odd_characters_in_a_name_stay_in_the_name(label: bytes) -> None:
    owner = dns.name.Name((label, b"college", b"ac", b"uk", b""))
    text = record(ZONE, owner.to_text(), "PTR", owner.to_text(), 300, "because")
    assert read(text) == {(owner, 300, "PTR", owner.to_text())}


@pytest.mark.parametrize("text", ["a b", "a;b", 'a"b', "a(b", "$INCLUDE /etc/passwd", "a\nb", "a\tb", "a@b"])
def test_odd_characters_that_were_not_escaped_make_one_label(text: str) -> None:
    owner = dns.name.Name((text.encode(), b"college", b"ac", b"uk", b""))
    assert read(record(ZONE, f"{text}.college.ac.uk.", "A", "198.51.100.25", 300, "")) == {
        (owner, 300, "A", "198.51.100.25")
    }


@settings(max_examples=100, deadline=None)
@given(texts)
def test_any_text_stays_one_txt_record(text: str) -> None:
    assert read(record(ZONE, "x.college.ac.uk.", "TXT", text, 300, "because")) == {
        (dns.name.from_text("x.college.ac.uk."), 300, "TXT", text.encode())
    }


@settings(max_examples=100, deadline=None)
@given(texts)
def test_any_reason_stays_a_comment(text: str) -> None:
    harmless = record(ZONE, "x.college.ac.uk.", "TXT", "v=spf1 -all", 300, "because")
    hostile = record(ZONE, "x.college.ac.uk.", "TXT", "v=spf1 -all", 300, text)
    assert read(hostile) == read(harmless)
    assert len(hostile.splitlines()) == 2


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["A", "AAAA", "MX", "PTR"]), texts, texts)
def test_any_string_is_one_record_or_none(type_: str, owner: str, value: str) -> None:
    try:
        text = record(ZONE, f"{owner}.college.ac.uk.", type_, value, 300, "because")
    except FormatError:
        return
    (found,) = read(text)
    assert found[0] == dns.name.from_text(f"{owner}.college.ac.uk.")


labels = st.text('aB9-_.\\"$@;/ é', max_size=66)


@given(st.lists(labels, max_size=5).map(".".join), st.lists(labels, max_size=3).map(".".join))
@settings(max_examples=300, deadline=None)
def test_names_are_taken_as_dnspython_takes_them(owner: str, zone: str) -> None:
    def read_by_dnspython() -> str | None:
        try:
            name, apex = dns.name.from_text(f"{owner}.", None), dns.name.from_text(f"{zone}.", None)
        except dns.exception.DNSException:
            return None
        plain = f"{owner}{zone}".isascii() and name.is_absolute() and apex.is_absolute()
        return name.to_text() if plain and name.is_subdomain(apex) else None

    try:
        written = (
            record(f"{zone}.", f"{owner}.", "A", "198.51.100.25", 300, "")
            .split("\n")[1]
            .removesuffix(" 300 IN A 198.51.100.25")
        )
    except FormatError:
        written = None
    assert written == read_by_dnspython()


@pytest.mark.parametrize(
    ("owner", "zone"),
    [
        ("notcollege.ac.uk.", "college.ac.uk."),
        ("a\\.college.ac.uk.", "college.ac.uk."),
        ("ac.uk.", "college.ac.uk."),
        ("x." * 126 + "example.", "example."),
    ],
)
def test_an_owner_that_only_looks_as_if_it_were_in_the_zone_is_refused(owner: str, zone: str) -> None:
    with pytest.raises(FormatError):
        record(zone, owner, "A", "198.51.100.25", 300, "")


def test_a_zone_is_the_same_in_large_letters() -> None:
    assert "Mail.College.AC.UK. 300" in record(
        "college.ac.uk", "Mail.College.AC.UK.", "A", "198.51.100.25", 300, ""
    )
    assert "a\\.b.college.ac.uk. 300" in record(
        "college.ac.uk", "a\\.b.college.ac.uk.", "A", "198.51.100.25", 300, ""
    )
