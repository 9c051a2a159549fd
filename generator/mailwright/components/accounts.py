"""Accounts: what a host keeps of people besides the description, and what the service is used for (WEB-2).

``mailwright-account`` gives passwords, suspends and resumes, and sees to the mail of those who have left. The
password server lets people change their own in webmail. ``mailwright-usage`` counts each night, on the log host for
the whole site, or on each store. Passwords, the list of those who are suspended and the sums are host state. What a
role does with these files is in docs/reference/roles.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import ip_network

from mailwright import resources
from mailwright.components.model import Component, File
from mailwright.formats import systemd
from mailwright.formats.engine import render
from mailwright.plan.links import PASSWORDS
from mailwright.plan.model import HostFacts, Plan
from mailwright.plan.retention import LEFT, MAIL_LOG, central

LIBRARY = "/usr/local/lib/mailwright/mailwright_accounts"
PROGRAM = "/usr/local/sbin/mailwright-account"
SERVER = "/usr/local/sbin/mailwright-passwords"
USAGE = "/usr/local/sbin/mailwright-usage"
PARTS = (
    "__init__",
    "host",
    "people",
    "passwords",
    "suspended",
    "removed",
    "signins",
    "command",
    "server",
    "by_customer",
    "usage",
)
"""Modules of the programs' package, those that import none of the others first."""

LENGTH = 10
"""Characters of a new password at the least; webmail says the same."""


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """The programs, what they are told of the site, and their units.

    Raises FormatError for a value that a format cannot carry.
    """
    for part in PARTS:
        yield File(f"{LIBRARY}/{part}.py", _text(f"mailwright_accounts/{part}.py"))
    if _keeps_accounts(host):
        yield File(PROGRAM, _text("mailwright-account"), mode=0o755)
        yield File("/etc/mailwright/accounts.json", json.dumps(_settings(plan, host), indent=2) + "\n")
    if "store" in host.functions:
        yield _unit("mailwright-accounts.service", PROGRAM)
        yield _unit("mailwright-accounts.timer", PROGRAM)
    if serves_passwords(plan, host):
        yield File(SERVER, _text("mailwright-passwords"), mode=0o755)
        yield _unit("mailwright-passwords.service", SERVER)
    if _counts(plan, host) or "store" in host.functions:
        yield File(USAGE, _text("mailwright-usage"), mode=0o755)
        yield File("/etc/mailwright/usage.json", json.dumps(_usage(plan, host), indent=2) + "\n")
        yield _unit("mailwright-usage.service", USAGE)
        yield _unit("mailwright-usage.timer", USAGE)


def serves_passwords(plan: Plan, host: HostFacts) -> bool:
    """Whether people change their password here: on the stores of a site with webmail and without a directory."""
    return "store" in host.functions and plan.settings.webmail is not None and plan.settings.directory is None


def _keeps_accounts(host: HostFacts) -> bool:
    return not {"store", "submission"}.isdisjoint(host.functions)


def _counts(plan: Plan, host: HostFacts) -> bool:
    """Whether sign-ins and messages are counted here: where the logs of the whole site are, or on each store."""
    keepers = plan.with_function("log")
    return host in keepers if keepers else "store" in host.functions


def _settings(plan: Plan, host: HostFacts) -> dict[str, object]:
    """What mailwright-account and the password server go by."""
    return {
        "host": host.name,
        "store": "store" in host.functions,
        "submission": "submission" in host.functions,
        "stores": [each.name for each in plan.with_function("store")],
        "submissions": [each.name for each in plan.with_function("submission")],
        "passwords": "directory" if plan.settings.directory is not None else "here",
        "people": "directory" if plan.live is not None else "tables",
        "grace": next((row.days for row in plan.retention if (row.host, row.log) == (host.name, LEFT)), 0),
        "length": LENGTH,
        "clients": _clients(plan, host),
    }


def _clients(plan: Plan, host: HostFacts) -> list[str]:
    """Networks that may ask the password server: webmail's host, and this one, where that may be it."""
    found = ["127.0.0.0/8", "::1/128"]
    found += [
        str(ip_network(address))
        for link in plan.links
        if (link.server, link.port) == (host.name, PASSWORDS)
        for address in plan.host(link.client).addresses
    ]
    if "web" in host.functions and serves_passwords(plan, host):
        found += [str(ip_network(address)) for address in host.addresses]
    return found


def _usage(plan: Plan, host: HostFacts) -> dict[str, object]:
    """What mailwright-usage goes by: the logs that are kept here, the mailers whose log is not (so that the report
    can say so), and the addresses of the site's hosts."""
    kept = {row.log for row in plan.retention if row.host == host.name}
    logs = {
        host.name: MAIL_LOG,
        **{each.name: central(each.name) for each in plan.hosts if central(each.name) in kept},
    }
    mailers = (each.name for each in plan.hosts if not {"mx", "submission"}.isdisjoint(each.functions))
    elsewhere = sorted(set(mailers) - logs.keys()) if _counts(plan, host) else []
    return {
        "host": host.name,
        "logs": logs,
        **({"elsewhere": elsewhere} if elsewhere else {}),
        "own": sorted(str(address) for each in plan.hosts for address in each.addresses),
        "store": "store" in host.functions,
        "report": _counts(plan, host),
    }


def variables(plan: Plan, host: HostFacts) -> dict[str, object]:
    """``accounts_parts``: what is here, of ``accounts``, ``mail``, ``passwords``, ``usage``."""
    parts = {
        "accounts": _keeps_accounts(host),
        "mail": "store" in host.functions,
        "passwords": serves_passwords(plan, host),
        "usage": _counts(plan, host) or "store" in host.functions,
    }
    return {"accounts_parts": [name for name, here in parts.items() if here]}


def _unit(name: str, program: str) -> File:
    return File(f"/etc/systemd/system/{name}", render(systemd.FORMAT, f"accounts/{name}.j2", program=program))


def _text(name: str) -> str:
    return (resources.folder("templates") / "accounts" / name).read_text(encoding="utf-8")


COMPONENT = Component("accounts", frozenset({"store", "submission", "log"}), files, variables)
