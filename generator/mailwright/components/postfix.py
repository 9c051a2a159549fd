"""Postfix: receives on 25, takes submissions on 587 and 465, sends to the Internet, delivers to the stores.

All mailers of a site know the same recipients by the same tables. Only ``roads`` is a host's own: the way from
there to each store.

What a role does with these files is in docs/reference/roles.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

from mailwright import resources
from mailwright.components import directory
from mailwright.components import postfix_lists as post
from mailwright.components import postfix_roads as outward
from mailwright.components.model import Component, File, once
from mailwright.formats import postfix
from mailwright.formats.engine import Verbatim, render
from mailwright.plan import lists
from mailwright.plan.model import HostFacts, Plan, Policy, Service, Stage, TlsMode
from mailwright.plan.names import LOGINS
from mailwright.plan.policies import SPACE_CHECK
from mailwright.records import dataclass
from mailwright.site.addresses import key
from mailwright.site.model import IPNetwork

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

AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
"""Whose certificates are believed when a host of the site talks to another one: the system's authorities."""

TABLES = ("internal", "senders", "virtual_aliases", "virtual_mailboxes")
"""The tables of every mailer, below /etc/postfix."""

STORE_TABLES = ("roads", "stores")
"""Two more, where there are several stores: the way to each, and which one keeps an address's mailbox."""

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
"""What the role holds a dialogue with after a change."""


@dataclass(frozen=True, slots=True)
class _StageView:
    parameter: str
    rows: tuple[Policy, ...]

    @property
    def checks(self) -> tuple[str, ...]:
        return tuple(row.check for row in self.rows)


@dataclass(frozen=True, slots=True)
class _ListenerView:
    """``clients``: the networks of those who may come, where these are few; ``door``: port, or address and port."""

    port: int
    service: Service | Literal["listout"]
    tls: TlsMode
    auth: bool
    because: object
    stages: tuple[_StageView, ...]
    door: Verbatim
    clients: tuple[IPNetwork, ...] = ()


def _listeners(plan: Plan, host: HostFacts) -> Iterator[_ListenerView]:
    """What Postfix listens on for mail; the list server's way out is the last."""
    for row in plan.listeners:
        if row.host == host.name and row.service in _SERVICES | {"lists"}:
            door, clients = Verbatim(str(row.port)), plan.list_clients(host.name) if row.service == "lists" else ()
            stages = _stages(plan, row.key)
            yield _ListenerView(row.port, row.service, row.tls, row.auth, row.because, stages, door, clients)
    for grant in plan.grants:
        if (grant.host, grant.port) == (host.name, lists.OUTWARD) and not isinstance(grant.clients, str):
            door, stages = Verbatim(f"127.0.0.1:{grant.port}"), _stages(plan, (host.name, grant.port))
            clients = (grant.clients,)
            yield _ListenerView(grant.port, "listout", "none", False, grant.because, stages, door, clients)


def _stages(plan: Plan, key: tuple[str, int]) -> tuple[_StageView, ...]:
    rows = [row for row in plan.policies if (row.host, row.port) == key]
    stages = []
    for stage, parameter in _PARAMETERS:
        of_stage = tuple(sorted((row for row in rows if row.stage == stage), key=lambda row: row.position))
        if of_stage:
            stages.append(_StageView(parameter, of_stage))
    return tuple(stages)


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """main.cf, master.cf and the tables, whose sources ``postmap`` compiles on the host.

    Raises FormatError for a value that Postfix's formats cannot carry.
    """
    roads = _roads(plan, host)
    way = post.way(plan, host)
    remote = any(road != postfix.HERE for road in roads.values())
    families = sorted({str(address.version) for address in host.addresses})
    bind4 = [address for address in host.addresses if address.version == 4][:1]
    bind6 = [address for address in host.addresses if address.version == 6][:1]
    main = render(
        postfix.FORMAT,
        "postfix/main.cf.j2",
        host=host,
        settings=plan.settings,
        families=families,
        bind4=bind4,
        bind6=bind6,
        relay_networks=plan.relay_networks(host.name),
        own_clients=plan.own_clients(host.name),
        roads=tuple(roads.values()),
        own_domains=[name for name in plan.settings.domains if name not in outward.gateway_domains(plan)],
        gateways=[(outward.ident(row), row) for row in plan.gateways],
        gateway_domains=outward.gateway_domains(plan),
        asked=outward.asked(plan),
        relayhost=outward.relayhost(plan.settings.smarthost) if plan.settings.smarthost else "",
        ciphers=CIPHERS,
        milter=MILTER,
        no_domain=NO_DOMAIN,
        lookups=directory.tables(plan),
        space=any((row.host, row.check) == (host.name, SPACE_CHECK) for row in plan.policies),
        remote_stores=remote,
        lists=way,
    )
    master = render(
        postfix.FORMAT,
        "postfix/master.cf.j2",
        host=host,
        settings=plan.settings,
        families=families,
        listeners=tuple(_listeners(plan, host)),
        lists=way,
        remote_stores=remote,
        bind4=bind4,
        bind6=bind6,
        relay_networks=plan.relay_networks(host.name),
        gateways=plan.gateways,
        smarthost_password=outward.SMARTHOST_PASSWORD,
        no_domain=NO_DOMAIN,
        authorities=AUTHORITIES,
        milter=MILTER,
        lookups=directory.tables(plan),
    )
    yield File("/etc/postfix/main.cf", main)
    yield File("/etc/postfix/master.cf", master)
    yield _table("virtual_mailboxes", _mailboxes(plan))
    yield _table("virtual_aliases", _aliases(plan))
    yield _table("senders", _senders(plan))
    yield _table("internal", _internal(plan))
    if len(roads) > 1:
        yield _table("stores", _stores(plan))
        yield File("/etc/postfix/roads", postfix.road_table(_ROADS, roads.items()))
    yield from outward.gateway_files(plan)
    yield from post.list_files(plan, host)
    yield from directory.files(plan, AUTHORITIES)
    if plan.live:
        yield File("/etc/postfix/private", postfix.refusal_table(_PRIVATE, (LOGINS,)))
    if remote or plan.gateways or plan.settings.smarthost or (way is not None and not way.here):
        status = (resources.folder("templates") / "postfix/store_status").read_text(encoding="utf-8")
        yield File("/etc/postfix/store_status", status)


