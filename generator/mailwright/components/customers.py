"""Customers of a provider on shared hosts: the program that makes tables of what each of them is described with.

What is a customer's own is in no file of these: it comes as a fragment (provider/tables.py), which the program
judges on the host by the customer's own domains (templates/customers/mailwright_customers). What a role does with
these files is in docs/reference/roles.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mailwright import resources
from mailwright.components.dovecot import MAIL, VERSIONS
from mailwright.components.model import Component, File
from mailwright.plan.model import HostFacts, Plan
from mailwright.plan.names import SENDING

LIBRARY = "/usr/local/lib/mailwright/mailwright_customers"
PROGRAM = "/usr/local/sbin/mailwright-customers"
PARTS = ("__init__", "host", "fragment", "owners", "index", "tables", "dovecot", "assemble", "compare", "command")
"""Modules of the program's package, those that import none of the others first."""


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """The program, and what it is told of the platform."""
    for part in PARTS:
        yield File(f"{LIBRARY}/{part}.py", _text(f"mailwright_customers/{part}.py"))
    yield File(PROGRAM, _text("mailwright-customers"), mode=0o755)
    yield File("/etc/mailwright/customers.json", json.dumps(_settings(plan, host), indent=2) + "\n")


def _settings(plan: Plan, host: HostFacts) -> dict[str, object]:
    settings = plan.settings
    own = {*settings.own_names, *settings.mailer_names, *(each.name for each in plan.hosts)}
    own |= {domain for row in plan.gateways for domain in row.domains} | {row.name for row in plan.web}
    return {
        "host": host.name,
        "mailer": _mails(host),
        "dovecot": VERSIONS[host.os] if _has_dovecot(host) else "",
        "store": "store" in host.functions,
        "own": sorted(own),
        "folders": sorted(row.login for row in plan.mailboxes if "." in row.login),
        "mail": MAIL,
    }


def _mails(host: HostFacts) -> bool:
    return not SENDING.isdisjoint(host.functions)


def _has_dovecot(host: HostFacts) -> bool:
    return not {"store", "submission"}.isdisjoint(host.functions)


def variables(plan: Plan, host: HostFacts) -> dict[str, object]:
    """``customers_parts``, what of customers is needed here; and what the role talks about after a change:
    ``customers_services``, ``customers_recipient``, ``customers_realm``. A host that keeps logs alone needs no
    part: it is told whose they are (AUDIT-3), and nobody's address."""
    services = {row.service for row in plan.listeners if row.host == host.name}
    parts = {
        "people": _mails(host) or _has_dovecot(host),
        "passwords": "store" in host.functions,
        "keys": _mails(host),
    }
    return {
        "customers_parts": [name for name, here in parts.items() if here],
        "customers_services": sorted(services & {"smtp", "imaps"}),
        "customers_recipient": f"postmaster@{plan.settings.primary_domain}",
        "customers_realm": plan.settings.primary_domain,
    }


def _text(name: str) -> str:
    return (resources.folder("templates") / "customers" / name).read_text(encoding="utf-8")


COMPONENT = Component(
    "customers",
    frozenset({"mx", "submission", "store", "log"}),
    files,
    variables,
    wanted=lambda plan: plan.settings.customers,
)
