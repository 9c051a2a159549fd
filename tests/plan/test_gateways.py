"""Systems behind gateways: who is there, what they are called on the way out, and what cannot be planned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.plan import PlanError, make
from mailwright.plan.model import Plan
from mailwright.site.model import Addressee, Attributes, Directory, Site, Smarthost
from support.example import HERE, gateway, load_example, with_gateway
from support.families import of_family

PHYSICS = "physics.college.ac.uk"
SMARTHOST = Smarthost("smtp.provider.example", 587, "college", "secrets/smarthost", "spf.provider.example", HERE)


def routes(plan: Plan) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {row.address: (row.kind, row.targets) for row in plan.routes}


def faults(site: Site) -> list[str]:
    with pytest.raises(PlanError) as raised:
        make(site)
    return [finding.id for finding in raised.value.findings]


def test_who_is_listed_is_reached_by_what_the_system_calls_them() -> None:
    said = routes(make(with_gateway()))
    assert said[f"k.marx@{PHYSICS}"] == ("gateway", (f"km@exchange.{PHYSICS}",))
    assert f"km@exchange.{PHYSICS}" not in said
    rewrites = {row.internal: row.external for row in make(with_gateway()).rewrites}
    assert rewrites[f"km@exchange.{PHYSICS}"] == f"K.Marx@{PHYSICS}"


def test_an_internal_address_in_the_gateways_domain_is_still_deliverable() -> None:
    people = (Addressee(f"K.Marx@{PHYSICS}", f"KM@{PHYSICS}", HERE),)
    assert routes(make(with_gateway(people=people)))[f"km@{PHYSICS}"] == ("gateway", (f"km@{PHYSICS}",))


def test_one_name_inside_and_outside_needs_no_rewriting() -> None:
    plan = make(with_gateway(people=(Addressee(f"K.Marx@{PHYSICS}", f"K.Marx@{PHYSICS}", HERE),)))
    assert routes(plan)[f"k.marx@{PHYSICS}"] == ("gateway", (f"k.marx@{PHYSICS}",))
    assert not any(row.external.lower() == f"k.marx@{PHYSICS}" for row in plan.rewrites)


def test_roles_in_the_domain_are_the_sites_own() -> None:
    assert routes(make(with_gateway()))[f"postmaster@{PHYSICS}"][0] == "role"
    assert routes(make(with_gateway()))[f"mailer-daemon@{PHYSICS}"] == ("automatic", (f"postmaster@{PHYSICS}",))


def test_the_domain_has_the_records_of_every_domain() -> None:
    plan = make(with_gateway())
    kinds = {row.owner: row.type for row in plan.records if row.zone == PHYSICS}
    assert {f"{PHYSICS}.", f"_dmarc.{PHYSICS}.", f"mail2026._domainkey.{PHYSICS}."} <= set(kinds)
    (mx,) = (row.value for row in plan.records if row.zone == PHYSICS and row.type == "MX")
    assert mx == "10 mail.college.ac.uk."
    # What the system behind sends passes the site's mailers, so its own address is in no SPF record.
    assert not any("198.51.100.77" in row.value for row in plan.records if row.type == "TXT")


def test_the_smarthost_is_covered_by_its_spf_record() -> None:
    plan = make(replace(load_example(), smarthost=SMARTHOST))
    spf = {row.owner: row.value for row in plan.records if row.value.startswith("v=spf1")}
    assert spf["college.ac.uk."].endswith(" include:spf.provider.example -all")
    # The HELO name is what the smarthost sees, and nobody else.
    assert "include:" not in spf["mail.college.ac.uk."]
    without = make(replace(load_example(), smarthost=replace(SMARTHOST, spf="")))
    assert not any("include:" in row.value for row in without.records)


DIRECTORY = Directory(
    servers=("ldap.college.ac.uk",),
    port=636,
    tls="ldaps",
    base="dc=college",
    filter="(objectClass=person)",
    bind_dn="",
    password="",
    attributes=Attributes("uid", "cn", "mail", "", "", "", ""),
    where=HERE,
    live=False,
)


@pytest.mark.parametrize("recipients", ["ask", "directory"])
def test_of_the_others_no_address_is_known_when_it_is_built(recipients: str) -> None:
    site = with_gateway(recipients=recipients, people=())
    plan = make(replace(site, directory=DIRECTORY) if recipients == "directory" else site)
    assert {route.kind for route in plan.routes if route.address.endswith(f"@{PHYSICS}")} == {"role", "automatic"}
    assert plan.gateways[0].known == "live"


def test_what_stands_in_port_25s_way() -> None:
    checks = {row.check for row in make(with_gateway()).policies if row.port == 25}
    assert "check_client_access cidr:/etc/postfix/gateway_clients" in checks
    assert "check_recipient_access lmdb:/etc/postfix/gateway_asked" not in checks
    ask = make(with_gateway(recipients="ask", people=(), clients=()))
    assert {row.port for row in ask.policies if row.check.endswith("gateway_asked")} == {25, 465, 587}
    assert not any(row.check.endswith(("gateway_clients", "gateway_returns")) for row in ask.policies)


def test_a_sender_is_judged_as_the_systems_before_it_is_looked_for_here() -> None:
    plan = make(with_gateway())
    first = min((row for row in plan.policies if (row.port, row.stage) == (25, "mail")), key=lambda r: r.position)
    assert first.check == "check_client_access cidr:/etc/postfix/gateway_clients"


def test_a_domain_of_two_gateways() -> None:
    site = with_gateway()
    assert faults(replace(site, gateways=(*site.gateways, gateway(name="other")))) == [
        "plan.domain-of-two-gateways"
    ]


def test_one_next_hop_in_two_ways() -> None:
    site = with_gateway()
    other = gateway(name="other", domains=("chem.college.ac.uk",), people=(), recipients="ask", tls="may")
    assert faults(replace(site, gateways=(*site.gateways, other))) == ["plan.two-levels-of-tls"]


@pytest.mark.parametrize("address", ["198.51.100.77", "2001:db8:c011::77"])
def test_an_address_has_no_certificate(address: str) -> None:
    assert faults(with_gateway(next_hop=address)) == ["plan.certificate-of-an-address"]
    assert make(with_gateway(next_hop=address, tls="encrypt")).gateways[0].next_hop == address


def test_somebody_in_another_domain_is_not_behind_the_gateway() -> None:
    people = (Addressee("K.Marx@chem.college.ac.uk", "km@inside.example", HERE),)
    assert "plan.not-behind-the-gateway" in faults(with_gateway(people=people))


def test_an_address_that_is_a_role_and_somebody_behind_the_gateway() -> None:
    people = (Addressee(f"postmaster@{PHYSICS}", f"admin@{PHYSICS}", HERE),)
    assert faults(with_gateway(people=people)) == ["plan.address-twice"]


def test_recipients_in_a_directory_need_one() -> None:
    assert faults(with_gateway(recipients="directory", people=())) == ["plan.no-directory"]


def test_a_next_hop_of_a_family_that_a_mailer_has_not_is_a_fault() -> None:
    for address, version in (("2001:db8:5::7", 4), ("203.0.113.7", 6)):
        site = with_gateway(next_hop=address, tls="encrypt")
        assert make(site).gateways
        assert faults(of_family(site, version)) == ["plan.next-hop-out-of-reach"]
        assert make(of_family(with_gateway(), version)).gateways
