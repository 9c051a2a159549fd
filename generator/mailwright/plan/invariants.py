"""What has to hold in every plan, whatever the description says.

A rule judges a description; this judges what was made of it. A breach is a mistake of mailwright's own, and nothing
is built from such a plan: the order of checks and the ports that are open decide who may send, and are too easily
turned round by somebody who adds a line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from ipaddress import ip_address

from mailwright.plan import lists
from mailwright.plan.model import Listener, Plan, Policy, Stage
from mailwright.records import dataclass


@dataclass(frozen=True, slots=True)
class Breach:
    """``id`` says which of CHECKS; ``requirement`` would be broken by the hosts."""

    id: str
    requirement: str
    message: str


_MAIL = frozenset({"smtp", "submission", "submissions", "lists"})


def breaches(plan: Plan, shared: Plan | None = None) -> tuple[Breach, ...]:
    """Everything that does not hold; nothing for a plan that can be built.

    shared  a plan in which all holds; tables of hosts that are the very same here are not judged again
    """
    same = shared is not None and all(getattr(plan, name) is getattr(shared, name) for name in _JUDGED_OF_HOSTS)
    checks = CHECKS[len(OF_HOSTS) :] if same else CHECKS
    return tuple(breach for check in checks for breach in check(plan))


def judged_late(plan: Plan) -> Iterator[Breach]:
    """A check of a sender or recipient stands after a permit in its stage: whoever is permitted is never asked."""
    for (host, port, stage), rows in _stages(plan).items():
        permit = ""
        for row in rows:
            if permit and ("sender" in row.check or "recipient" in row.check):
                yield Breach(
                    "check-after-permit",
                    row.because.requirement,
                    f"port {port} of {host} comes to {row.check} at the stage {stage} only after {permit}, so "
                    "whoever that permits is not asked",
                )
            if _permits(row):
                permit = permit or row.check


def _permits(row: Policy) -> bool:
    """Whether the check can end its stage with a yes.

    A look-up table can too. The one that does, policies.GATEWAY_SENDER, permits senders that it names itself, so it
    is the check of the sender, and what follows it is for everybody else.
    """
    return row.check.startswith("permit")


def relay_open(plan: Plan) -> Iterator[Breach]:
    """A listener for mail ends its relay stage without turning away those who have no grant."""
    stages = _stages(plan)
    granted: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for grant in plan.grants:
        granted[grant.host, grant.port].add(
            "permit_sasl_authenticated" if isinstance(grant.clients, str) else "permit_mynetworks"
        )
    doors = {listener.key for listener in _listeners(plan)} | {(row.host, row.port) for row in plan.policies}
    for host, port in sorted(doors):
        rows = stages.get((host, port, "relay"), ())
        for row in rows:
            if row.check in ("reject", "reject_unauth_destination"):
                break
            if _permits(row) and row.check not in granted[host, port]:
                yield Breach(
                    "relay-open",
                    "RELAY-2",
                    f"port {port} of {host} relays for {row.check}, and no grant says so",
                )
        else:
            yield Breach(
                "relay-open", "RELAY-2", f"port {port} of {host} turns nobody away who would relay through it"
            )


def sender_unbound(plan: Plan) -> Iterator[Breach]:
    """A listener for people who log in does not compare the sender with the login, in envelope or header."""
    stages = _stages(plan)
    wanted: tuple[tuple[Stage, str, str], ...] = (
        ("mail", "reject_sender_login_mismatch", "ADDR-6"),
        ("header", "milter:from-is-the-logins", "ADDR-7"),
    )
    for listener in _listeners(plan):
        host, port = listener.key
        for stage, check, requirement in wanted:
            if listener.auth and check not in (row.check for row in stages.get((host, port, stage), ())):
                yield Breach("sender-unbound", requirement, f"port {port} of {host} does not ask {check}")


def poster_unsaid(plan: Plan) -> Iterator[Breach]:
    """Mail for lists comes in by a listener that does not say who sent it, or the list server's ports of the
    loopback address are open to others."""
    if not plan.lists:
        return
    stages = _stages(plan)
    for listener in plan.listeners:
        host, port = listener.key
        asked = (row.check for row in stages.get((host, port, "header"), ()))
        if listener.service in _MAIL - {"lists"} and "milter:poster" not in asked:
            yield Breach(
                "poster-unsaid", "LIST-3", f"port {port} of {host} lets in what a sender says of itself to lists"
            )
    for host, port in {(row.host, port) for row in plan.lists for port, _ in _LIST_PORTS}:
        users = {row.user for row in plan.openings if (row.host, row.direction, row.port) == (host, "out", port)}
        if users != {dict(_LIST_PORTS)[port]}:
            yield Breach("poster-unsaid", "LIST-3", f"port {port} of {host} is open to every user of the host")


_LIST_PORTS = ((lists.OUTWARD, lists.USER), (lists.INWARD, "postfix"))


def open_for_nothing(plan: Plan) -> Iterator[Breach]:
    """A firewall lets through what nothing in the plan listens on."""
    answered = {listener.key for listener in plan.listeners}
    for opening in plan.openings:
        if opening.direction == "in" and (
            opening.protocol != "tcp" or (opening.host, opening.port) not in answered
        ):
            yield Breach(
                "open-for-nothing",
                "SCALE-1",
                f"the firewall of {opening.host} opens {opening.protocol} port {opening.port}, and nothing listens "
                "there",
            )
    for passage in plan.border:
        if (passage.direction, passage.verdict) == ("in", "permit") and (
            passage.subject,
            passage.port,
        ) not in answered:
            yield Breach(
                "open-for-nothing",
                "RELAY-1",
                f"the border lets port {passage.port} in to {passage.subject}, and nothing listens there",
            )


def exchanger_unfit(plan: Plan) -> Iterator[Breach]:
    """An MX record names something other than a host that receives mail and has an address.

    RFC 5321, 5.1, and RFC 2181, 10.3.

    The plan has no CNAME records, so none of its names is an alias; if it ever has, none may be an MX's.
    """
    receives = {f"{listener.host}." for listener in plan.listeners if listener.service == "smtp"}
    addressed = {record.owner for record in plan.records if record.type in ("A", "AAAA")}
    aliases = {record.owner for record in plan.records if str(record.type) == "CNAME"}
    for record in plan.records:
        if record.type != "MX":
            continue
        _, _, name = record.value.partition(" ")
        if _is_address(name):
            why = "is an address and no name"
        elif name in aliases:
            why = "is an alias"
        elif name not in receives:
            why = "does not receive mail"
        elif name not in addressed and plan.settings.sharing is None:
            why = "has no address record"
        else:
            continue
        yield Breach("exchanger-unfit", "DNS-4", f"the MX record of {record.owner} names {name}, which {why}")


OF_HOSTS: tuple[Callable[[Plan], Iterator[Breach]], ...] = (
    judged_late,
    relay_open,
    sender_unbound,
    open_for_nothing,
)
"""They read no other tables than _JUDGED_OF_HOSTS."""

_JUDGED_OF_HOSTS = ("listeners", "grants", "policies", "openings", "border")

CHECKS = (*OF_HOSTS, poster_unsaid, exchanger_unfit)


def _stages(plan: Plan) -> dict[tuple[str, int, Stage], tuple[Policy, ...]]:
    found: defaultdict[tuple[str, int, Stage], list[Policy]] = defaultdict(list)
    for row in plan.policies:
        found[row.host, row.port, row.stage].append(row)
    return {key: tuple(sorted(rows, key=lambda row: row.position)) for key, rows in found.items()}


def _listeners(plan: Plan) -> Iterator[Listener]:
    return (listener for listener in plan.listeners if listener.service in _MAIL)


@lru_cache(1024)
def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[].").removeprefix("IPv6:"))
    except ValueError:
        return False
    return True
