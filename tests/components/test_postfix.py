"""Postfix: relay control, listeners and tables, as a postmaster would read them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from ipaddress import ip_network
from time import perf_counter

import pytest

from mailwright.components import postfix
from mailwright.plan import make
from mailwright.plan.model import Plan, Route
from mailwright.plan.policies import SPACE_CHECK
from mailwright.site.model import InternalDomain, Network, Site
from support.example import HERE, load_example, split, split_hosts
from support.mailplan import BECAUSE, HOST, host_of, mail_plan


def file(path: str, plan: Plan | None = None, host: str = HOST) -> str:
    plan = plan or mail_plan()
    return next(item.text for item in postfix.files(plan, plan.host(host)) if item.path == path)


def main(plan: Plan | None = None, host: str = HOST) -> dict[str, str]:
    """main.cf as names and values; a name that is there twice fails."""
    found: dict[str, str] = {}
    for line in file("/etc/postfix/main.cf", plan, host).splitlines():
        if line and not line.startswith("#"):
            name, value = line.split(" =", 1)
            assert name not in found
            found[name] = value.strip()
    return found


def service(name: str, plan: Plan | None = None, host: str = HOST) -> list[str]:
    """The options of a service of master.cf, each as ``name=value``."""
    text = file("/etc/postfix/master.cf", plan, host)
    block = re.search(rf"^{re.escape(name)} .*\n((?:[ #].*\n)*)", text, re.MULTILINE)
    assert block, name
    lines = [line.strip() for line in block[1].splitlines() if line.startswith("  -o")]
    return [re.sub(r"^-o (?:\{ (.*) \}|(.*))$", r"\1\2", line).replace(" = ", "=") for line in lines]


def table(name: str, plan: Plan | None = None, host: str = HOST) -> dict[str, str]:
    lines = file(f"/etc/postfix/{name}", plan, host).splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return dict(rows)


def test_defaults_that_must_not_be_inherited() -> None:
    said = main()
    assert said["compatibility_level"] == "3.6"
    assert said["smtpd_relay_restrictions"] == "reject"
    assert said["smtpd_forbid_bare_newline"] == "normalize"
    assert said["smtpd_forbid_bare_newline_exclusions"] == ""
    assert said["disable_vrfy_command"] == "yes"
    assert said["smtpd_tls_auth_only"] == "yes"
    assert int(said["queue_minfree"]) > int(said["message_size_limit"]) * 1.5
    assert said["smtpd_sender_login_maps"] == "lmdb:/etc/postfix/senders"
    assert said["smtpd_tls_protocols"] == said["smtpd_tls_mandatory_protocols"] == ">=TLSv1.2"
    assert said["mynetworks"] == said["relay_domains"] == said["mydestination"] == ""
    assert said["milter_default_action"] == "tempfail"


def test_suites_are_forward_secret_and_authenticated() -> None:
    suites = main()["tls_high_cipherlist"].split(":")
    assert len(suites) == 6
    assert all(re.fullmatch(r"ECDHE-(RSA|ECDSA)-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)", suite) for suite in suites)


def test_port_25_relays_for_nobody_and_asks_for_no_login() -> None:
    options = service("25")
    assert "smtpd_relay_restrictions=reject_unauth_destination" in options
    assert "smtpd_recipient_restrictions=reject_non_fqdn_recipient, reject_unlisted_recipient" in options
    assert not [option for option in options if "sasl" in option or "milter" in option or "cleanup" in option]
    assert main()["smtpd_sasl_auth_enable"] == "no"


@pytest.mark.parametrize("port", ["587", "465"])
def test_submission_takes_nothing_without_tls_and_login(port: str) -> None:
    options = service(port)
    assert "smtpd_tls_security_level=encrypt" in options
    assert f"smtpd_relay_restrictions={SPACE_CHECK}, permit_sasl_authenticated, reject" in options
    assert "smtpd_client_restrictions=permit_sasl_authenticated, reject" in options
    assert "smtpd_data_restrictions=reject_unauth_pipelining, permit_sasl_authenticated, reject" in options
    assert "smtpd_sender_restrictions=reject_non_fqdn_sender, reject_sender_login_mismatch" in options
    assert "smtpd_milters=inet:127.0.0.1:11332" in options
    assert "cleanup_service_name=cleanup-submission" in options
    assert ("smtpd_tls_wrappermode=yes" in options) == (port == "465")


def test_headers_are_completed_on_submission_alone() -> None:
    assert service("cleanup") == ["remote_header_rewrite_domain="]
    assert service("cleanup-submission") == [
        "always_add_missing_headers=yes",
        "undisclosed_recipients_header=To: undisclosed-recipients:;",
        "canonical_maps=lmdb:/etc/postfix/internal",
    ]
    assert main()["always_add_missing_headers"] == "no"
    assert main()["local_header_rewrite_clients"] == main()["canonical_maps"] == ""


@pytest.mark.parametrize("relay", [False, True])
@pytest.mark.parametrize("port", ["587", "465"])
def test_addresses_without_a_domain_are_marked_after_a_login(port: str, relay: bool) -> None:
    plan = mail_plan(relay=relay)
    assert main(plan)["remote_header_rewrite_domain"] == "no-domain.invalid"
    assert "local_header_rewrite_clients=" in service(port, plan)


def test_networks_that_may_relay() -> None:
    plan = mail_plan(relay=True)
    assert main(plan)["mynetworks"] == "198.51.100.128/28"
    assert main(plan)["local_header_rewrite_clients"] == "permit_mynetworks"
    assert main(plan)["canonical_maps"] == "lmdb:/etc/postfix/internal"
    assert "smtpd_relay_restrictions=permit_mynetworks, reject_unauth_destination" in service("25", plan)
    assert "smtpd_milters=inet:127.0.0.1:11332" in service("25", plan)
    assert f"smtpd_relay_restrictions={SPACE_CHECK}, permit_sasl_authenticated, reject" in service("587", plan)


def test_mail_leaves_from_the_published_addresses() -> None:
    said = main()
    assert said["smtp_bind_address"] == "198.51.100.25"
    assert said["smtp_bind_address6"] == "2001:db8:1::25"
    assert said["inet_protocols"] == "all"
    plan = mail_plan()
    (host,) = plan.hosts
    four = main(replace(plan, hosts=(replace(host, addresses=host.addresses[:1]),)))
    assert four["inet_protocols"] == "ipv4"
    assert "smtp_bind_address6" not in four


def test_a_host_with_ipv6_alone_still_reaches_the_filter_on_loopback() -> None:
    plan = mail_plan()
    (host,) = plan.hosts
    six = replace(plan, hosts=(replace(host, addresses=host.addresses[1:]),))
    assert postfix.MILTER == "inet:127.0.0.1:11332"
    assert main(six)["inet_protocols"] == "all"
    assert "smtp_bind_address" not in main(six)
    for sender in ("smtp ", "relay"):
        assert "inet_protocols=ipv6" in service(f"{sender}               unix", six)
        assert service(f"{sender}               unix", plan) == []


def test_tables() -> None:
    assert table("virtual_mailboxes") == {"freda@chem.college.ac.uk": "fredae", "karl.marx@college.ac.uk": "karlm"}
    aliases = table("virtual_aliases")
    assert aliases["postmaster@college.ac.uk"] == "karl.marx@college.ac.uk, freda@chem.college.ac.uk"
    assert aliases["karl@college.ac.uk"] == "karl.marx@college.ac.uk"
    assert table("senders")["postmaster@college.ac.uk"] == "fredae, karlm"
    assert table("internal") == {"karlm@ws7.chem.college.ac.uk": "Karl.Marx@college.ac.uk"}


def test_people_are_not_for_everybody_on_the_host() -> None:
    plan = mail_plan()
    modes = {item.path: (item.personal, item.mode, item.group) for item in postfix.files(plan, host_of(plan))}
    for name in ("virtual_mailboxes", "virtual_aliases", "senders", "internal"):
        assert modes[f"/etc/postfix/{name}"] == (True, 0o640, "postfix")
    assert modes["/etc/postfix/main.cf"] == (False, 0o644, "root")


def test_every_setting_stands_under_its_reason() -> None:
    reason = ""
    for line in file("/etc/postfix/main.cf").splitlines():
        if not line or line.startswith("# ---"):
            reason = ""
        elif line.startswith("#"):
            reason = line
        else:
            assert reason, line


def test_the_example() -> None:
    """The worked example's tables are of one piece with its plan."""
    plan = make(load_example())
    (host,) = plan.hosts
    texts = {item.path: item.text for item in postfix.files(plan, host)}
    assert texts["/etc/postfix/virtual_mailboxes"].count("\n") == 1 + len(plan.mailboxes)
    assert texts["/etc/postfix/senders"].count("\n") == 1 + len({row.address for row in plan.senders})


