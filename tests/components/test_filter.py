"""The filter: what its rules go by. What they do with mail is in tests/native/test_filter_rules.py."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from mailwright.components import counter, filter
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.model import Network
from support.example import HERE, load_example, split
from support.mailplan import host_of, mail_plan, with_settings


def file(path: str, plan: Plan | None = None) -> str:
    plan = plan or mail_plan()
    return next(item.text for item in filter.files(plan, host_of(plan)) if item.path == path)


def addresses(plan: Plan | None = None) -> dict[str, str]:
    lines = file("/etc/rspamd/mailwright/addresses", plan).splitlines()
    return dict(line.split(" ") for line in lines if not line.startswith("#"))


def test_each_address_and_who_may_send_as_it() -> None:
    said = addresses()
    assert said["karl.marx@college.ac.uk"] == "karlm"
    assert said["postmaster@college.ac.uk"] == "fredae,karlm"
    assert said["forms@college.ac.uk"] == "webforms"
    assert said["karlm@ws7.chem.college.ac.uk"] == "karlm"
    assert said["abuse@college.ac.uk"] == said["mailer-daemon@college.ac.uk"] == "-"


def test_every_domain_is_signed_for() -> None:
    text = file("/etc/rspamd/rspamd.conf")
    for domain in ("college.ac.uk", "chem.college.ac.uk"):
        assert f'    "{domain}" {{\n      selector = "s1";\n      path = "/etc/rspamd/dkim/s1.key";\n' in text


def test_without_a_key_nothing_is_signed() -> None:
    plan = with_settings(mail_plan(), dkim_selector="")
    assert "dkim_signing" not in file("/etc/rspamd/rspamd.conf", plan)
    assert filter.variables(plan, host_of(plan))["dkim_selector"] == ""


def test_networks_that_may_relay() -> None:
    assert "relay_networks = [];" in file("/etc/rspamd/rspamd.conf")
    text = file("/etc/rspamd/rspamd.conf", mail_plan(relay=True))
    assert 'relay_networks = ["198.51.100.128/28"];' in text
    assert 'sign_networks = ["127.0.0.0/8", "::1/128", "198.51.100.128/28"];' in text


def test_the_sites_other_hosts_are_no_network_that_may_relay() -> None:
    """Also where a network that may relay holds them."""
    relay = Network(ip_network("198.51.100.0/24"), HERE)
    plan = make(split(networks=replace(load_example().networks, relay=(relay,))))
    host = plan.host("mail.college.ac.uk")
    text = next(item.text for item in filter.files(plan, host) if item.path.endswith(".conf"))
    own = ", ".join(f'"198.51.100.{n}/32", "2001:db8:c011::{n}/128"' for n in (33, 31, 32))
    assert f"own_hosts = [{own}];" in text
    assert 'relay_networks = ["198.51.100.0/24"];' in text
    assert f'sign_networks = ["127.0.0.0/8", "::1/128", {own}, "198.51.100.0/24"];' in text


def test_people_are_not_for_everybody_on_the_host() -> None:
    plan = mail_plan()
    (personal,) = (item for item in filter.files(plan, host_of(plan)) if item.personal)
    assert (personal.path, personal.mode, personal.group) == ("/etc/rspamd/mailwright/addresses", 0o640, "_rspamd")


def test_the_rules_hold_no_value() -> None:
    """The Lua is the same for every site: nothing of a description can become code."""
    plan = with_settings(mail_plan(), domains=("other.example",), primary_domain="other.example")
    assert file("/etc/rspamd/mailwright.lua") == file("/etc/rspamd/mailwright.lua", plan)
    assert "college" not in file("/etc/rspamd/mailwright.lua")


def test_what_the_role_needs() -> None:
    plan = mail_plan()
    assert filter.variables(plan, host_of(plan)) == {
        "dkim_selector": "s1",
        "dkim_private_key": "/secrets/s1.key",
    }


def test_what_a_login_may_send_in_an_hour() -> None:
    """Processes ten times as much; nobody is exempt, and no recipient lets a message pass uncounted."""
    text = file("/etc/rspamd/rspamd.conf", with_settings(mail_plan(), hourly=120))
    assert 'burst = 120;\n        rate = "120 / 1h";' in text
    assert 'burst = 1200;\n        rate = "1200 / 1h";' in text
    assert 'automatic = ["webforms"];' in text
    assert 'whitelisted_rcpts = ["\\n"];' in text
    assert f'servers = "{counter.SOCKET}";' in text


def test_nothing_is_counted_where_nothing_is_submitted() -> None:
    plan = make(split())
    texts = {
        name: next(
            item.text
            for item in filter.files(plan, plan.host(f"{name}.college.ac.uk"))
            if item.path.endswith(".conf")
        )
        for name in ("mx2", "smtp")
    }
    assert "ratelimit" not in texts["mx2"]
    assert "redis {" not in texts["mx2"]
    assert "ratelimit {" in texts["smtp"]
