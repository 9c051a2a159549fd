"""Whose mail is taken, and what is asked first."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Change, differences, kind, pairs
from mailwright.plan.model import Gateway, Grant, Plan, Policy

_RELAY = "Mail from there to anywhere is accepted, and the log names an address and no person."
_BEHIND = "The system behind the gateway may send to anywhere, as the gateway's own domains alone."


def grants(old: Plan, new: Plan) -> Iterator[Change]:
    """Who may relay, through which port of which host."""
    for before, after, some in pairs(old.grants, new.grants):
        who = _clients(old if after is None else new, some)
        now = "may" if after is not None else "may no more"
        added = after is not None and not isinstance(after.clients, str)
        note = _RELAY if added and who not in {host.name for host in new.hosts} else ""
        if added and any(some.clients in gateway.clients for gateway in new.gateways):
            note = _BEHIND
        yield Change(
            "grants",
            kind(before, after),
            f"{who} through port {some.port} of {some.host}",
            f"{who} {now} relay through port {some.port} of {some.host}",
            f"ways to relay for {who} {'are new' if after is not None else 'are gone'}",
            note,
            before,
            after,
        )


def _clients(plan: Plan, grant: Grant) -> str:
    if isinstance(grant.clients, str):
        return "whoever logs in"
    return words.networks(plan, (grant.clients,))


def policies(old: Plan, new: Plan) -> Iterator[Change]:
    """What a listener asks, in its order, where the listener is there before and after."""
    before, after = _orders(old), _orders(new)
    doors = {key[:2] for key in before} & {key[:2] for key in after}
    relayed, relays = _relaying(old), _relaying(new)
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key, ()), after.get(key, ())
        checks, others = tuple(row.check for row in one), tuple(row.check for row in other)
        if key[:2] not in doors or checks == others:
            continue
        host, port, stage = key
        if set(checks) == set(others):
            what = f"asks the same in another order: {', '.join(others)}; before it was {', '.join(checks)}"
        else:
            more = [_said_of(row) for row in other if row.check not in checks]
            less = [_said_of(row) for row in one if row.check not in others]
            begins = ", for those who may relay there now" if key[:2] in relays - relayed else ""
            ends = ", since nobody relays there" if key[:2] in relayed - relays else ""
            parts = [f"sees to this as well{begins}: {'; '.join(more)}"] if more else []
            parts += [f"does not see to this any more{ends}: {'; '.join(less)}"] if less else []
            what = ", and ".join(parts)
        yield Change(
            "policies",
            kind(one or None, other or None),
            f"{host} port {port}",
            f"port {port} of {host}, at the stage {stage}, {what}",
            f"doors where a host, at the stage {stage}, {what}",
            "",
            one or None,
            other or None,
        )


def _relaying(plan: Plan) -> set[tuple[str, int]]:
    """Ports by which somebody may relay."""
    return {(row.host, row.port) for row in plan.grants}


def _said_of(row: Policy) -> str:
    return f"{row.because.reason} ({row.check})"


def _orders(plan: Plan) -> dict[tuple[str, int, str], tuple[Policy, ...]]:
    found: dict[tuple[str, int, str], tuple[Policy, ...]] = {}
    for row in plan.policies:  # sorted by their positions
        key = (row.host, row.port, row.stage)
        found[key] = (*found.get(key, ()), row)
    return found


_GATEWAY = {
    "domains": "serves",
    "next_hop": "has the next hop",
    "port": "is reached on port",
    "tls": "is asked for TLS in the way",
    "recipients": "has recipients that are known by",
    "clients": "sends from",
}
_KNOWN = {"listed": "a list", "ask": "asking the next hop", "directory": "the directory"}


def gateways(old: Plan, new: Plan) -> Iterator[Change]:
    """Systems of others that serve some of the domains."""
    for before, after, _ in pairs(old.gateways, new.gateways):
        if before is not None and after is not None:
            for name in differences(before, after):
                now, then = _said(after, name), _said(before, name)
                sentence = f"the gateway {after.name} {_GATEWAY[name]} {now} instead of {then}"
                yield Change("gateways", "changed", after.name, sentence, old=before, new=after)
        elif after is not None:
            sentence = (
                f"mail for {words.listed(after.domains)} goes through the gateway {after.name} to {_hop(after)}"
            )
            yield Change("gateways", "added", after.name, sentence, new=after)
        elif before is not None:
            sentence = (
                f"the gateway {before.name} is gone; mail for {words.listed(before.domains)} went to {_hop(before)}"
            )
            yield Change("gateways", "removed", before.name, sentence, old=before)


def _said(row: Gateway, field: str) -> str:
    if field == "recipients":
        return _KNOWN[row.recipients]
    value = getattr(row, field)
    return words.listed(value) if isinstance(value, tuple) else str(value)


def _hop(row: Gateway) -> str:
    return row.next_hop if row.port == 25 else f"{row.next_hop} port {row.port}"
