"""What an SPF record costs whoever checks it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mailwright.audit import spf_terms


def cost(records: Mapping[tuple[str, str], list[str]], domain: str = "college.ac.uk") -> spf_terms.Cost:
    return spf_terms.cost(lambda name, type_: tuple(records.get((name.rstrip("."), type_), ())), domain)


def txt(**records: str) -> dict[tuple[str, str], list[str]]:
    return {(f"{name}.example", "TXT"): [value] for name, value in records.items()}


def own(record: str, *further: str) -> dict[tuple[str, str], list[str]]:
    return {("college.ac.uk", "TXT"): [record, *further]}


@pytest.mark.parametrize(
    ("record", "lookups"),
    [
        ("v=spf1 ip4:198.51.100.25 ip6:2001:db8::25 -all", 0),
        ("v=spf1 a:mail.example mx:mail.example -all", 2),
        ("v=spf1 exists:%{i}.x.example ptr -all", 2),
        ("v=spf1 include:one.example -all include:one.example", 1),
        ("v=spf1 ip4:198.51.100.25 redirect=one.example", 1),
        ("v=spf1 -all redirect=one.example exp=why.example", 0),
        ("V=SPF1 ?INCLUDE:One.example ~all", 1),
        ("v=spf1 a:mail.example/24 a/24 -all", 2),
    ],
)
def test_terms_that_need_the_dns_are_counted(record: str, lookups: int) -> None:
    rest = {("mail.example", "A"): ["198.51.100.9"], ("mail.example", "MX"): ["10 mail.example."]}
    found = cost({**own(record), **rest, **txt(one="v=spf1 ip4:198.51.100.7 -all"), ("college.ac.uk", "A"): ["x"]})
    assert found.lookups == lookups
    assert found.within, str(found)


def test_ten_are_borne_and_eleven_are_not() -> None:
    ten = {**own("v=spf1 include:o.example -all"), **txt(o="v=spf1 " + "exists:%{i}.example " * 9 + "-all")}
    assert cost(ten).lookups == 10
    assert cost(ten).within
    eleven = {**own("v=spf1 include:o.example -all"), **txt(o="v=spf1 " + "exists:%{i}.example " * 10 + "-all")}
    assert cost(eleven).lookups == 11
    assert not cost(eleven).within


def test_two_void_answers_are_borne_and_three_are_not() -> None:
    assert cost(own("v=spf1 a:no.example mx:no.example -all")).within
    found = cost(own("v=spf1 a:no.example mx:no.example a:none.example -all"))
    assert found.voids == 3
    assert not found.within


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ({}, "no SPF record"),
        (own("v=spf1 -all", "v=spf1 +all"), "2 SPF records"),
        (own("v=spf1 include:no.example -all"), "no.example has no SPF record"),
        (own("v=spf1 ipv4:198.51.100.25 -all"), "nobody knows: ipv4"),
        (own("v=spf1 include:college.ac.uk -all"), "includes itself"),
        (own("v=spf1 redirect=college.ac.uk"), "includes itself"),
    ],
)
def test_what_makes_it_fail_for_good(records: dict[tuple[str, str], list[str]], words: str) -> None:
    found = cost(records)
    assert words in str(found)
    assert not found.within


def test_more_mailers_than_are_looked_at() -> None:
    mailers = {("college.ac.uk", "MX"): [f"{number} m{number}.example." for number in range(11)]}
    assert "11 names" in str(cost({**own("v=spf1 mx -all"), **mailers}))


def test_a_tree_without_end_ends() -> None:
    asked: list[str] = []

    def ask(name: str, type_: str) -> tuple[str, ...]:
        asked.append(name)
        return (
            (f"v=spf1 include:a{len(asked)}.example include:b{len(asked)}.example -all",) if type_ == "TXT" else ()
        )

    assert not spf_terms.cost(ask, "college.ac.uk").within
    assert len(asked) < 100
