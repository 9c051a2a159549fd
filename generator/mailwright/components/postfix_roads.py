"""The part of Postfix's files that leads to systems of others: gateways and the smarthost.

Every mailer of a site has the same. Which tables there are depends on the plan alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from mailwright.components.model import File, once
from mailwright.formats import postfix
from mailwright.formats.engine import Verbatim
from mailwright.plan.model import Gateway, Plan
from mailwright.site.addresses import domain
from mailwright.site.model import Smarthost

GATEWAY_TABLES = (
    "gateway_asked",
    "gateway_returns",
    "gateway_roads",
    "gateway_senders",
    "gateway_tls",
    "relay_recipients",
)
"""The compiled tables of a site with gateways, below /etc/postfix."""

SMARTHOST_PASSWORD = "/etc/postfix/smarthost_password"  # noqa: S105 - a path
"""Where the role puts the login's password (texthash, read as Postfix starts); never rendered."""

_RETURNED = Verbatim("REJECT 5.4.6 Your own system has that address: a mail loop")


def gateway_files(plan: Plan) -> Iterator[File]:
    """The tables of gateways; none where there are none."""
    if not plan.gateways:
        return
    for name, text in (
        ("gateway_asked", _asked(plan)),
        ("gateway_returns", _returns(plan)),
        ("gateway_roads", _ways(plan)),
        ("gateway_senders", _senders(plan)),
        ("gateway_tls", _tls(plan)),
        ("relay_recipients", _recipients(plan)),
    ):
        yield File(f"/etc/postfix/{name}", text, "root", "postfix", 0o640, personal=True)
    clients = [(network, postfix.action("gateway_client")) for row in plan.gateways for network in row.clients]
    yield File(
        "/etc/postfix/gateway_clients",
        postfix.network_table(
            "GATE-2: where mail of the systems behind gateways comes from.", dict.fromkeys(clients)
        ),
    )
    for row in plan.gateways:
        for kind, because, verdict in (
            ("from", "GATE-2: who may send as the domains of this gateway.", postfix.action("permit")),
            ("back", "GATE-1: to whom mail for addresses of this gateway is not handed back.", _RETURNED),
        ):
            text = postfix.network_table(because, ((network, verdict) for network in row.clients))
            yield File(f"/etc/postfix/gateway_{kind}_{ident(row)}", text)


def ident(gateway: Gateway) -> str:
    """The gateway's name in the names of parameters and files: letters and digits, all else by its code."""
    return "".join(sign if sign.isalnum() and sign.isascii() else f"_{ord(sign):x}_" for sign in gateway.name)


def next_hop(gateway: Gateway) -> Verbatim:
    return postfix.next_hop(gateway.next_hop, gateway.port)


def relayhost(smarthost: Smarthost) -> Verbatim:
    return postfix.next_hop(smarthost.host, smarthost.port)


def gateway_domains(plan: Plan) -> tuple[str, ...]:
    return tuple(name for row in plan.gateways for name in row.domains)


def asked(plan: Plan) -> bool:
    """Whether the next hop of some gateway is asked for recipients."""
    return any(row.recipients == "ask" for row in plan.gateways)


def _behind(plan: Plan) -> Iterator[tuple[str, str]]:
    """Of those listed: the address that mail may come in for, and the one by which the system knows them."""
    for route in plan.routes:
        if route.kind == "gateway":
            yield route.address, route.targets[0]


@once
def _recipients(plan: Plan) -> str:
    everybody = [f"@{name}" for row in plan.gateways if row.recipients == "ask" for name in row.domains]
    return postfix.access_table(
        "GATE-1: who is behind a gateway; of @domain the next hop knows (gateway_asked).",
        ((key, postfix.action("OK")) for key in (*everybody, *(address for address, _ in _behind(plan)))),
    )


@once
def _asked(plan: Plan) -> str:
    domains = [name for row in plan.gateways if row.recipients == "ask" for name in row.domains]
    rows = [(name, postfix.action("reject_unverified_recipient")) for name in domains]
    rows += [(address, postfix.action("DUNNO")) for address in _ours(plan, domains)]
    return postfix.access_table(
        "GATE-1: the next hop is asked whether it knows a recipient; roles are the site's own.", rows
    )


@once
def _returns(plan: Plan) -> str:
    """Addresses that lead straight back to the system that they came from."""
    own = set(plan.settings.domains)
    rows: dict[str, Verbatim] = {}
    for row in plan.gateways:
        back = postfix.action(f"back_{ident(row)}")
        if not _is_address(row.next_hop):
            rows[row.next_hop] = back
        if row.recipients == "listed":
            for address, target in _behind(plan):
                if domain(address) in row.domains:
                    rows[target] = back
                    if domain(target) not in own:
                        rows[domain(target)] = back
        else:
            rows |= dict.fromkeys(row.domains, back)
            rows |= dict.fromkeys(_ours(plan, row.domains), postfix.action("DUNNO"))
    return postfix.access_table(
        "GATE-1: what would go back to the system that it came from, round and round.", rows.items()
    )


@once
def _senders(plan: Plan) -> str:
    """Who a system behind a gateway may say that it is: one of its own, or nobody (a delivery status)."""
    rows = {"<>": postfix.action("OK")}
    for row in plan.gateways:
        verdict = postfix.action(f"from_{ident(row)}")
        if row.recipients == "listed":
            for address, target in _behind(plan):
                if domain(address) in row.domains:
                    rows |= {address: verdict, target: verdict}
            rows |= dict.fromkeys(_ours(plan, row.domains), verdict)
        else:
            rows |= dict.fromkeys(row.domains, verdict)
    return postfix.access_table("GATE-2: what a system behind a gateway may write in MAIL FROM.", rows.items())


@once
def _ways(plan: Plan) -> str:
    rows: dict[str, Verbatim] = {}
    for row in plan.gateways:
        way = Verbatim(f"gateway:{next_hop(row)}")
        rows |= dict.fromkeys(row.domains, way)
        for address, target in _behind(plan):
            if domain(address) in row.domains and domain(target) not in row.domains:
                rows[target] = way
    return postfix.access_table("GATE-1: the way to the system behind a gateway.", rows.items())


@once
def _tls(plan: Plan) -> str:
    levels = {"verify": "secure match=nexthop", "encrypt": "encrypt", "may": "may"}
    rows = {next_hop(row): Verbatim(levels[row.tls]) for row in plan.gateways}
    return postfix.policy_table("GATE-1: how mail to a next hop is encrypted.", rows.items())


def _ours(plan: Plan, domains: tuple[str, ...] | list[str]) -> list[str]:
    """The site's own addresses in domains that a gateway serves: its roles, mailer-daemon."""
    return [row.address for row in plan.routes if row.kind != "gateway" and domain(row.address) in domains]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