_PRIVATE = "RELAY-2: domains of addresses which only the tables know, and which nobody may write to."
_ROADS = "SCALE-1: the way from this host to each store: the socket to its own, TLS to the others."


def _roads(plan: Plan, host: HostFacts) -> dict[str, Verbatim]:
    """The way from ``host`` to each store, by the store's name."""
    return {
        store.name: postfix.HERE if store.name == host.name else postfix.there(store.name)
        for store in plan.with_function("store")
    }


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
    # ROLE-1: mail of a member who has left the directory comes to the postmaster, and goes back to nobody.
    rest = (postfix.whole_domain(LOGINS, f"postmaster@{plan.settings.primary_domain}"),) if plan.live else ()
    return "".join((_alias_table(plan), *rest))


def _alias_table(plan: Plan) -> str:
    return postfix.address_table(
        "ROLE-1, ROLE-2, ROLE-4: roles, further addresses, internal and automatic ones, and where their mail goes.",
        (
            (route.address, route.targets)
            for route in plan.routes
            if route.kind != "mailbox" and route.targets != (route.address,)
        ),
    )


@once
def _stores(plan: Plan) -> str:
    store = {row.login: row.host for row in plan.mailboxes}
    return postfix.store_table(
        "SCALE-1: a published address, and the store that keeps its mailbox.",
        ((route.address, store[route.targets[0]]) for route in plan.routes if route.kind == "mailbox"),
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
    """``postfix_tables``, which are compiled; and what the role talks about after a change.

    With each of ``postfix_services``, ``postfix_recipient``. Where a smarthost asks for a login,
    ``postfix_smarthost``: what stands before the password in its file, and ``postfix_smarthost_password``: a path
    on the control machine. Where a directory is asked who is there, ``postfix_directory``, the files of look-ups,
    and where it asks for a login, ``postfix_directory_password``, the path of what they end with.
    """
    services = {row.service for row in plan.listeners if row.host == host.name} & _SERVICES
    smarthost = plan.settings.smarthost
    tables = (
        *TABLES,
        *(STORE_TABLES if len(plan.with_function("store")) > 1 else ()),
        *(outward.GATEWAY_TABLES if plan.gateways else ()),
        *(("private",) if plan.live else ()),
        *(("lists",) if plan.lists else ()),
    )
    said: dict[str, object] = {
        "postfix_recipient": f"postmaster@{plan.settings.primary_domain}",
        "postfix_services": sorted(services),
        "postfix_tables": sorted(tables),
    }
    if smarthost is not None and smarthost.login:
        said["postfix_smarthost"] = f"{outward.relayhost(smarthost)} {smarthost.login}:"
        said["postfix_smarthost_password"] = smarthost.password
    asked = directory.lookups(plan)
    described = plan.settings.directory
    if described is not None and asked:
        said["postfix_directory"] = [directory.path(row) for row in asked]
        if described.bind_dn:
            said["postfix_directory_password"] = described.password
    return said


COMPONENT = Component("postfix", frozenset({"mx", "submission"}), files, variables)
