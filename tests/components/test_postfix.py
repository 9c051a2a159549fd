"""Postfix: relay control, listeners and tables, as a postmaster would read them."""

from __future__ import annotations

import re
from dataclasses import replace
from time import perf_counter

import pytest

from mailwright.components import postfix
from mailwright.plan import make
from mailwright.plan.model import Plan, Route
from support.example import load_example
from support.mailplan import BECAUSE, host_of, mail_plan


def file(path: str, plan: Plan | None = None) -> str:
    plan = plan or mail_plan()
    return next(item.text for item in postfix.files(plan, host_of(plan)) if item.path == path)


def main(plan: Plan | None = None) -> dict[str, str]:
    """main.cf as names and values; a name that is there twice fails."""
    found: dict[str, str] = {}
    for line in file("/etc/postfix/main.cf", plan).splitlines():
        if line and not line.startswith("#"):
            name, value = line.split(" =", 1)
            assert name not in found
            found[name] = value.strip()
    return found


def service(name: str, plan: Plan | None = None) -> list[str]:
    """The options of a service of master.cf, each as ``name=value``."""
    text = file("/etc/postfix/master.cf", plan)
    block = re.search(rf"^{re.escape(name)} .*\n((?:[ #].*\n)*)", text, re.MULTILINE)
    assert block, name
    lines = [line.strip() for line in block[1].splitlines() if line.startswith("  -o")]
    return [re.sub(r"^-o (?:\{ (.*) \}|(.*))$", r"\1\2", line).replace(" = ", "=") for line in lines]


def table(name: str, plan: Plan | None = None) -> dict[str, str]:
    lines = file(f"/etc/postfix/{name}", plan).splitlines()
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
    assert "smtpd_relay_restrictions=permit_sasl_authenticated, reject" in options
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
    assert "smtpd_relay_restrictions=permit_sasl_authenticated, reject" in service("587", plan)


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


@pytest.mark.slow
def test_a_hundred_thousand_people_are_quick() -> None:
    plan = mail_plan()
    many = tuple(Route(f"first.last{n}@college.ac.uk", "mailbox", (f"u{n}",), BECAUSE) for n in range(100_000))
    start = perf_counter()
    text = file("/etc/postfix/virtual_mailboxes", replace(plan, routes=many))
    assert perf_counter() - start < 3  # some 0.2 s on two quiet cores
    assert text.count("\n") == 100_001
