from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import date
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.site import values


@pytest.mark.parametrize(
    ("turn", "text", "value"),
    [
        (values.login, "km217", "km217"),
        (values.login, "4.a_b-c", "4.a_b-c"),
        (values.login, "a" * 32, "a" * 32),
        (values.address, "Karl.Marx@College.ac.uk", "Karl.Marx@College.ac.uk"),
        (values.address, "o'brien+x@a-b.example", "o'brien+x@a-b.example"),
        (values.address, "k@bücher.example", "k@xn--bcher-kva.example"),
        (values.member, "km217", "km217"),
        (values.member, "k@a.example", "k@a.example"),
        (values.name, "Mail.College.AC.UK", "mail.college.ac.uk"),
        (values.name, "Bücher.example", "xn--bcher-kva.example"),
        (values.name, "xn--bcher-kva.example", "xn--bcher-kva.example"),
        (values.name, "1.2.example", "1.2.example"),
        (values.size, "25 MB", 25_000_000),
        (values.size, "25MB", 25_000_000),
        (values.size, "1 kB", 1000),
        (values.size, "2 GiB", 2 * 1024**3),
        (values.size, "1 KiB", 1024),
        (values.size, "3 TB", 3 * 10**12),
        (values.ip, "198.51.100.25", ip_address("198.51.100.25")),
        (values.ip, "2001:DB8:c011:0::25", ip_address("2001:db8:c011::25")),
        (values.ip, "10.1.2.3", ip_address("10.1.2.3")),
        (values.network, "198.51.100.0/24", ip_network("198.51.100.0/24")),
        (values.network, "2001:db8::/32", ip_network("2001:db8::/32")),
        (values.network, "198.51.100.7/32", ip_network("198.51.100.7/32")),
        (values.timezone, "Europe/London", "Europe/London"),
        (values.timezone, "America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        (values.day, "2028-02-29", date(2028, 2, 29)),
    ],
)
def test_good(turn: Callable[[str], object], text: str, value: object) -> None:
    assert turn(text) == value


@pytest.mark.parametrize(
    ("turn", "text", "words"),
    [
        (values.login, "", "empty"),
        (values.login, "Karl", "lower-case"),
        (values.login, "a" * 33, "at most 32"),
        (values.login, "a/b", "is not a login"),
        (values.login, "a\n", "is not a login"),
        (values.login, ".a", "is not a login"),
        (values.login, "karl@a", "is not a login"),
        (values.address, "", "empty"),
        (values.address, "karl", "no @"),
        (values.address, "@a.example", "before the @"),
        (values.address, "k@", "fully qualified"),
        (values.address, "k@a", "fully qualified"),
        (values.address, "a..b@a.example", "before the @"),
        (values.address, ".b@a.example", "before the @"),
        (values.address, "b.@a.example", "before the @"),
        (values.address, "-b@a.example", "before the @"),
        (values.address, '"a b"@a.example', "before the @"),
        (values.address, "a@b@a.example", "before the @"),
        (values.address, "a b@a.example", "before the @"),
        (values.address, "|sh@a.example", "before the @"),
        (values.address, "é@a.example", "before the @"),
        (values.address, "k@a.example\n", "is not a domain name"),
        (values.address, "k@[198.51.100.1]", "is not a domain name"),
        (values.address, "k@a.example.", "ends with a dot"),
        (values.address, "a" * 65 + "@a.example", "at most 64"),
        (values.address, "a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".example.org", "longer than 254"),
        (values.name, "", "fully qualified"),
        (values.name, "mail", "fully qualified"),
        (values.name, "a..b", "a part is empty"),
        (values.name, ".a.b", "a part is empty"),
        (values.name, "-a.b", "hyphens"),
        (values.name, "a_b.c", "hyphens"),
        (values.name, "a.b\n", "is not a domain name"),
        (values.name, "a" * 64 + ".b", "is not a domain name"),
        (values.name, "198.51.100.1", "it is an address, so write the name"),
        (values.name, "2001:db8:c011::25", "it is an address, so write the name"),
        (values.name, "[IPv6:2001:db8:c011::25]", "it is an address, so write the name"),
        (values.name, "college.ac.123", "ends with a number"),
        (values.name, "a.b.", "ends with a dot"),
        (values.name, "xn--a.example", "is not a domain name"),
        (values.name, "\u2488.example", "is not a domain name"),
        (values.name, "a\u3002b.example", "is not a domain name"),
        (values.name, ".".join(["b" * 60] * 5), "longer than 253"),
        (values.size, "25", "unit"),
        (values.size, "25 mb", "unit"),
        (values.size, "0 MB", "unit"),
        (values.size, "-1 MB", "unit"),
        (values.size, "1.5 GB", "unit"),
        (values.size, "1 KB", "unit"),
        (values.size, "1 MB\n", "unit"),
        (values.size, "\u0661 MB", "unit"),
        (values.ip, "198.51.100", "is not an IP address"),
        (values.ip, "198.51.100.025", "is not an IP address"),
        (values.ip, "::", "not an address by which"),
        (values.ip, "ff02::1", "not an address by which"),
        (values.ip, "fe80::1%eth0", "is not an IP address"),
        (values.ip, "2001:db8::1%x", "is not an IP address"),
        (values.ip, "::ffff:198.51.100.1", "write 198.51.100.1"),
        (values.network, "198.51.100.1/24", "the network is 198.51.100.0/24"),
        (values.network, "2001:db8::1/64", "the network is 2001:db8::/64"),
        (values.network, "198.51.100.0/33", "is not a network"),
        (values.network, "college", "is not a network"),
        (values.timezone, "Europe/Londinium", "is not the name of a time zone"),
        (values.timezone, "../etc/passwd", "is not the name of a time zone"),
        (values.timezone, "", "is not the name of a time zone"),
        (values.timezone, "Europe", "is not the name of a time zone"),
        (values.day, "2026-02-29", "is not a date"),
        (values.day, "20260228", "is not a date"),
        (values.day, "2026-W01-1", "is not a date"),
        (values.day, "\u0662026-01-01", "is not a date"),
    ],
)
def test_bad(turn: Callable[[str], object], text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        turn(text)


@given(st.text(max_size=40))
@pytest.mark.parametrize(
    "turn",
    [values.login, values.address, values.member, values.name, values.size, values.ip, values.network,
     values.timezone, values.day],
)  # fmt: skip
def test_nothing_but_value_errors(turn: Callable[[str], object], text: str) -> None:
    with contextlib.suppress(ValueError):
        turn(text)


@given(st.text("aA1.-_@\u00e9\u3002", max_size=30))
def test_what_is_taken_as_a_name_is_ascii_and_stays_itself(text: str) -> None:
    try:
        name = values.name(text)
    except ValueError:
        return
    assert re.fullmatch(r"[a-z0-9.-]+", name)
    assert values.name(name) == name


def test_a_name_in_the_dns_that_is_no_hosts() -> None:
    assert values.record_name("_SPF.provider.example") == "_spf.provider.example"
    assert values.record_name("spf.provider.example") == "spf.provider.example"
    for text in (
        "__spf.provider.example",
        "sp_f.provider.example",
        "_spf",
        "-x.provider.example",
        "_.example",
        "a b.c",
    ):
        with pytest.raises(ValueError, match="is not"):
            values.record_name(text)
