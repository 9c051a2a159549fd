"""Who may send to anywhere."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from mailwright.changes.risks import relaying
from mailwright.plan.model import EVERYWHERE, Plan
from mailwright.site.model import Host, Site
from support.comparing import hits, networks, plan, said
from support.example import HERE, example, load_example, split, split_hosts, with_everything, with_gateway

MX2 = Host("mx2.college.ac.uk", (ip_address("198.51.100.26"),), "debian-13", ("mx",), HERE)
SMTP2 = replace(
    MX2, name="smtp2.college.ac.uk", addresses=(ip_address("198.51.100.28"),), functions=("submission",)
)


def trusting(*prefixes: str, **parts: object) -> Site:
    site = load_example()
    return example(networks=replace(site.networks, relay=networks(*prefixes)), **parts)


def widened(old: Site | Plan, new: Site | Plan) -> list[tuple[str, str]]:
    return said(relaying.widened, old, new)


def listener(old: Site | Plan, new: Site | Plan) -> list[tuple[str, str]]:
    return said(relaying.listener, old, new)


def test_a_network_that_is_trusted() -> None:
    assert widened(load_example(), trusting("198.51.100.128/26")) == [
        (
            "high",
            "198.51.100.128/26 (64 addresses) may send to anywhere through port 25 of mail.college.ac.uk without a "
            "login",
        )
    ]


def test_it_is_said_once_for_all_mailers() -> None:
    site = split()
    new = replace(site, networks=replace(site.networks, relay=networks("198.51.100.128/26")))
    ((_, sentence),) = widened(site, new)
    assert "port 25 of mail.college.ac.uk and mx2.college.ac.uk" in sentence
    assert listener(site, new) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("198.51.100.128/26",), ("198.51.100.128/27", "198.51.100.160/27")),
        (("198.51.100.128/27", "198.51.100.160/27"), ("198.51.100.128/26",)),
        (("198.51.100.128/26",), ("198.51.100.130/32",)),
        (("198.51.100.128/26",), ("198.51.100.128/26", "198.51.100.129/32")),
        (("198.51.100.128/26", "2001:db8:c011:80::/64"), ("2001:db8:c011:80::/64", "198.51.100.128/26")),
        (("198.51.100.128/26",), ()),
        (("2001:db8:c011:80::/64",), ("2001:db8:c011:80::1/128",)),
    ],
)
def test_the_same_or_fewer_are_no_matter(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    assert widened(trusting(*old), trusting(*new)) == []


@pytest.mark.parametrize(
    ("old", "new", "severity", "more"),
    [
        ((), ("198.51.100.130/32",), "medium", "198.51.100.130/32"),
        ((), ("198.51.100.130/32", "2001:db8:c011:80::1/128"), "medium", "2001:db8:c011:80::1/128"),
        ((), ("198.51.100.130/32", "198.51.100.131/32"), "medium", "198.51.100.130/31"),
        ((), ("198.51.100.130/31",), "high", "198.51.100.130/31"),
        ((), tuple(f"198.51.100.{last}/32" for last in range(130, 140)), "high", "198.51.100.136/30"),
        ((), ("192.0.2.9/32",), "high", "192.0.2.9/32"),
        ((), ("2001:db8:c011:80::/64",), "high", "2001:db8:c011:80::/64"),
        (("198.51.100.128/32",), ("198.51.100.128/31",), "medium", "198.51.100.129/32"),
        (("198.51.100.128/28", "198.51.100.176/28"), ("198.51.100.128/26",), "high", "198.51.100.144/28"),
        (("198.51.100.128/28",), ("198.51.100.128/28", "2001:db8:c011:80::/64"), "high", "2001:db8:c011:80::/64"),
    ],
)
def test_how_grave_it_is(old: tuple[str, ...], new: tuple[str, ...], severity: str, more: str) -> None:
    ((found, sentence),) = widened(trusting(*old), trusting(*new))
    assert found == severity
    assert more in sentence


def test_what_is_outside_is_said() -> None:
    ((_, sentence),) = widened(trusting(), trusting("192.0.2.9/32"))
    assert sentence.endswith("; that is outside the campus networks")
    ((_, sentence),) = widened(trusting(), trusting("192.0.2.9/32", "198.51.100.9/32"))
    assert sentence.endswith("; 192.0.2.9/32 is outside the campus networks")


def test_a_campus_that_grows_with_it_does_not_help() -> None:
    site = load_example()
    wider = replace(
        site.networks, campus=networks("198.51.100.0/24", "192.0.2.0/24"), relay=networks("192.0.2.9/32")
    )
    ((severity, _),) = widened(site, example(networks=wider))
    assert severity == "high"


def test_the_world() -> None:
    new = plan(load_example())
    grants = tuple(replace(row, port=25, clients=ip_network("0.0.0.0/0")) for row in new.grants[:1])
    ((severity, sentence),) = widened(load_example(), replace(new, grants=(*grants, *new.grants)))
    assert severity == "high"
    assert sentence.startswith("0.0.0.0/0 (4,294,967,296 addresses) may send")
    assert sentence.endswith("; that is outside the campus networks")
    old = plan(trusting("198.51.100.128/26"))
    everywhere = tuple(replace(new.grants[0], port=25, clients=network) for network in EVERYWHERE)
    ((_, sentence),) = widened(old, replace(new, grants=everywhere))
    assert sentence.startswith("everybody may send to anywhere through port 25")


def test_a_system_behind_a_gateway_is_held_to_its_domains() -> None:
    ((severity, sentence),) = widened(load_example(), with_gateway())
    assert severity == "medium"
    assert sentence == (
        "198.51.100.77/32 may send to anywhere through port 25 of mail.college.ac.uk without a login, as the "
        "domains of the gateway exchange alone"
    )
    (hit,) = hits(relaying.widened, load_example(), with_gateway())
    assert "clients of the gateway" in hit.safely
    ((severity, _),) = widened(load_example(), with_gateway(clients=networks("198.51.100.64/28")))
    assert severity == "high"


def test_a_gateway_under_another_name_is_the_same() -> None:
    assert widened(with_gateway(), with_gateway(name="physics")) == []
    assert widened(with_gateway(), with_gateway(clients=())) == []
    assert widened(with_gateway(), load_example()) == []


def test_a_system_that_is_held_to_its_domains_no_more() -> None:
    gated = with_gateway()
    relay = networks("198.51.100.64/27")
    beside = replace(gated, networks=replace(gated.networks, relay=relay))
    freed = replace(with_gateway(clients=()), networks=replace(gated.networks, relay=networks("198.51.100.77/32")))
    ((severity, sentence),) = widened(gated, freed)
    assert (severity, sentence.split()[0]) == ("medium", "198.51.100.77/32")
    assert "gateway" not in sentence
    assert widened(freed, gated) == []
    ((severity, sentence),) = widened(gated, beside)
    assert severity == "high"
    assert "198.51.100.77/32" not in sentence  # which is held to them all the same
    assert widened(beside, beside) == []


def test_the_sites_own_hosts_are_no_matter() -> None:
    assert widened(load_example(), split()) == []
    assert widened(split(), load_example()) == []
    lists = replace(with_everything(), gateways=())  # which have a grant of their own
    assert widened(load_example(), lists) == []


def test_an_own_host_that_is_trusted_by_name_is_one() -> None:
    ((severity, sentence),) = widened(load_example(), trusting("198.51.100.25/32"))
    assert (severity, sentence.split()[0]) == ("medium", "198.51.100.25/32")


def test_a_renamed_mailer_trusts_the_same() -> None:
    (host,) = load_example().hosts
    renamed = trusting("198.51.100.128/26", hosts=(replace(host, name="post.college.ac.uk"),))
    assert widened(trusting("198.51.100.128/26"), renamed) == []
    assert listener(trusting("198.51.100.128/26"), renamed) == []


def test_another_mailer_that_trusts_the_same_is_a_listener_more() -> None:
    old = trusting("198.51.100.128/26")
    new = replace(old, hosts=(*old.hosts, MX2))
    assert widened(old, new) == []
    assert listener(old, new) == [
        (
            "low",
            "port 25 of mx2.college.ac.uk relays from now on, for those who may relay without a login elsewhere",
        )
    ]


def test_another_mailer_that_trusts_nobody_is_none() -> None:
    assert listener(load_example(), example(hosts=(*load_example().hosts, MX2))) == []


def test_a_further_host_for_submission() -> None:
    assert listener(load_example(), example(hosts=(*load_example().hosts, SMTP2))) == [
        ("low", "ports 465 and 587 of smtp2.college.ac.uk relay from now on, for whoever logs in there")
    ]


def test_submission_that_moves_is_no_further_one() -> None:
    assert listener(load_example(), split()) == []
    hosts = tuple(host for host in split_hosts() if not host.name.startswith("smtp."))
    gone = (*hosts, SMTP2)
    assert listener(split(), example(hosts=gone)) == []


def test_no_login_any_more() -> None:
    old = plan(load_example())
    listeners = tuple(replace(row, auth=row.port not in (465, 587) and row.auth) for row in old.listeners)
    new = replace(old, listeners=listeners)
    assert listener(old, new) == [("high", "ports 465 and 587 of mail.college.ac.uk ask for no login any more")]
    assert listener(new, old) == []
    assert listener(new, new) == []


def test_the_place_in_the_description_is_found_by_the_network() -> None:
    (hit,) = hits(relaying.widened, load_example(), trusting("198.51.100.128/26"))
    assert hit.value == "198.51.100.128/26"
