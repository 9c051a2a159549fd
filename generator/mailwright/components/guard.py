"""The guard: password guessing is slowed and cut off, per login and per address (REMOTE-1, REMOTE-2).

A small server of our own answers Dovecot's auth policy questions, and writes a line of the mail log for each
failure that counts; fail2ban reads those and bars the addresses from the ports of logins, in a table of its own. On
hosts that take submissions fail2ban tells abuse of a login whose mail was throttled. Bans, keys and what is
remembered are host state. What a role does with these files is in docs/reference/roles.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import ip_network

from mailwright import resources
from mailwright.components.dovecot import VERSIONS
from mailwright.components.model import Component, File
from mailwright.formats import dovecot, fail2ban, systemd
from mailwright.formats.engine import render
from mailwright.plan.model import HostFacts, Plan
from mailwright.plan.retention import MAIL_LOG
from mailwright.site.model import IPNetwork

PORT = 11381
"""Where the guard answers, on loopback."""

PROGRAM = "/usr/local/sbin/mailwright-guard"
REPORT = "/usr/local/sbin/mailwright-throttle-report"
LOGIN_SERVICES = frozenset({"submission", "submissions", "imaps", "pop3s", "managesieve"})
"""What an address is barred from: never port 25, where others' mail comes in, and never SSH."""


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """The guard, what makes Dovecot ask it, and fail2ban's part.

    Raises FormatError for a value that a format cannot carry.
    """
    trusted = _trusted(plan)
    submission = "submission" in host.functions
    settings = {"port": PORT, "trusted": [str(network) for network in trusted], "waits": not _asks(plan, host)}
    yield File(PROGRAM, _program("mailwright_guard.py"), mode=0o755)
    yield File("/etc/mailwright/guard.json", json.dumps(settings, indent=2) + "\n")
    version = VERSIONS[host.os]
    yield File(
        "/etc/mailwright/guard-dovecot.conf",
        render(dovecot.FORMAT, f"guard/dovecot-{version}.conf.j2", port=PORT),
    )
    yield File(
        "/etc/systemd/system/mailwright-guard.service",
        render(systemd.FORMAT, "guard/mailwright-guard.service.j2", program=PROGRAM),
    )
    yield File("/etc/fail2ban/fail2ban.d/mailwright.local", render(fail2ban.FORMAT, "guard/fail2ban.local.j2"))
    jails = render(
        fail2ban.FORMAT,
        "guard/jails.local.j2",
        log=MAIL_LOG,
        ports=sorted(row.port for row in plan.listeners if row.host == host.name and row.service in LOGIN_SERVICES),
        trusted=trusted,
        submission=submission,
    )
    yield File("/etc/fail2ban/jail.d/mailwright.local", jails)
    yield File("/etc/fail2ban/filter.d/mailwright-guess.conf", render(fail2ban.FORMAT, "guard/guess.filter.j2"))
    if submission:
        yield File(
            "/etc/fail2ban/filter.d/mailwright-throttle.conf", render(fail2ban.FORMAT, "guard/throttle.filter.j2")
        )
        yield File(
            "/etc/fail2ban/action.d/mailwright-report.conf",
            render(fail2ban.FORMAT, "guard/report.action.j2", program=REPORT),
        )
        yield File(REPORT, _program("mailwright_throttle_report.py"), mode=0o755)
        report = {"domain": plan.settings.primary_domain, "host": host.name, "log": MAIL_LOG}
        yield File("/etc/mailwright/throttle-report.json", json.dumps(report, indent=2) + "\n")


def _trusted(plan: Plan) -> tuple[IPNetwork, ...]:
    """The site's own hosts, which speak for many people; not the management networks: one may be all the campus."""
    own = {ip_network(address) for host in plan.hosts for address in host.addresses}
    return tuple(sorted(own, key=lambda one: (one.version, one)))


def _asks(plan: Plan, host: HostFacts) -> bool:
    """Whether it asks the stores about logins, whose guards are told the client's address and make it wait."""
    return "store" not in host.functions and plan.settings.directory is None


def _program(name: str) -> str:
    return (resources.folder("templates") / "guard" / name).read_text(encoding="utf-8")


COMPONENT = Component("guard", frozenset({"submission", "store"}), files)
