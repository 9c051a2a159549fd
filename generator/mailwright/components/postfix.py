"""Postfix: receives on 25, takes submissions on 587 and 465, sends to the Internet, delivers to the store.

What a role does with these files is in docs/reference/roles.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from mailwright.components.model import Component, File, once
from mailwright.formats import postfix
from mailwright.formats.engine import render
from mailwright.plan.model import HostFacts, Listener, Plan, Policy, Service, Stage, TlsMode
from mailwright.site.addresses import key

MILTER = "inet:127.0.0.1:11332"
"""Where the filter listens (components/filter.py)."""

NO_DOMAIN = "no-domain.invalid"
"""What stands in a submitted header for the domain of an address that has none (INT-3); the filter refuses it."""

# RFC 9325, 4.2: forward secret and authenticated. TLS 1.3 suites are all of that kind and not listed here.
CIPHERS = ":".join(
    f"ECDHE-{signature}-{cipher}"
    for cipher in ("AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-GCM-SHA256")
    for signature in ("ECDSA", "RSA")
)
"""The TLS 1.2 suites of every service (REMOTE-1, REMOTE-2), in OpenSSL's words."""

# The order in which Postfix comes to them.
_PARAMETERS: tuple[tuple[Stage, str], ...] = (
    ("connect", "smtpd_client_restrictions"),
    ("helo", "smtpd_helo_restrictions"),
    ("mail", "smtpd_sender_restrictions"),
    ("relay", "smtpd_relay_restrictions"),
    ("rcpt", "smtpd_recipient_restrictions"),
    ("data", "smtpd_data_restrictions"),
    ("end-of-data", "smtpd_end_of_data_restrictions"),
    ("header", "smtpd_milters"),
)
_SERVICES: frozenset[Service] = frozenset({"smtp", "submission", "submissions"})


@dataclass(frozen=True, slots=True)
class _StageView:
    parameter: str
    rows: tuple[Policy, ...]

    @property
    def checks(self) -> tuple[str, ...]:
        return tuple(row.check for row in self.rows)


@dataclass(frozen=True, slots=True)
class _ListenerView:
    port: int
    service: Service
    tls: TlsMode
    auth: bool
    because: object
    stages: tuple[_StageView, ...]


def _view(plan: Plan, listener: Listener) -> _ListenerView:
    rows = [row for row in plan.policies if (row.host, row.port) == listener.key]
    stages = []
    for stage, parameter in _PARAMETERS:
        of_stage = tuple(sorted((row for row in rows if row.stage == stage), key=lambda row: row.position))
        if of_stage:
            stages.append(_StageView(parameter, of_stage))
    return _ListenerView(
        listener.port, listener.service, listener.tls, listener.auth, listener.because, tuple(stages)
    )


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """main.cf, master.cf and the four tables, whose sources ``postmap`` compiles on the host.

    Raises FormatError for a value that Postfix's formats cannot carry.
    """
    families = sorted({str(address.version) for address in host.addresses})
    main = render(
        postfix.FORMAT,
        "postfix/main.cf.j2",
        host=host,
        settings=plan.settings,
        families=families,
        bind4=[address for address in host.addresses if address.version == 4][:1],
        bind6=[address for address in host.addresses if address.version == 6][:1],
        relay_networks=plan.relay_networks(host.name),
        ciphers=CIPHERS,
        milter=MILTER,
        no_domain=NO_DOMAIN,
    )
    listeners = [row for row in plan.listeners if row.host == host.name and row.service in _SERVICES]
    master = render(
        postfix.FORMAT,
        "postfix/master.cf.j2",
        host=host,
        settings=plan.settings,
        families=families,
        listeners=[_view(plan, listener) for listener in listeners],
        milter=MILTER,
    )
    yield File("/etc/postfix/main.cf", main)
    yield File("/etc/postfix/master.cf", master)
    yield _table("virtual_mailboxes", _mailboxes(plan))
    yield _table("virtual_aliases", _aliases(plan))
    yield _table("senders", _senders(plan))
    yield _table("internal", _internal(plan))


def _table(name: str, text: str) -> File:
    return File(f"/etc/postfix/{name}", text, "root", "postfix", 0o640, personal=True)


@once
def _mailboxes(plan: Plan) -> str:
    return postfix.login_table(
        "ADDR-5, ADDR-3: a published address and the login whose mailbox it is; found in any mixture of case.",
        ((route.address, route.targets) for route in plan.routes if route.kind == "mailbox"),
    )


@once
def _aliases(plan: Plan) -> str:
    return postfix.address_table(
        "ROLE-1, ROLE-2, ROLE-4: roles, further addresses, internal and automatic ones, and where their mail goes.",
        ((route.address, route.targets) for route in plan.routes if route.kind != "mailbox"),
    )


@once
def _senders(plan: Plan) -> str:
    logins: defaultdict[str, list[str]] = defaultdict(list)
    for row in plan.senders:
        logins[row.address].append(row.login)
    return postfix.login_table("ADDR-6: an address, and the logins that may write it in MAIL FROM.", logins.items())


@once
def _internal(plan: Plan) -> str:
    return postfix.address_table(
        "INT-4: an internal address, and the published one that it becomes on its way out.",
        ((key(row.internal), (row.external,)) for row in plan.rewrites),
    )


def variables(plan: Plan, host: HostFacts) -> dict[str, object]:
    """What the role talks about after a change: with each of ``postfix_services``, ``postfix_recipient``."""
    services = {row.service for row in plan.listeners if row.host == host.name} & _SERVICES
    return {
        "postfix_recipient": f"postmaster@{plan.settings.primary_domain}",
        "postfix_services": sorted(services),
    }


COMPONENT = Component("postfix", frozenset({"mx", "submission"}), files, variables)