MX1, MX2, SMTP, STORE1, STORE2 = (f"{label}.college.ac.uk" for label in ("mail", "mx2", "smtp", "store1", "store2"))


def together(**functions: tuple[str, ...]) -> Site:
    """The split site, of which only these hosts are there: ``together(mail=("mx", "store"))``."""
    site = split()
    hosts = tuple(
        replace(host, functions=functions[label])
        for host in site.hosts
        if (label := host.name.partition(".")[0]) in functions
    )
    return replace(site, hosts=hosts)


def test_a_mailer_delivers_to_the_store_that_keeps_the_mailbox() -> None:
    plan = make(split())
    keeps = {row.login: row.host for row in plan.mailboxes}
    boxes = table("virtual_mailboxes", plan, MX1)
    stores = table("stores", plan, MX1)
    assert stores == {address: keeps[login] for address, login in boxes.items()}
    assert set(stores.values()) == {STORE1, STORE2}
    assert table("roads", plan, MX1) == {name: f"store:inet:[{name}]:24" for name in (STORE1, STORE2)}
    said = main(plan, MX1)
    assert said["transport_maps"] == "pipemap:{lmdb:/etc/postfix/stores, lmdb:/etc/postfix/roads}"
    assert said["virtual_transport"] == "store:inet:[no-store.invalid]:24"


