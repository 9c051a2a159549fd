"""A site whose people are in a directory: what Postfix, Dovecot and the filter are told, and what they are not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as within
from hypothesis import strategies as st

from mailwright.components import directory, dovecot, filter, postfix
from mailwright.components.model import File
from mailwright.formats.engine import FormatError
from mailwright.plan import PlanError, make
from mailwright.plan.model import Plan
from mailwright.site.model import Attributes, Site
from mailwright.site.read import read
from support.example import ROOT, load_example, split_hosts, with_gateway
from support.hostile import HOSTILE

HOST = "mail.college.ac.uk"


def site(os: str = "debian-13", **parts: object) -> Site:
    found = read(ROOT / "inventories/directory/site.yml").site
    assert found is not None
    assert found.directory is not None
    hosts = tuple(replace(host, os=os) for host in found.hosts)
    return replace(found, hosts=hosts, directory=replace(found.directory, **parts))  # type: ignore[arg-type]


def exported(os: str = "debian-13") -> Site:
    """The same, with its people from an export."""
    return replace(site(os, live=False), people=load_example().people)


def files(component: object, plan: Plan, host: str = HOST) -> dict[str, File]:
    return {file.path: file for file in component.files(plan, plan.host(host))}  # type: ignore[attr-defined]


def settings(text: str) -> dict[str, str]:
    pairs = (line.partition(" = ") for line in text.splitlines() if not line.startswith("#"))
    return {key: value for key, _, value in pairs if value}


def test_tables_of_roles_are_asked_before_the_directory() -> None:
    main = settings(files(postfix, make(site()))["/etc/postfix/main.cf"].text)
    at = "proxy:ldap:$config_directory/directory"
    assert main["virtual_mailbox_maps"] == f"lmdb:/etc/postfix/virtual_mailboxes, {at}/mailboxes.cf"
    assert main["virtual_alias_maps"] == (f"lmdb:/etc/postfix/virtual_aliases, {at}/aliases.cf, {at}/members.cf")
    assert main["smtpd_sender_login_maps"] == f"lmdb:/etc/postfix/senders, {at}/senders.cf"
    assert (
        f"lmdb:/etc/postfix/internal, {at.removeprefix('proxy:')}/internal.cf"
        in files(postfix, make(site()))["/etc/postfix/master.cf"].text
    )


def test_a_look_up() -> None:
    found = files(postfix, make(site()))["/etc/postfix/directory/senders.cf"]
    assert (found.mode, found.group) == (0o640, "postfix")
    said = settings(found.text)
    assert said["server_host"] == "ldap://ldap1.college.ac.uk:389 ldap://ldap2.college.ac.uk:389"
    assert (said["version"], said["start_tls"], said["tls_require_cert"]) == ("3", "yes", "yes")
    assert said["tls_ca_cert_file"] == "/etc/ssl/certs/ca-certificates.crt"
    assert said["query_filter"].endswith("(|(mail=%s)(mailAlternateAddress=%s)(mailLocalAddress=%s)))")
    assert (said["result_attribute"], said["expansion_limit"]) == ("uid", "1")
    assert "bind_pw" not in said


def test_over_tls_from_the_first_octet_and_without_a_login() -> None:
    plan = make(site(tls="ldaps", port=636, bind_dn=""))
    said = settings(files(postfix, plan)["/etc/postfix/directory/mailboxes.cf"].text)
    assert said["server_host"].startswith("ldaps://ldap1.college.ac.uk:636")
    assert "start_tls" not in said
    assert (said["bind"], "bind_dn" in said) == ("no", False)
    assert "postfix_directory_password" not in postfix.variables(plan, plan.host(HOST))
    assert "dovecot_directory_password" not in dovecot.variables(plan, plan.host(HOST))


def test_members_by_login_have_addresses_that_nobody_may_write_to() -> None:
    found = files(postfix, make(site()))
    aliases = found["/etc/postfix/virtual_aliases"].text
    assert "postmaster@college.ac.uk\tii305@login.invalid, km217@login.invalid, rl204@login.invalid\n" in aliases
    assert aliases.endswith("@login.invalid\tpostmaster@college.ac.uk\n")
    assert found["/etc/postfix/private"].text.endswith("login.invalid\t550 5.1.1 No such address\n")
    for line in found["/etc/postfix/master.cf"].text.splitlines():
        if "smtpd_recipient_restrictions" in line:
            assert "= check_recipient_access lmdb:/etc/postfix/private, " in line


@pytest.mark.parametrize("os", ["debian-12", "debian-13"])
def test_automatic_senders_are_no_business_of_the_directory(os: str) -> None:
    for described in (site(os), exported(os)):
        conf = files(dovecot, make(described))["/etc/dovecot/dovecot.conf"].text
        assert conf.count("username_filter = webforms\n") == (2 if described.live else 1)
        assert conf.count("username_filter = !webforms\n") == 1
        assert conf.count("driver = ldap") == (2 if described.live else 1)


@pytest.mark.parametrize("os", ["debian-12", "debian-13"])
def test_no_file_holds_a_secret_or_a_person(os: str) -> None:
    plan = make(site(os))
    host = plan.host(HOST)
    for component in (postfix, dovecot, filter):
        for file in component.files(plan, host):
            assert "bind_pw =" not in file.text
            assert "dnpass =" not in file.text
            assert "_dn_password =" not in file.text
            assert "Luxemburg@" not in file.text
    completed = dovecot.variables(plan, host)
    assert completed["dovecot_directory_password"] == "secrets/directory"
    for path in completed["dovecot_directory"]:  # type: ignore[attr-defined]
        assert files(dovecot, plan)[path].mode == 0o600


def test_an_export_is_asked_about_passwords_alone() -> None:
    plan = make(exported())
    mail = files(postfix, plan)
    assert not [path for path in mail if "/directory/" in path]
    assert "ldap" not in mail["/etc/postfix/main.cf"].text
    assert "/etc/dovecot/users" in files(dovecot, plan)
    assert files(postfix, make(load_example())) == mail


def test_the_filter_asks_too() -> None:
    found = files(filter, make(site()))
    assert 'directory = "/run/mailwright-directory.sock";' in found["/etc/rspamd/rspamd.conf"].text
    assert "SocketUser=_rspamd\nSocketMode=0600\n" in found["/etc/systemd/system/mailwright-directory.socket"].text
    assert "directory" not in files(filter, make(exported()))["/etc/rspamd/rspamd.conf"].text


def test_several_stores_want_to_know_which() -> None:
    assert directory.lookups(make(exported())) == ()
    spread = replace(site(), hosts=split_hosts())
    with pytest.raises(PlanError, match="several stores"):
        make(spread)
    assert spread.directory is not None
    names = replace(spread.directory.attributes, store="mailHost")
    plan = make(replace(spread, directory=replace(spread.directory, attributes=names)))
    found = files(postfix, plan, "mx2.college.ac.uk")
    assert "directory/stores.cf, lmdb:/etc/postfix/roads}" in found["/etc/postfix/main.cf"].text
    assert settings(found["/etc/postfix/directory/stores.cf"].text)["result_attribute"] == "mailHost"
    conf = files(dovecot, plan, "store1.college.ac.uk")["/etc/dovecot/dovecot.conf"].text
    assert "elsewhere = /%{ldap:mailHost | lower}" in conf


def test_who_is_behind_a_gateway_may_be_known_to_the_directory_too() -> None:
    behind = with_gateway(recipients="directory", people=())
    plan = make(replace(behind, people=(), directory=site().directory))
    assert "mailboxes.cf" in files(postfix, plan)["/etc/postfix/main.cf"].text
    said = files(postfix, plan)
    main = settings(said["/etc/postfix/main.cf"].text)
    assert main["relay_recipient_maps"].endswith("$config_directory/directory/recipients.cf")
    assert settings(said["/etc/postfix/directory/recipients.cf"].text)["domain"] == "physics.college.ac.uk"
    assert "physics" not in settings(said["/etc/postfix/directory/mailboxes.cf"].text)["domain"]
    exporting = make(replace(behind, directory=exported().directory))
    assert [row.name for row in directory.lookups(exporting)] == ["recipients"]
    assert "recipients.cf" in files(postfix, exporting)["/etc/postfix/main.cf"].text
    with pytest.raises(PlanError, match="none is described"):
        make(behind)


@within(max_examples=40, deadline=None)
@given(st.sampled_from(HOSTILE) | st.text(max_size=20), st.sampled_from(("base", "filter", "bind_dn")))
def test_no_value_of_the_description_adds_a_line(value: str, part: str) -> None:
    for text in (value, f"(cn={value})", f"cn={value},o=x"):
        plan = make(site(**{part: text, "attributes": NAMES}))
        try:
            found = {**files(postfix, plan), **files(dovecot, plan)}
        except FormatError:
            continue
        for path in (
            "/etc/postfix/directory/mailboxes.cf",
            "/etc/dovecot/directory.conf",
            "/etc/dovecot/dovecot.conf",
        ):
            lines = keys(found[path].text)
            assert {key for key in lines if "bind_dn" not in key and "auth_dn" not in key} == {
                key for key in PLAIN[path] if "bind_dn" not in key and "auth_dn" not in key
            }


def keys(text: str) -> list[str]:
    """What each line that says something begins with."""
    return [line.partition("=")[0].strip() for line in text.splitlines() if line and not line.startswith("#")]


NAMES = Attributes("uid", "cn", "mail", "", "", "", "")
PLAIN = {
    file.path: keys(file.text)
    for component in (postfix, dovecot)
    for file in files(component, make(site(attributes=NAMES))).values()
}
