"""Who may send to anywhere through the site's mailers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks.doors import Door, does, grown, own_addresses, said
from mailwright.changes.risks.networks import added, beyond, count, left, sized
from mailwright.plan.lists import OUTWARD
from mailwright.plan.model import Plan
from mailwright.records import dataclass
from mailwright.site.model import IPNetwork

FEW = 8
"""Single addresses up to which they are machines that somebody knows; more are as good as a network."""

_BEHIND = (
    "List under clients of the gateway the addresses of its own servers alone, in both families; never a network, "
    "a NAT or a load balancer."
)
_ANOTHER_DOOR = (
    "See that it is meant: the function submission or mx in the description of the host makes it. Take the "
    "function from a host that does not need it. Publish the addresses, the name and the SPF record of a host that "
    "sends from now on first, and tell the router (border/ of the build)."
)


@dataclass(frozen=True, slots=True)
class _More:
    """Addresses that may relay from now on; behind which gateway, if any; and whether they are many."""

    parts: tuple[IPNetwork, ...]
    gateway: str
    many: bool
    named: str


@risk(
    "relay.widened",
    Severity.HIGH,
    "RELAY-2",
    "more clients may relay without a login",
    "Give the system a login under automatic_senders and let it submit on port 465 or 587. Where it cannot log in, "
    "name its single address under networks.relay in place of the network, and write down who takes it out again, "
    "and when.",
)
def widened(comparison: Comparison) -> Iterator[Hit]:
    """More addresses may send to anywhere without saying who they are.

    Whatever runs there, malware too, sends in the site's name, and the log knows an address and no person. Compared
    are the addresses themselves, listener by listener: the same set in other words is no change. One machine on the
    campus weighs less than a network, or than anything outside. A system behind a gateway sends as its own domains
    alone, and to be trusted without that is more. The site's own hosts are not counted, nor are clients that may
    relay already, through another host.
    """
    where: defaultdict[_More, list[Door]] = defaultdict(list)
    for door, more in _widened(comparison):
        where[more].append(door)
    campus = (comparison.old.settings.campus_networks, comparison.new.settings.campus_networks)
    for more, through in where.items():
        strange = added(more.parts, campus[0]) or added(more.parts, campus[1])
        who = sized(more.parts)
        sentence = f"{who} may send to anywhere through {said(through)} without a login"
        if more.gateway:
            sentence += f", as the domains of the gateway {more.gateway} alone"
        if strange:
            sentence += "; that is outside" if strange == more.parts else f"; {sized(strange)} is outside"
            sentence += " the campus networks"
        severity = Severity.HIGH if strange or more.many else Severity.MEDIUM
        yield Hit(sentence, severity, _BEHIND if more.gateway else "", more.named)


def _widened(comparison: Comparison) -> Iterator[tuple[Door, _More]]:
    old, new = comparison.old, comparison.new
    before = _granted(old)
    known = {listener.key for listener in old.listeners}
    anywhere = tuple(network for networks in before.values() for network in networks)
    held = [network for row in old.gateways for network in row.clients]
    gateways = {network: row.name for row in new.gateways for network in row.clients}
    trusted, ours = frozenset(new.settings.relay_networks), own_addresses(new)
    for door, networks in _granted(new).items():
        base = before.get(door, ()) if door in known else anywhere
        rows: defaultdict[str, list[IPNetwork]] = defaultdict(list)
        for network in networks:
            own = network.num_addresses == 1 and network.network_address in ours
            if not own or network in trusted or network in gateways:
                rows[gateways.get(network, "")].append(network)
        for gateway, of_gateway in rows.items():
            # What was held to a gateway's domains is more without them; what is held to them now is said as that.
            least = base if gateway or not (held or gateways) else (*beyond(base, held), *gateways)
            if more := left(of_gateway, least):
                many = count(beyond(more, least)) > FEW or any(number > 1 for number in more.values())
                yield door, _More(added(more, least), gateway, many, str(next(iter(more))))


def _granted(plan: Plan) -> dict[Door, tuple[IPNetwork, ...]]:
    """Networks that may relay, by listener. The list server on its host's loopback address is left out."""
    found: defaultdict[Door, list[IPNetwork]] = defaultdict(list)
    for row in plan.grants:
        if not isinstance(row.clients, str) and row.port != OUTWARD:
            found[row.host, row.port].append(row.clients)
    return {door: tuple(networks) for door, networks in found.items()}


@risk(
    "relay.listener",
    Severity.HIGH,
    "RELAY-3",
    "a listener relays that did not, or asks for no login any more",
    "Let people and programs submit on ports 465 and 587 after a login, and nowhere else.",
)
def listener(comparison: Comparison) -> Iterator[Hit]:
    """A port relays that did not before, or asks for no login any more.

    Without a login anybody who reaches the port sends in the site's name, or reads what the port serves. A new port
    that asks for one is a further place to guess passwords at, on a host whose log has to be kept; that is worth a
    look. A service that moves from one host to another is not counted.
    """
    old, new = comparison.old, comparison.new
    asked = {row.key for row in old.listeners if row.auth}
    lost = [row.key for row in new.listeners if not row.auth and row.key in asked]
    if lost:
        yield Hit(f"{said(lost)} {does(lost, 'asks', 'ask')} for no login any more")
    answered = {row.key for row in old.listeners}
    yield from _another(grown(_logins(old), _logins(new)), "whoever logs in there")
    before, after = _trusting(old), _trusting(new)
    if before:  # else relay.widened has said it of all
        come = tuple(door for door in grown(before, after) if door not in answered)
        yield from _another(come, "those who may relay without a login elsewhere")


def _another(found: tuple[Door, ...], whom: str) -> Iterator[Hit]:
    if found:
        sentence = f"{said(found)} {does(found, 'relays', 'relay')} from now on, for {whom}"
        yield Hit(sentence, Severity.LOW, _ANOTHER_DOOR, found[0][0])


def _logins(plan: Plan) -> set[Door]:
    """Listeners that relay after a login."""
    return {(row.host, row.port) for row in plan.grants if isinstance(row.clients, str)}


def _trusting(plan: Plan) -> set[Door]:
    """Listeners that relay for networks other than the site's own hosts."""
    ours = own_addresses(plan)
    return {
        door
        for door, granted in _granted(plan).items()
        if any(row.num_addresses > 1 or row.network_address not in ours for row in granted)
    }
