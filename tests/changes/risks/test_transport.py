"""Encryption, certificates, and the names of secrets."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from mailwright.changes.model import RiskRule
from mailwright.changes.risks import transport
from mailwright.plan.model import Plan
from mailwright.site.model import Dkim, Host, Site, Smarthost, Tls
from mailwright.site.read import read
from support.comparing import hits, plan, said
from support.example import HERE, ROOT, example, load_example, split, split_hosts, whole, with_gateway

ALL = (transport.without_tls, transport.lowered, transport.names, transport.reference)
SMARTHOST = Smarthost("smtp.provider.example", 465, "college", "secrets/smarthost", "spf.provider.example", HERE)
MX2 = Host("mx2.college.ac.uk", (ip_address("198.51.100.26"),), "debian-13", ("mx",), HERE)


def every(old: Site | Plan, new: Site | Plan, rules: tuple[RiskRule, ...] = ALL) -> list[tuple[str, str, str]]:
    return [(rule.id, *hit) for rule in rules for hit in said(rule, old, new)]


def listening(made: Plan, port: int, **parts: object) -> Plan:
    rows = tuple(replace(row, **parts) if row.port == port else row for row in made.listeners)  # type: ignore[arg-type]
    return replace(made, listeners=rows)


def live() -> Site:
    site = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert site is not None
    return site


def tls(certificate: str = "secrets/{host}.pem", key: str = "secrets/{host}.key") -> Tls:
    return Tls(certificate, key, HERE)


def test_logins_without_tls() -> None:
    made = plan(load_example())
    new = listening(made, 587, tls="none")
    assert every(made, new) == [
        ("auth.without-tls", "high", "port 587 of mail.college.ac.uk takes logins and passwords without TLS")
    ]
    assert every(new, made) == []
    assert every(new, new) == []


def test_ssh_and_mail_from_outside_are_no_such_matter() -> None:
    assert every(load_example(), example(hosts=(*load_example().hosts, MX2))) == []
    made = plan(load_example())
    assert every(listening(made, 22, tls="implicit"), made, (transport.without_tls,)) == []


@pytest.mark.parametrize(
    ("port", "level", "severity", "words"),
    [
        (25, "none", "high", "port 25 of mail.college.ac.uk is without TLS instead of in the clear until STARTTLS"),
        (443, "none", "", ""),
        (993, "starttls", "medium", "port 993 of mail.college.ac.uk is in the clear until STARTTLS instead of TLS"),
    ],
)
def test_a_listener_with_less_tls(port: int, level: str, severity: str, words: str) -> None:
    made = plan(load_example())
    found = every(made, listening(made, port, tls=level))
    if not severity:
        assert found == []
        return
    ((rule, weight, sentence),) = found
    assert (rule, weight) == ("tls.lowered", severity)
    assert sentence.startswith(words)
    assert every(listening(made, port, tls=level), made) == []


@pytest.mark.parametrize(
    ("old", "new", "severity"),
    [
        ("verify", "encrypt", "medium"),
        ("verify", "may", "high"),
        ("encrypt", "may", "high"),
        ("encrypt", "verify", ""),
        ("may", "encrypt", ""),
        ("may", "may", ""),
    ],
)
def test_a_gateway(old: str, new: str, severity: str) -> None:
    found = said(transport.lowered, with_gateway(tls=old), with_gateway(tls=new, name="physics"))
    assert [weight for weight, _ in found] == ([severity] if severity else [])
    if severity:
        assert "mail for physics.college.ac.uk goes to exchange.physics.college.ac.uk" in found[0][1]


def test_a_new_domain_behind_a_gateway_was_never_better() -> None:
    assert said(transport.lowered, load_example(), with_gateway(tls="may")) == []
    gated = with_gateway(tls="encrypt")
    assert [weight for weight, _ in said(transport.lowered, replace(gated, gateways=()), gated)] == ["medium"]


def test_the_smarthost_and_the_directory() -> None:
    old, new = example(smarthost=SMARTHOST), example(smarthost=replace(SMARTHOST, port=587))
    assert [weight for weight, _ in said(transport.lowered, old, new)] == ["low"]
    assert said(transport.lowered, new, old) == []
    assert said(transport.lowered, load_example(), new) == []
    site = live()
    assert site.directory is not None
    ldaps = replace(site, directory=replace(site.directory, tls="ldaps", port=636))
    assert said(transport.lowered, ldaps, site) == []


def test_a_renamed_host_and_its_certificate() -> None:
    (host,) = load_example().hosts
    new = example(hosts=(replace(host, name="post.college.ac.uk"),))
    assert every(load_example(), new) == [
        (
            "certificate.names",
            "medium",
            "the certificate in secrets/post.college.ac.uk.pem has to be for post.college.ac.uk: nobody asked "
            "that of it so far",
        )
    ]
    (hit,) = hits(transport.names, load_example(), new)
    assert hit.value == "post.college.ac.uk"


def test_hosts_that_share_a_certificate() -> None:
    shared = tls("secrets/mail.pem")
    old = example(tls=shared)
    ((_, _, sentence),) = every(old, example(tls=shared, hosts=(*load_example().hosts, MX2)))
    assert "the certificate in secrets/mail.pem has to be for mx2.college.ac.uk: " in sentence


def test_a_new_host_has_a_new_certificate_of_its_own() -> None:
    assert every(load_example(), example(hosts=(*load_example().hosts, MX2))) == []
    assert every(load_example(), split()) == []
    assert every(split(), load_example()) == []


def test_names_on_the_web() -> None:
    site = whole()
    new = replace(site, domains=(*site.domains, replace(site.primary, name="physics.college.ac.uk")))
    ((rule, _, sentence),) = every(site, new)
    assert rule == "certificate.names"
    assert "autoconfig.physics.college.ac.uk and autodiscover.physics.college.ac.uk" in sentence
    assert every(new, site) == []
    plain = load_example()
    more = replace(plain, domains=(*plain.domains, replace(plain.primary, name="physics.college.ac.uk")))
    assert every(plain, more) == []


def test_a_host_that_begins_to_serve_the_web() -> None:
    (host,) = load_example().hosts
    new = example(hosts=(replace(host, functions=(*host.functions, "web")),))
    ((_, sentence),) = said(transport.names, load_example(), new)
    assert sentence.startswith("the certificate in secrets/mail.college.ac.uk.pem has to be for autoconfig.chem.")
    assert " mail.college.ac.uk" not in sentence.partition(" for ")[2]


@pytest.mark.parametrize(
    "same",
    [
        tls("secrets/mail.college.ac.uk.pem", "secrets/mail.college.ac.uk.key"),
        tls("./secrets/{host}.pem", "secrets/./{host}.key"),
        tls("secrets//{host}.pem"),
    ],
)
def test_the_same_file_by_another_path(same: Tls) -> None:
    assert every(load_example(), example(tls=same)) == []
    assert every(example(tls=same), load_example()) == []


def test_a_certificate_and_a_key_in_another_place() -> None:
    new = example(tls=tls("/etc/pki/{host}.pem", "/etc/pki/{host}.key"))
    assert every(load_example(), new, (transport.reference,)) == [
        (
            "secret.reference",
            "medium",
            "the certificate and key of mail.college.ac.uk are taken from /etc/pki/{host}.pem and "
            "/etc/pki/{host}.key instead of secrets/{host}.pem and secrets/{host}.key",
        )
    ]
    assert said(transport.names, load_example(), new) == []
    ((_, sentence),) = said(transport.reference, load_example(), example(tls=tls(key="secrets/other.key")))
    assert sentence.startswith("the key of mail.college.ac.uk is taken from secrets/other.key instead of")
    assert said(transport.names, load_example(), example(tls=tls(key="secrets/other.key"))) == []


def test_one_file_for_all_hosts_in_place_of_one_for_each() -> None:
    ((severity, sentence),) = said(transport.names, split(), split(tls=tls("secrets/all.pem")))
    assert severity == "medium"
    assert sentence.startswith("the certificate in secrets/all.pem has to be for log.college.ac.uk, mail.college")
    (hit,) = hits(transport.names, split(), split(tls=tls("secrets/all.pem")))
    assert hit.value == "secrets/all.pem"
    assert said(transport.names, split(tls=tls("secrets/all.pem")), split()) == []
    assert said(transport.names, split(tls=tls("secrets/all.pem")), split(tls=tls("secrets/2027/all.pem"))) == []


def test_hosts_that_are_renamed_are_in_one_sentence() -> None:
    hosts = tuple(replace(host, name=host.name.replace(".college", ".post.college")) for host in split_hosts())
    ((_, sentence),) = said(transport.names, split(), example(hosts=hosts))
    assert sentence.count("the certificate in") == 5
    assert sentence.endswith(" and 1 more: nobody asked that of it so far")


def test_other_secrets() -> None:
    site, base = load_example(), example(smarthost=SMARTHOST)
    assert isinstance(site.dkim, Dkim)
    directed = live()
    assert directed.directory is not None
    for old, new, severity, words in (
        (site, example(store=replace(site.store, passwords="secrets/new")), "low", "the file of first passwords"),
        (site, example(dkim=replace(site.dkim, private_key="secrets/new")), "medium", "the private key for DKIM"),
        (
            base,
            example(smarthost=replace(SMARTHOST, password="secrets/new")),
            "medium",
            "the password for the smart",
        ),
        (
            directed,
            replace(directed, directory=replace(directed.directory, password="secrets/new")),
            "medium",
            "the password for the directory",
        ),
    ):
        ((rule, weight, sentence),) = every(old, new)
        assert (rule, weight) == ("secret.reference", severity)
        assert sentence.startswith(words)
        assert "is taken from secrets/new instead of secrets/" in sentence


def test_a_secret_that_is_new_or_not_needed_any_more_is_no_other_one() -> None:
    plain = load_example()
    assert every(plain, example(smarthost=SMARTHOST)) == []
    assert every(example(smarthost=SMARTHOST), plain) == []
    assert every(example(dkim=None), plain) == []
    unused = replace(SMARTHOST, login="", password="secrets/new")
    assert said(transport.reference, example(smarthost=SMARTHOST), example(smarthost=unused)) == []


def test_many_hosts_are_said_in_one_sentence() -> None:
    new = split(tls=tls("/etc/pki/{host}.pem"))
    ((_, sentence),) = said(transport.reference, split(), new)
    assert sentence.startswith("the certificate of log.college.ac.uk, ")
    assert len(split_hosts()) > 5
