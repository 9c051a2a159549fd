"""Postfix's formats: what passes is one value; what would be more is refused."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from mailwright.formats import postfix
from mailwright.formats.engine import FormatError
from support.hostile import HOSTILE


@pytest.mark.parametrize("value", ["a", "college.ac.uk", "xn--caf-dma.example", "3com.example", "a-b.c-d"])
def test_names(value: str) -> None:
    assert postfix.name(value) == value


@pytest.mark.parametrize(
    "value",
    [
        *HOSTILE,
        "",
        "static:all",
        "inline:{a=b}",
        "pipe:x",
        "/etc/passwd",
        "a..b",
        ".a",
        "a.",
        "-a",
        "a-",
        "a_b",
        "a\n",
        "!college.ac.uk",
        "$myhostname",
        "a,b",
        "caf\u00e9.example",
        "x" * 64,
        "a." * 130 + "a",
        25,
        None,
    ],
)
def test_what_is_no_name(value: object) -> None:
    with pytest.raises(FormatError):
        postfix.name(value)


@pytest.mark.parametrize(
    "value",
    [
        "karl.marx@college.ac.uk",
        "o'brien@a.example",
        "r&d@a.example",
        "a+b=c@a.example",
        "_x@a",
        "K@A.Example",
        "1@a",
    ],
)
def test_addresses(value: str) -> None:
    assert postfix.address(value) == value


@pytest.mark.parametrize(
    "value",
    [
        *(f"a{text}b@a.example" for text in HOSTILE),
        *(f"a@b{text}c" for text in HOSTILE),
        *HOSTILE,
        "a@b@c",
        "@a.example",
        "a@",
        "a",
        "",
        ".a@b",
        "a.@b",
        "a..a@b",
        "-a@b",
        "a!b@c",
        "a%b@c",
        '"a b"@c',
        "a@[1.2.3.4]",
        "a@b.",
        "a,b@c",
        "|cmd@c",
        "/f@c",
        ":include:/f@c",
        "#a@c",
        "$a@c",
        "a@b\n",
        f"{'a' * 250}@b.cd",
        "caf\u00e9@a",
    ],
)
def test_what_is_no_address(value: str) -> None:
    with pytest.raises(FormatError):
        postfix.address(value)


@pytest.mark.parametrize("value", [*HOSTILE, "", "a b", "a,b", "../x", ".a", "-a", "a/b", "a:b", "a@b", "x" * 65])
def test_what_is_no_login(value: str) -> None:
    with pytest.raises(FormatError):
        postfix.login(value)


def test_restrictions_keep_their_order() -> None:
    listed = ("permit_mynetworks", "check_client_access lmdb:/etc/postfix/clients", "reject")
    assert (
        postfix.restrictions(listed) == "permit_mynetworks, check_client_access lmdb:/etc/postfix/clients, reject"
    )


@pytest.mark.parametrize(
    "value",
    [
        *(text for text in HOSTILE if text != "x y"),
        "",
        "permit, reject",
        "Permit",
        "a b c",
        "a { b",
        "check pipe:{x}",
    ],
)
def test_what_is_no_restriction(value: str) -> None:
    with pytest.raises(FormatError):
        postfix.restrictions(("reject", value))


def test_networks_as_postfix_reads_them() -> None:
    listed = (ip_network("198.51.100.0/24"), ip_network("2001:db8::/32"))
    assert postfix.networks(listed) == "198.51.100.0/24, [2001:db8::]/32"
    assert postfix.networks(()) == ""


def test_an_address_to_bind_to() -> None:
    assert postfix.literal(ip_address("2001:db8::25")) == "2001:db8::25"
    with pytest.raises(FormatError):
        postfix.literal(ip_address("fe80::1%eth0"))


def test_tables_have_an_entry_a_line() -> None:
    assert (
        postfix.address_table("A reason\nand more", [("a@b.example", ("c@d.example", "e@f.example"))])
        == "# A reason\n# and more\na@b.example\tc@d.example, e@f.example\n"
    )
    assert postfix.login_table("R", [("a@b.example", ("karlm",))]) == "# R\na@b.example\tkarlm\n"
    with pytest.raises(FormatError):
        postfix.login_table("R", [("a@b.example", ("karlm, c@d.example",))])
