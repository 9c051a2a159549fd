"""Dovecot: both languages say the same, and who exists is in two lists without passwords."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.components import dovecot
from mailwright.plan.model import Plan
from support.mailplan import host_of, mail_plan

EACH = pytest.mark.parametrize("os", ["debian-12", "debian-13"])


def file(path: str, plan: Plan) -> str:
    return next(item.text for item in dovecot.files(plan, host_of(plan)) if item.path == path)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


@EACH
def test_nothing_without_tls(os: str) -> None:
    said = lines(file("/etc/dovecot/dovecot.conf", mail_plan(os)))
    assert "ssl = required" in said
    assert "ssl_min_protocol = TLSv1.2" in said
    assert said.count("port = 0") == 2  # imap and pop3
    assert ("disable_plaintext_auth = yes" if os == "debian-12" else "auth_allow_cleartext = no") in said


@EACH
def test_logins_are_asked_before_passwords(os: str) -> None:
    text = "\n".join(lines(file("/etc/dovecot/dovecot.conf", mail_plan(os))))
    first, second = text.index("/etc/dovecot/logins"), text.index("/etc/dovecot/passwords")
    assert first < text.index("result_failure = return-fail") < second


@EACH
def test_pop3_is_there_when_it_is_wanted(os: str) -> None:
    plan = mail_plan(os)
    without = replace(plan, listeners=tuple(row for row in plan.listeners if row.service != "pop3s"))
    assert "protocols = imap pop3 lmtp sieve" in lines(file("/etc/dovecot/dovecot.conf", plan))
    assert "protocols = imap lmtp sieve" in lines(file("/etc/dovecot/dovecot.conf", without))
    assert "pop3" not in file("/etc/dovecot/dovecot.conf", without)


@EACH
def test_loopback_serves_the_check_after_a_change_whatever_addresses_the_host_has(os: str) -> None:
    plan = mail_plan(os)
    (host,) = plan.hosts
    for addresses, listen in ((host.addresses, "*, ::"), (host.addresses[:1], "*"), (host.addresses[1:], "*, ::")):
        one = replace(plan, hosts=(replace(host, addresses=addresses),))
        assert f"listen = {listen}" in lines(file("/etc/dovecot/dovecot.conf", one))


def test_the_release_decides_the_language() -> None:
    assert file("/etc/dovecot/dovecot.conf", mail_plan("debian-12")).startswith("# Dovecot 2.3 on ")
    assert "dovecot_config_version = 2.4.0" in file("/etc/dovecot/dovecot.conf", mail_plan("debian-13"))


def test_users_by_login_and_by_address() -> None:
    assert lines(file("/etc/dovecot/users", mail_plan("debian-13"))) == [
        "fredae:::::/var/vmail/fredae::userdb_quota_storage_size=50000000B",
        "karlm:::::/var/vmail/karlm::userdb_quota_storage_size=1000000000B",
        "freda@chem.college.ac.uk:::::/var/vmail/fredae::userdb_user=fredae userdb_quota_storage_size=50000000B",
        "karl.marx@college.ac.uk:::::/var/vmail/karlm::userdb_user=karlm userdb_quota_storage_size=1000000000B",
    ]
    old = lines(file("/etc/dovecot/users", mail_plan("debian-12")))
    assert old[0] == "fredae:::::/var/vmail/fredae::userdb_quota_rule=*:bytes=50000000"


@EACH
def test_an_automatic_sender_may_submit_and_has_no_mailbox(os: str) -> None:
    assert lines(file("/etc/dovecot/logins", mail_plan(os))) == [
        "fredae:::::::noauthenticate=y",
        "karlm:::::::noauthenticate=y",
        "webforms:::::::noauthenticate=y nologin=y",
    ]
    assert "webforms" not in file("/etc/dovecot/users", mail_plan(os))


@EACH
def test_people_are_not_for_everybody_on_the_host(os: str) -> None:
    plan = mail_plan(os)
    modes = {item.path: (item.mode, item.group) for item in dovecot.files(plan, host_of(plan)) if item.personal}
    assert modes == {"/etc/dovecot/logins": (0o640, "dovecot"), "/etc/dovecot/users": (0o640, "dovecot")}


def test_passwords_are_nowhere() -> None:
    plan = mail_plan()
    assert {item.path for item in dovecot.files(plan, host_of(plan))} == {
        "/etc/dovecot/dovecot.conf",
        "/etc/dovecot/logins",
        "/etc/dovecot/users",
    }
    assert dovecot.variables(plan, host_of(plan))["dovecot_passwords"] == "/secrets/passwords"
