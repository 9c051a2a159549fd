"""Postfix's way to systems of others: gateways and the smarthost. What it reads is in tests/native."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from mailwright.components import postfix
from mailwright.components.postfix_roads import ident
from mailwright.formats.engine import FormatError
from mailwright.formats.postfix import access_table, action, next_hop
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.model import Addressee, Network, Site, Smarthost
from support.example import HERE, gateway, load_example, split, with_gateway

PHYSICS, BIOLOGY = "physics.college.ac.uk", "biology.college.ac.uk"
EXCHANGE = f"exchange.{PHYSICS}"
SMARTHOST = Smarthost("smtp.provider.example", 587, "college", "secrets/smarthost", "spf.provider.example", HERE)


def both() -> Site:
    """A listed gateway, and one that is asked."""
    site = with_gateway()
    asked = gateway(
        name="old-mail.2",
        domains=(BIOLOGY,),
        next_hop="198.51.100.88",
        port=2525,
        tls="may",
        recipients="ask",
        people=(),
        clients=(Network(ip_network("198.51.100.88/32"), HERE), Network(ip_network("2001:db8:c011::88/128"), HERE)),
    )
    domain = replace(site.primary, name=BIOLOGY)
    roles = tuple(
        replace(item, domains=(*item.domains, BIOLOGY)) if len(item.domains) > 1 else item for item in site.roles
    )
    return replace(site, domains=(*site.domains, domain), roles=roles, gateways=(*site.gateways, asked))


def files(site: Site) -> dict[str, str]:
    plan = make(site)
    return {item.path: item.text for item in postfix.files(plan, plan.hosts[0])}


def rows(text: str) -> dict[str, str]:
    return dict(line.split("\t") for line in text.splitlines() if not line.startswith("#"))


def table(name: str, site: Site | None = None) -> dict[str, str]:
    return rows(files(site or both())[f"/etc/postfix/{name}"])


def main(site: Site) -> dict[str, str]:
    lines = files(site)["/etc/postfix/main.cf"].splitlines()
    return dict(line.split(" =", 1) for line in lines if line and not line.startswith("#"))


def service(name: str, site: Site) -> str:
    """A service of master.cf with its options; empty where there is none."""
    text = files(site)["/etc/postfix/master.cf"]
    found = [part for part in text.split("\n") if part]
    start = next((index for index, line in enumerate(found) if line.startswith(f"{name} ")), None)
    if start is None:
        return ""
    end = next((i for i in range(start + 1, len(found)) if not found[i].startswith(" ")), len(found))
    return "\n".join(line for line in found[start:end] if not line.lstrip().startswith("#"))


def test_a_site_without_gateways_has_nothing_of_them() -> None:
    made = files(load_example())
    assert not any("gateway" in path or "relay_recipients" in path for path in made)
    assert "gateway" not in made["/etc/postfix/master.cf"]
    assert main(load_example())["relay_domains"] == ""
    assert main(load_example())["transport_maps"] == ""


def test_a_domain_is_the_gateways_or_the_sites_and_stands_for_no_name_below_it() -> None:
    said = main(both())
    assert said["relay_domains"] == f" {PHYSICS}, {BIOLOGY}"
    assert said["virtual_mailbox_domains"] == " college.ac.uk, chem.college.ac.uk"
    assert said["parent_domain_matches_subdomains"] == ""


def test_who_is_there_is_known_before_a_message_is_taken() -> None:
    said = table("relay_recipients")
    assert said == {f"@{BIOLOGY}": "OK", f"k.marx@{PHYSICS}": "OK"}
    asked = table("gateway_asked")
    assert asked[BIOLOGY] == "reject_unverified_recipient"
    assert asked[f"postmaster@{BIOLOGY}"] == "DUNNO"  # the site's own, which the next hop need not know
    assert not any(PHYSICS in key for key in asked)
    aliases = table("virtual_aliases")
    assert aliases[f"k.marx@{PHYSICS}"] == f"km@{EXCHANGE}"
    assert aliases[f"postmaster@{PHYSICS}"]


def test_only_where_a_next_hop_is_asked_is_there_a_memory_of_its_answers() -> None:
    assert "address_verify_map" not in main(with_gateway())
    said = main(both())
    assert (said["unverified_recipient_reject_code"], said["unverified_recipient_defer_code"]) == (" 550", " 450")
    assert said["address_verify_sender"] == " <>"


def test_the_way_there_and_its_tls() -> None:
    roads = table("gateway_roads")
    assert roads == {
        PHYSICS: f"gateway:[{EXCHANGE}]:25",
        f"km@{EXCHANGE}": f"gateway:[{EXCHANGE}]:25",
        BIOLOGY: "gateway:[198.51.100.88]:2525",
    }
    assert table("gateway_tls") == {
        f"[{EXCHANGE}]:25": "secure match=nexthop",
        "[198.51.100.88]:2525": "may",
    }
    assert "-o disable_mime_output_conversion=yes" in service("gateway", both())
    assert main(both())["disable_mime_output_conversion"] == " no"  # on all other roads (MSG-4)


def test_a_system_sends_as_its_own_domains_from_its_own_addresses() -> None:
    said = table("gateway_senders")
    assert said["<>"] == "OK"
    assert said[BIOLOGY] == "from_old_2d_mail_2e_2"
    assert {said[key] for key in (f"k.marx@{PHYSICS}", f"km@{EXCHANGE}", f"abuse@{PHYSICS}")} == {"from_exchange"}
    assert "college.ac.uk" not in said
    assert PHYSICS not in said  # who is there is listed, so nobody else may be said
    assert table("gateway_clients") == {
        "198.51.100.77/32": "gateway_client",
        "198.51.100.88/32": "gateway_client",
        "2001:db8:c011::88/128": "gateway_client",
    }
    assert table("gateway_from_exchange") == {"198.51.100.77/32": "permit"}
    assert main(both())["gateway_client"] == " check_sender_access lmdb:/etc/postfix/gateway_senders, reject"
    assert main(both())["from_exchange"].endswith(" cidr:/etc/postfix/gateway_from_exchange, reject")


def test_no_address_of_those_who_may_relay_is_completed_by_guessing() -> None:
    assert "-o rewrite_service_name=rewrite-relayed" in service("cleanup-relayed", with_gateway())
    assert "-o cleanup_service_name=cleanup-relayed" in service("25", with_gateway())
    assert "cleanup-relayed" not in service("587", with_gateway())
    assert "rewrite-relayed" not in service("cleanup", with_gateway())  # bounces want completing
    assert "-o myorigin=no-domain.invalid" in service("rewrite-relayed", with_gateway())
    assert "myorigin" not in service("rewrite", with_gateway())
    assert "rewrite-relayed" not in files(load_example())["/etc/postfix/master.cf"]
    assert "{ postmaster@no-domain.invalid = postmaster@college.ac.uk }" in service(
        "cleanup-relayed", with_gateway()
    )


def test_what_would_go_straight_back_is_refused() -> None:
    said = table("gateway_returns")
    assert said[BIOLOGY] == "back_old_2d_mail_2e_2"
    assert said[f"postmaster@{BIOLOGY}"] == "DUNNO"
    assert said[f"km@{EXCHANGE}"] == said[EXCHANGE] == "back_exchange"
    assert f"k.marx@{PHYSICS}" not in said  # which becomes another address on its way, and so gets there
    same = with_gateway(people=(Addressee(f"K.Marx@{PHYSICS}", f"K.Marx@{PHYSICS}", HERE),))
    assert table("gateway_returns", same)[f"k.marx@{PHYSICS}"] == "back_exchange"
    assert table("gateway_back_exchange")["198.51.100.77/32"].startswith("REJECT 5.4.6 ")


def test_names_of_gateways_in_names_of_parameters_are_never_the_same() -> None:
    names = ("a-b", "a_b", "a.b", "a2d", "a_2d_b")
    plan = make(with_gateway())
    made = [ident(replace(plan.gateways[0], name=name)) for name in names]
    assert len(set(made)) == len(names)
    assert all(name.replace("_", "").isalnum() for name in made)


def test_the_tables_that_are_compiled_are_those_that_are_there() -> None:
    for site in (load_example(), with_gateway(), both(), split()):
        plan = make(site)
        host = plan.with_function("mx")[0]
        said = postfix.variables(plan, host)["postfix_tables"]
        made = {item.path.removeprefix("/etc/postfix/") for item in postfix.files(plan, host)}
        kinds = {"main.cf", "master.cf", "store_status", "gateway_clients"}
        plain = {name for name in made if name.startswith(("gateway_from_", "gateway_back_"))}
        assert sorted(made - kinds - plain) == said


def smarthost(**changes: object) -> Site:
    return replace(load_example(), smarthost=replace(SMARTHOST, **changes))  # type: ignore[arg-type]


def test_mail_for_the_internet_goes_through_the_smarthost() -> None:
    said = main(smarthost())
    assert said["relayhost"] == " [smtp.provider.example]:587"
    assert said["default_transport"] == " smarthost"
    options = service("smarthost", smarthost())
    for option in (
        "smtp_tls_security_level=secure",
        "smtp_tls_secure_cert_match=nexthop",
        "smtp_sasl_auth_enable=yes",
        "smtp_sasl_password_maps=texthash:/etc/postfix/smarthost_password",
        "smtp_sasl_auth_soft_bounce=yes",
    ):
        assert f"-o {option}" in options
    assert "wrappermode" not in options
    assert "-o smtp_tls_wrappermode=yes" in service("smarthost", smarthost(port=465))
    assert service("smarthost", load_example()) == ""
    assert "relayhost" not in main(load_example())


def test_the_password_is_named_and_never_rendered() -> None:
    plan = make(smarthost())
    assert not any("password" in path for path in files(smarthost()))
    said = postfix.variables(plan, plan.hosts[0])
    assert said["postfix_smarthost"] == "[smtp.provider.example]:587 college:"
    assert said["postfix_smarthost_password"] == "secrets/smarthost"
    nobody = make(smarthost(login="", password=""))
    assert "postfix_smarthost" not in postfix.variables(nobody, nobody.hosts[0])
    assert "sasl" not in service("smarthost", smarthost(login="", password=""))


def every_mailer_has_the_same(plan: Plan) -> None:
    made = [
        {item.path: item.text for item in postfix.files(plan, host) if "gateway" in item.path}
        for host in plan.with_function("mx", "submission")
    ]
    assert all(one == made[0] for one in made)


def test_all_mailers_know_the_same() -> None:
    every_mailer_has_the_same(make(replace(both(), hosts=split().hosts)))


@pytest.mark.parametrize("value", ["a b", "OK\nx", "", "pipe:x", "1x"])
def test_what_is_no_action(value: str) -> None:
    with pytest.raises(FormatError):
        action(value)


@pytest.mark.parametrize("value", ["a b", "x\ny", "@", "@a b", "<x>", "#x", "a@b@c"])
def test_what_is_no_key(value: str) -> None:
    with pytest.raises(FormatError):
        access_table("", ((value, action("OK")),))


@pytest.mark.parametrize(("host", "port"), [("a b", 25), ("::x", 25), ("a.example", 0), ("a.example]", 25)])
def test_what_is_no_next_hop(host: str, port: int) -> None:
    with pytest.raises(FormatError):
        next_hop(host, port)


def test_a_next_hop_of_either_family() -> None:
    assert str(next_hop("2001:db8::1", 25)) == "[2001:db8::1]:25"
    assert str(next_hop("198.51.100.1", 25)) == "[198.51.100.1]:25"
