"""The order of restrictions in the rendered master.cf, read as Postfix reads it: a permit ends its list."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest

from mailwright.components import postfix
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.model import Network, Site
from support.example import HERE, example, load_example, split, with_gateway

SENDER = "smtpd_sender_restrictions"
RELAY = "smtpd_relay_restrictions"
RECIPIENT = "smtpd_recipient_restrictions"


def relaying() -> Site:
    network = Network(ip_network("198.51.100.128/28"), HERE)
    return example(networks=replace(load_example().networks, relay=(network,)))


SITES: dict[str, Callable[[], Site]] = {
    "example": load_example,
    "split": split,
    "relaying": relaying,
    "gateway": with_gateway,
    "asked": lambda: with_gateway(recipients="ask", people=()),
}


def lists(plan: Plan) -> dict[tuple[str, str, str], list[str]]:
    """(host, port, parameter) and its restrictions, of every smtpd in every master.cf."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for host in plan.with_function("mx", "submission"):
        text = next(item.text for item in postfix.files(plan, host) if item.path == "/etc/postfix/master.cf")
        for port, options in re.findall(r"^(\d+) .* smtpd\n((?:[ #].*\n)*)", text, re.MULTILINE):
            for name, value in re.findall(r"-o \{ (smtpd_\w+_restrictions) = (.*) \}", options):
                found[host.name, port, name] = [item.strip() for item in value.split(",")]
    return found


def asked_too_late(checks: list[str]) -> list[str]:
    """Checks of senders and recipients that a permit before them keeps from being asked."""
    permits = [index for index, check in enumerate(checks) if check.startswith("permit")]
    if not permits:
        return []
    return [check for check in checks[permits[0] :] if re.search("sender|recipient", check)]


@pytest.mark.parametrize("name", SITES)
def test_no_check_of_a_sender_or_recipient_stands_after_a_permit(name: str) -> None:
    found = lists(make(SITES[name]()))
    assert {port for _, port, _ in found} == {"25", "465", "587"}
    assert {key: late for key, checks in found.items() if (late := asked_too_late(checks))} == {}


@pytest.mark.parametrize("name", SITES)
def test_every_listener_turns_away_who_may_not_relay_and_compares_logins(name: str) -> None:
    found = lists(make(SITES[name]()))
    for host, port, parameter in found:
        assert (host, port, RELAY) in found, parameter
    for (host, port, parameter), checks in found.items():
        if parameter == RELAY:
            assert checks[-1] == ("reject_unauth_destination" if port == "25" else "reject"), (host, port)
            assert "permit" not in checks
        if parameter == SENDER and port != "25":
            assert "reject_sender_login_mismatch" in checks, (host, port)
        if parameter == RECIPIENT:
            assert "reject_unlisted_recipient" in checks


def test_the_reader_finds_a_late_check() -> None:
    assert asked_too_late(["reject_non_fqdn_sender", "permit_mynetworks", "reject_unlisted_sender"]) == [
        "reject_unlisted_sender"
    ]
    assert asked_too_late(["reject_unlisted_sender", "permit_mynetworks", "reject"]) == []
