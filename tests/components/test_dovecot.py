"""Dovecot: both languages say the same, and who exists is in two lists without passwords."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.components import dovecot
from mailwright.plan import make
from mailwright.plan.model import Plan
from support.example import split, split_hosts
from support.mailplan import host_of, mail_plan

EACH = pytest.mark.parametrize("os", ["debian-12", "debian-13"])


def file(path: str, plan: Plan, host: str = "") -> str:
    made = dovecot.files(plan, plan.host(host) if host else host_of(plan))
    return next(item.text for item in made if item.path == path)


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
        "freda@chem.college.ac.uk:::::::user=fredae noauthenticate=y",
        "karl.marx@college.ac.uk:::::::user=karlm noauthenticate=y",
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


STORE1, STORE2, SMTP = (f"{label}.college.ac.uk" for label in ("store1", "store2", "smtp"))


def spread(os: str = "debian-13") -> Plan:
    return make(replace(split(), hosts=split_hosts(os=os)))


def entries(text: str) -> dict[str, str]:
    """By what is looked for: an apostrophe has a second line, with a backslash before it."""
    return {line.partition(":")[0].replace("\\'", "'"): line.rpartition(":")[2] for line in lines(text)}


def test_dovecot_is_on_stores_and_on_hosts_for_submission() -> None:
    plan = spread()
    assert {host.name for host in plan.hosts if dovecot.COMPONENT.runs_on(plan, host)} == {STORE1, STORE2, SMTP}


def test_each_login_is_somebody_s_on_one_store_and_elsewhere_on_the_other_hosts() -> None:
    plan = spread()
    keepers = {row.login: row.host for row in plan.mailboxes}
    addresses = {row.address: row.targets[0] for row in plan.routes if row.kind == "mailbox"}
    automatic = {row.login for row in plan.senders if row.automatic}
    assert automatic
    for host in (STORE1, STORE2, SMTP):
        said = entries(file("/etc/dovecot/logins", plan, host))
        assert set(said) == {*keepers, *addresses, *(automatic if host == SMTP else ())}
        for name in (*keepers, *addresses):
            keeper, named = (
                keepers[addresses.get(name, name)],
                f"user={addresses[name]} " if name in addresses else "",
            )
            there = f"noauthenticate=y elsewhere=/{keeper} store={keeper}"
            assert said[name] == named + ("noauthenticate=y" if keeper == host else there)
        assert {said[login] for login in automatic & set(said)} <= {"noauthenticate=y nologin=y"}


def test_a_store_knows_its_own_mailboxes_alone() -> None:
    plan = spread()
    for host in (STORE1, STORE2):
        users = {user for user in entries(file("/etc/dovecot/users", plan, host)) if "@" not in user}
        assert users == {row.login for row in plan.mailboxes if row.host == host}


def test_without_a_password_only_what_another_store_will_ask_for_one() -> None:
    """``nopassword`` is said of a service and a store, and never of submission or of a login."""
    plan = spread()
    roads = entries(file("/etc/dovecot/roads", plan, STORE1))
    assert roads == {
        f"imap/{STORE2}": f"nopassword=y proxy=y host={STORE2} port=993 ssl=yes",
        f"pop3/{STORE2}": f"nopassword=y proxy=y host={STORE2} port=995 ssl=yes",
        f"sieve/{STORE2}": f"nopassword=y proxy=y host={STORE2} port=4190 starttls=yes",
    }
    for host in (STORE1, STORE2, SMTP):
        for item in dovecot.files(plan, plan.host(host)):
            if item.path not in ("/etc/dovecot/roads", "/etc/dovecot/here"):
                assert "nopassword" not in item.text


@EACH
def test_a_host_for_submission_alone_serves_nobody_but_its_mailer(os: str) -> None:
    plan = spread(os)
    said = lines(file("/etc/dovecot/dovecot.conf", plan, SMTP))
    assert "protocols =" in said
    assert "unix_listener /var/spool/postfix/private/auth {" in said
    assert not [line for line in said if "inet_listener" in line or line.startswith(("mail_", "userdb"))]
    paths = {item.path for item in dovecot.files(plan, plan.host(SMTP))}
    assert "/etc/dovecot/stores.lua" in paths
    assert paths.isdisjoint({"/etc/dovecot/users", "/etc/dovecot/roads", dovecot.GUARD})


@EACH
def test_a_store_believes_who_the_client_is_of_the_hosts_that_log_in_for_one(os: str) -> None:
    plan = spread(os)
    said = lines(file("/etc/dovecot/dovecot.conf", plan, STORE1))
    trusted = next(line for line in said if line.startswith("login_trusted_networks"))
    believed = {str(address) for name in (STORE2, SMTP) for address in plan.host(name).addresses}
    assert set(trusted.partition(" = ")[2].split()) == believed


@EACH
def test_one_store_trusts_nobody_and_hands_nothing_over(os: str) -> None:
    text = file("/etc/dovecot/dovecot.conf", mail_plan(os))
    assert "trusted" not in text
    assert "elsewhere" not in text
    assert "inet_listener lmtp" not in text


@EACH
def test_a_store_takes_mail_from_other_hosts_where_there_are_mailers(os: str) -> None:
    said = "\n".join(lines(file("/etc/dovecot/dovecot.conf", spread(os), STORE1)))
    assert "inet_listener lmtp {\nport = 24\n}" in said
    assert "dovecot-lmtp" not in said


def test_what_is_talked_with_follows_what_the_host_runs() -> None:
    plan = spread()
    said = {name: dovecot.variables(plan, plan.host(name)) for name in (STORE1, SMTP)}
    assert said[STORE1]["dovecot_services"] == ["imaps", "lmtp", "managesieve"]
    assert said[STORE1]["dovecot_guarded"] is True
    assert said[SMTP]["dovecot_services"] == ["login"]
    assert said[SMTP]["dovecot_guarded"] is False
    alone = dovecot.variables(mail_plan(), host_of(mail_plan()))
    assert alone["dovecot_services"] == ["delivery", "imaps", "login", "managesieve"]
    assert alone["dovecot_guarded"] is False