def test_a_mailer_with_a_store_of_its_own_goes_by_the_socket() -> None:
    plan = make(together(mail=("mx", "submission", "store"), store2=("store",)))
    assert table("roads", plan, MX1) == {
        MX1: "lmtp:unix:private/dovecot-lmtp",
        STORE2: f"store:inet:[{STORE2}]:24",
    }
    assert service("lmtp", plan, MX1) == ["soft_bounce=yes"]
    assert "lmtp_tls_security_level=secure" in service("store", plan, MX1)


def test_one_store_needs_no_table() -> None:
    plan = make(together(mail=("mx", "submission"), store1=("store",)))
    paths = {item.path for item in postfix.files(plan, plan.host(MX1))}
    assert not paths & {"/etc/postfix/stores", "/etc/postfix/roads"}
    assert main(plan, MX1)["virtual_transport"] == f"store:inet:[{STORE1}]:24"
    assert main(plan, MX1)["transport_maps"] == ""
    alone = make(load_example())
    (host,) = alone.hosts
    assert main(alone, host.name)["virtual_transport"] == "lmtp:unix:private/dovecot-lmtp"
    assert "/etc/postfix/store_status" not in {item.path for item in postfix.files(alone, host)}


def test_the_network_to_a_store_is_encrypted_and_verified() -> None:
    options = service("store", make(split()), MX1)
    assert options[:6] == [
        "syslog_name=postfix/store",
        "lmtp_tls_security_level=secure",
        "lmtp_tls_secure_cert_match=nexthop",
        "lmtp_tls_CAfile=/etc/ssl/certs/ca-certificates.crt",
        "lmtp_tls_mandatory_protocols=>=TLSv1.2",
        "lmtp_tls_mandatory_ciphers=high",
    ]
    assert "lmtp_bind_address=198.51.100.25" in options
    assert "lmtp_bind_address6=2001:db8:c011::25" in options


def test_all_mailers_have_the_same_tables() -> None:
    """So the second MX knows the recipients, and sends no bounce to whoever was forged (RELAY-2)."""
    plan = make(split())
    one, two, three = (
        {item.path: item for item in postfix.files(plan, plan.host(name)) if not item.path.endswith(".cf")}
        for name in (MX1, MX2, SMTP)
    )
    assert one == two == three
    assert {path.rpartition("/")[2] for path in one} == {*postfix.TABLES, *postfix.STORE_TABLES, "store_status"}
    for name in ("virtual_mailbox_domains", "virtual_alias_domains", "relay_domains", "mynetworks"):
        assert main(plan, MX1)[name] == main(plan, MX2)[name]
    checks = f"reject_non_fqdn_recipient, reject_unlisted_recipient, permit_auth_destination, {SPACE_CHECK}"
    assert f"smtpd_recipient_restrictions={checks}" in service("25", plan, MX2)


