"""Hosts, clocks, and what people are told to trust, that are not the organisation's."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from mailwright.changes.personal import impersonal
from mailwright.changes.risks import strangers
from mailwright.changes.risks.parties import beside, within
from mailwright.site.model import Published, ServiceDesk, Site, TextBlock
from support.comparing import hits, networks, said
from support.example import HERE, example, load_example, split, whole

SPLIT = split()


def more(name: str, address: str, *functions: str) -> Site:
    plain = replace(SPLIT.hosts[0], name=name, addresses=(ip_address(address),), functions=functions)
    return replace(SPLIT, hosts=(*SPLIT.hosts, plain))


def instead(label: str, **parts: object) -> Site:
    hosts = (replace(one, **parts) if one.name.startswith(f"{label}.") else one for one in SPLIT.hosts)  # type: ignore[arg-type]
    return replace(SPLIT, hosts=tuple(hosts))


def test_names() -> None:
    assert within("Mail.College.ac.uk.", ["college.ac.uk"])
    assert within("college.ac.uk", ["college.ac.uk"])
    assert not within("evilcollege.ac.uk", ["college.ac.uk"])
    assert beside("ntp1.ja.net", ["ntp0.JA.net."])
    assert not beside("ntp1.example", ["ntp0.example"])
    assert not beside("a.b.example", ["a.c.example"])
    assert not beside("192.0.2.1", ["198.0.2.1"])


@pytest.mark.parametrize("function", ["mx", "submission", "store", "log", "web"])
def test_a_host_of_strangers_gets_something_to_do(function: str) -> None:
    ((severity, sentence),) = said(strangers.host, SPLIT, more("x.evil.example", "203.0.113.9", function))
    assert severity == "high"
    assert sentence.startswith(
        "x.evil.example, in none of the organisation's domains and outside the campus (203.0.113.9), "
    )


def test_a_host_that_moves_out_of_the_campus() -> None:
    new = instead("log", addresses=(ip_address("203.0.113.33"),))
    ((severity, sentence),) = said(strangers.host, SPLIT, new)
    assert severity == "high"
    assert sentence.startswith("log.college.ac.uk, outside the campus (203.0.113.33), is sent the log")


def test_a_host_with_a_foreign_name_on_the_campus() -> None:
    ((severity, _),) = said(strangers.host, SPLIT, more("x.evil.example", "198.51.100.99", "store"))
    assert severity == "high"


def test_a_machine_that_gets_a_foreign_name() -> None:
    assert [severity for severity, _ in said(strangers.host, SPLIT, instead("smtp", name="smtp.evil.example"))] == [
        "high"
    ]


def test_one_more_where_one_was() -> None:
    old = more("log2.college.ac.uk", "203.0.113.8", "log")
    new = replace(
        old,
        hosts=(
            *old.hosts,
            replace(old.hosts[-1], name="log3.college.ac.uk", addresses=(ip_address("203.0.113.9"),)),
        ),
    )
    assert [severity for severity, _ in said(strangers.host, old, new)] == ["medium"]


def test_a_function_more_on_a_host_of_strangers() -> None:
    old, new = (more("x.evil.example", "203.0.113.9", *does) for does in (("mx",), ("mx", "store")))
    ((_, sentence),) = said(strangers.host, old, new)
    assert sentence.endswith("keeps people's mail")
    assert said(strangers.host, old, old) == []


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(more("log2.college.ac.uk", "198.51.100.77", "log"), id="the organisation's own"),
        pytest.param(more("log2.chem.college.ac.uk", "198.51.100.77", "log"), id="in another of its domains"),
        pytest.param(instead("log", name="logs.college.ac.uk"), id="called otherwise"),
    ],
)
def test_a_host_of_the_organisation(new: Site) -> None:
    assert said(strangers.host, SPLIT, new) == []


def test_what_becomes_ours_in_the_same_change_weighs_less() -> None:
    new = more("x.college.ac.uk", "203.0.113.9", "log")
    campus = (*new.networks.campus, *networks("203.0.113.0/24"))
    widened = replace(new, networks=replace(new.networks, campus=campus))
    assert [severity for severity, _ in said(strangers.host, SPLIT, widened)] == ["medium"]
    before = replace(SPLIT, networks=widened.networks)
    assert said(strangers.host, before, widened) == []


def test_without_a_campus_the_name_alone_tells() -> None:
    bare = replace(SPLIT.networks, campus=())
    old, new = (replace(one, networks=bare) for one in (SPLIT, more("x.college.ac.uk", "203.0.113.9", "log")))
    assert said(strangers.host, old, new) == []


def clocks(*servers: str) -> Site:
    site = load_example()
    return example(time=replace(site.time, servers=servers))


def test_all_clocks_follow_one_stranger() -> None:
    assert said(strangers.clocks, clocks("ntp0.ja.net"), clocks("a.evil.example", "b.evil.example")) == [
        ("low", "all hosts take the time from evil.example alone, from which none took it before")
    ]


@pytest.mark.parametrize(
    "servers",
    [
        ("ntp7.ja.net", "ntp8.ja.net"),
        ("a.one.example", "b.two.example"),
        ("ntp0.ja.net", "a.evil.example"),
        ("ntp1.college.ac.uk", "ntp2.college.ac.uk"),
    ],
)
def test_other_clocks(servers: tuple[str, ...]) -> None:
    assert said(strangers.clocks, clocks("ntp0.ja.net", "ntp1.ja.net"), clocks(*servers)) == []


def desk(**parts: str) -> Site:
    plain: dict[str, str] = {"email": "helpdesk@college.ac.uk", "telephone": "", "url": "", "hours": ""}
    organisation = replace(load_example().organisation, service_desk=ServiceDesk(**(plain | parts), where=HERE))
    return example(organisation=organisation)


@pytest.mark.parametrize(
    "parts",
    [
        {"url": "https://evil.example/login"},
        {"url": "https://college.ac.uk@evil.example/"},
        {"url": "https://college.ac.uk.evil.example/"},
        {"email": "helpdesk@evil.example"},
    ],
)
def test_users_are_sent_to_strangers(parts: dict[str, str]) -> None:
    ((severity, sentence),) = said(strangers.told, desk(), desk(**parts))
    assert severity == "medium"
    assert sentence.startswith("the service desk names ")
    assert sentence.endswith("evil.example, outside the organisation")


def test_users_are_sent_where_they_were_sent_before() -> None:
    assert said(strangers.told, desk(), desk(url="https://help.college.ac.uk/")) == []
    assert said(strangers.told, desk(email="a@help.example"), desk(email="b@help.example")) == []


def test_documents_of_strangers_are_said_at_once() -> None:
    site = load_example()
    published = tuple(Published(name, f"https://evil.example/{name}", None, HERE) for name in ("privacy", "faq"))
    ((severity, sentence),) = said(strangers.told, site, example(published=published))
    assert severity == "medium"
    assert sentence == "the document faq and the document privacy name evil.example, outside the organisation"


def text(words: str) -> Site:
    site = whole()
    assert site.pages is not None
    return replace(site, pages=replace(site.pages, texts=(TextBlock("en", "maintenance", words, HERE),)))


@pytest.mark.parametrize(
    "words",
    [
        "[Confirm your password](https://evil.example/login)",
        "<//evil.example/x>",
        "Write to help@evil.example.",
        "https://EVIL.example",
    ],
)
def test_a_text_names_strangers(words: str) -> None:
    assert said(strangers.told, text("Quiet."), text(words)) == [
        ("low", "the text maintenance (en) names evil.example, outside the organisation")
    ]


def test_a_text_names_the_organisation_or_nobody() -> None:
    assert said(strangers.told, text("Quiet."), text("[Help](https://www.college.ac.uk/help), or 5 // 2")) == []
    assert said(strangers.told, text("https://mail.example/a"), text("https://mail.example/b")) == []


def test_a_contact_elsewhere_is_named_to_nobody() -> None:
    site = load_example()
    first, *rest = site.organisation.contacts
    contacts = (replace(first, email="x@evil.example"), *rest)
    (hit,) = hits(strangers.told, site, example(organisation=replace(site.organisation, contacts=contacts)))
    assert str(hit.severity) == "low"
    assert impersonal(hit.sentence) == "a contact names evil.example, outside the organisation"