def test_the_tables_that_are_compiled_are_those_that_are_there() -> None:
    for plan, name in ((make(split()), MX1), (mail_plan(), HOST)):
        listed = postfix.variables(plan, plan.host(name))["postfix_tables"]
        there = {item.path.rpartition("/")[2] for item in postfix.files(plan, plan.host(name))}
        assert set(listed) == there - {"main.cf", "master.cf", "store_status"}  # type: ignore[call-overload]


def test_a_host_has_the_listeners_of_its_functions_and_no_more() -> None:
    plan = make(split())

    def listeners(host: str) -> list[str]:
        lines = file("/etc/postfix/master.cf", plan, host).splitlines()
        return [line.split()[0] for line in lines if line.split()[1:2] == ["inet"]]

    assert (listeners(MX1), sorted(listeners(SMTP))) == (["25"], ["465", "587"])
    assert "smtpd_sasl_path" not in main(plan, MX1)
    assert main(plan, SMTP)["smtpd_sasl_path"] == "private/auth"
    assert main(plan, SMTP)["mynetworks"] == ""
    assert main(plan, MX1)["authorized_submit_users"] == "root"
    assert postfix.variables(plan, plan.host(SMTP))["postfix_services"] == ["submission", "submissions"]


def test_the_sites_other_hosts_may_relay_and_are_not_slowed_down() -> None:
    plan = make(split())
    said = main(plan, MX1)
    others = {f"198.51.100.{n}/32" for n in (31, 32, 33)} | {f"[2001:db8:c011::{n}]/128" for n in (31, 32, 33)}
    assert set(said["mynetworks"].split(", ")) == others
    assert set(said["smtpd_client_event_limit_exceptions"].split(", ")) == others
    assert "smtpd_relay_restrictions=permit_mynetworks, reject_unauth_destination" in service("25", plan, MX1)
    assert "smtpd_milters=inet:127.0.0.1:11332" in service("25", plan, MX1)
    assert main()["smtpd_client_event_limit_exceptions"] == ""


@pytest.mark.slow
def test_a_hundred_thousand_people_are_quick() -> None:
    plan = mail_plan()
    many = tuple(Route(f"first.last{n}@college.ac.uk", "mailbox", (f"u{n}",), BECAUSE) for n in range(100_000))
    start = perf_counter()
    text = file("/etc/postfix/virtual_mailboxes", replace(plan, routes=many))
    assert perf_counter() - start < 3  # some 0.2 s on two quiet cores
    assert text.count("\n") == 100_001


def inside(**parts: object) -> Plan:
    """The example, where chem.college.ac.uk is called unix3.chem.college.ac.uk inside."""
    form = InternalDomain("unix3.chem.college.ac.uk", "chem.college.ac.uk", date(2027, 7, 31), HERE)
    return make(replace(load_example(), internal_domains=(form,), **parts))  # type: ignore[arg-type]


def test_a_form_that_is_used_inside_is_taken_in_and_is_no_mail_domain() -> None:
    plan, host = inside(), "mail.college.ac.uk"
    settings = main(plan, host)
    assert settings["virtual_alias_domains"] == "mail.college.ac.uk, unix3.chem.college.ac.uk"
    assert "unix3" not in settings["virtual_mailbox_domains"]
    text = file("/etc/postfix/main.cf", plan, host)
    assert (
        "# INT-4: unix3.chem.college.ac.uk is what chem.college.ac.uk is called inside, until 2027-07-31;" in text
    )
    assert main(make(load_example()), host)["virtual_alias_domains"] == "mail.college.ac.uk"


def test_internal_addresses_are_rewritten_on_every_road_of_the_sites_own_mail() -> None:
    """After a login, what the host's own processes send, and what networks or hosts that may relay hand over."""
    host = "mail.college.ac.uk"
    plan = inside()
    assert "canonical_maps=lmdb:/etc/postfix/internal" in service("cleanup-submission", plan, host)
    assert "cleanup_service_name=cleanup-submission" in service("pickup", plan, host)
    assert "cleanup_service_name=cleanup-submission" in service("587", plan, host)
    assert main(plan, host)["canonical_maps"] == ""  # nobody relays: what comes in stays as it is
    network = Network(ip_network("198.51.100.128/28"), HERE)
    relaying = inside(networks=replace(load_example().networks, relay=(network,)))
    assert main(relaying, host)["canonical_maps"] == "lmdb:/etc/postfix/internal"
    spread = inside(hosts=split_hosts())
    assert main(spread, "mail.college.ac.uk")["canonical_maps"] == "lmdb:/etc/postfix/internal"
