"""What firewalls let through, of hosts and at the border."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks.doors import Door, does, grown, said
from mailwright.changes.risks.networks import added, beyond, count, left, sized, within
from mailwright.changes.words import SERVICES, listed
from mailwright.plan.model import Direction, Opening, Plan, Service, Verdict
from mailwright.records import dataclass
from mailwright.site.model import IPNetwork

_Gate = tuple[Direction, int]
_SENDING = frozenset({"mx", "submission"})
_SUBMISSION = frozenset[Service | None]({"submission", "submissions"})

_MANAGEMENT = (
    "Name under networks.management the few addresses from which the hosts are managed: a jump host, or the VPN of "
    "the administrators."
)
_SERVICE = "See that the service is meant: a function of the host, or a setting such as webmail, opens the port."
_NEW_MAILER = (
    "Publish its addresses, its name and the SPF record first, and tell the router (border/ of the build); then "
    "apply, and publish the MX record last."
)


@dataclass(frozen=True, slots=True)
class _Wider:
    """To whom a port is open that it was not open to; ``new``: it was open to nobody."""

    service: Service | None
    peers: tuple[IPNetwork, ...]
    new: bool


@risk(
    "firewall.opened",
    Severity.MEDIUM,
    "SCALE-1",
    "a host's firewall lets in more than before",
    "Open a port to those who need it, and say who that is: networks.management for SSH.",
)
def opened(comparison: Comparison) -> Iterator[Hit]:
    """More addresses reach a port of a host, or a port is open that was not.

    Each is one more thing to try passwords or faults at; SSH, from which all else can be reached, above all. A
    service that moves to another host, a new host with what its functions need, and the site's own hosts among
    themselves are as they are described elsewhere, and do not count; of a host more by which mail is sent,
    relay.listener and firewall.out-25 speak. Sets of addresses are compared, however they are written.
    """
    old, new = comparison.old, comparison.new
    known = {host.name for host in old.hosts}
    before = {row.key: row for row in old.openings}
    ours = _own(new)
    public = grown(_public(old), _public(new))
    wider: defaultdict[_Wider, list[Door]] = defaultdict(list)
    services = {row.key: row.service for row in new.listeners}
    mailers = _new_mailers(old, new)
    for row in new.openings:
        if row.direction != "in" or row.host not in known:
            continue
        then = before.get(row.key)
        door = (row.host, row.port)
        if then is None and door not in public:
            continue  # what only moved here, or is for the site's own hosts
        if then is None and (services.get(door) in _SUBMISSION or (row.port == 25 and row.host in mailers)):
            continue
        more = added(row.peers, then.peers if then is not None else ())
        if not within(more, ours):
            wider[_Wider(services.get(door), more, then is None)].append(door)
    for found, doors in wider.items():
        what = SERVICES[found.service] if found.service is not None else "nothing is described that answers there"
        also = "" if found.new else " as well"
        sentence = f"{said(doors)} {does(doors, 'is', 'are')} open to {sized(found.peers)}{also}: {what}"
        if found.service == "ssh":
            named = left(new.settings.management_networks, old.settings.management_networks)
            value = str(next(iter(named), ""))
            yield Hit(sentence, _of_ssh(comparison, found.peers), _MANAGEMENT, value)
        elif found.new and found.service is not None:
            yield Hit(sentence, Severity.LOW, _SERVICE, doors[0][0])
        else:
            yield Hit(sentence, value=doors[0][0])
    yield from _users(comparison, before)


def _of_ssh(comparison: Comparison, more: tuple[IPNetwork, ...]) -> Severity:
    """A network outside is the world's; the campus, or one address outside, is still somebody's."""
    outside = beyond(more, comparison.new.settings.campus_networks)
    outside = outside or beyond(more, comparison.old.settings.campus_networks)
    return Severity.HIGH if count(outside) > 2 else Severity.MEDIUM


def _public(plan: Plan) -> set[Door]:
    """Ports that are open to others than the site's own hosts."""
    ours = _own(plan)
    return {(row.host, row.port) for row in plan.openings if row.direction == "in" and not within(row.peers, ours)}


def _own(plan: Plan) -> tuple[IPNetwork, ...]:
    return tuple(ip_network(address) for host in plan.hosts for address in host.addresses)


def _users(comparison: Comparison, before: dict[tuple[str, str, str, int], Opening]) -> Iterator[Hit]:
    """Ports of the loopback address that were for one user of the host."""
    for row in comparison.new.openings:
        then = before.get(row.key)
        if row.direction == "out" and row.port != 25 and then is not None and then.user not in ("", row.user):
            whom = f"the user {row.user}" if row.user else "every user"
            yield Hit(f"{whom} of {row.host} may reach its port {row.port}, which was for {then.user} alone")


@risk(
    "firewall.out-25",
    Severity.HIGH,
    "RELAY-1",
    "something else may send to port 25 of the Internet",
    "Let the mailer's own user alone send to port 25, and everything else hand its mail to the site's mailers.",
)
def out_25(comparison: Comparison) -> Iterator[Hit]:
    """Another program or another host may send mail straight to the Internet.

    What a break-in plants on a host sends spam on port 25, past the mailer, its log and its limits; until then the
    host's firewall stopped it. A further host that becomes a mailer by its functions needs it, and is worth a look:
    SPF, its name and the router have to know it. Of one that takes submissions, relay.listener speaks.
    """
    old, new = comparison.old, comparison.new
    before = {row.host: row for row in old.openings if (row.direction, row.port) == ("out", 25)}
    ours = _own(new)
    mailers = _new_mailers(old, new)
    come: defaultdict[tuple[IPNetwork, ...], list[str]] = defaultdict(list)
    sends = {host.name for host in new.with_function(*_SENDING)}
    for row in new.openings:
        if (row.direction, row.port) != ("out", 25):
            continue
        then = before.get(row.host)
        more = added(row.peers, then.peers if then is not None else ())
        foreign = not within(more, ours)
        if then is not None and then.user not in ("", row.user):
            whom = f"the user {row.user}" if row.user else "every program"
            yield Hit(f"{whom} on {row.host} may send to port 25, which was for the user {then.user} alone")
        elif foreign and (row.host not in sends or not row.user):
            whom = f"the user {row.user}" if row.user else "every program"
            yield Hit(f"{whom} on {row.host} may send to port 25 of {sized(more)}")
        elif foreign and row.host in mailers:
            come[more].append(row.host)
    for more, hosts in come.items():
        become = "becomes a mailer that sends" if len(hosts) == 1 else "become mailers that send"
        sentence = f"{words.some(hosts)} {become} to port 25 of {sized(more)}"
        yield Hit(sentence, Severity.LOW, _NEW_MAILER, hosts[0])


def _new_mailers(old: Plan, new: Plan) -> set[str]:
    """Hosts that receive and send from now on, and did not send, where more hosts receive than before; but for
    those that are one more to take submissions."""
    if len(new.with_function("mx")) <= len(old.with_function("mx")):
        return set()
    sent = {host.name for host in old.with_function(*_SENDING)}
    more = len(new.with_function("submission")) > len(old.with_function("submission"))
    return {
        host.name
        for host in new.with_function("mx")
        if host.name not in sent and not (more and "submission" in host.functions)
    }


@risk(
    "border.opened",
    Severity.HIGH,
    "RELAY-1",
    "the border lets more mail through",
    "Keep under networks.campus all that is the organisation's, so that the border goes on turning it away; a "
    "machine that has to send mail hands it to a mailer.",
)
def border(comparison: Comparison) -> Iterator[Hit]:
    """Addresses that the border kept from sending mail, or from getting it, are not kept from it any more.

    A machine on the campus that somebody broke into can then send spam past the mailers, and is reached from
    outside past them. Compared is what is turned away in the end, port by port and for both families. A host that
    gets the function mx or submission is let through for that: the rules relay.listener and firewall.out-25 speak
    of it.
    """
    if comparison.old.border == comparison.new.border:
        return  # it takes its time
    before, after = _turned_away(comparison.old), _turned_away(comparison.new)
    permits: defaultdict[_Gate, list[IPNetwork]] = defaultdict(list)
    for row in comparison.new.border:
        if row.verdict == "permit":
            permits[row.direction, row.port] += row.networks
    free: defaultdict[tuple[IPNetwork, ...], list[_Gate]] = defaultdict(list)
    for gate, networks in before.items():
        passing = beyond(networks, after.get(gate, ()))
        if rest := added(passing, permits[gate]):
            free[rest].append(gate)
    for networks, gates in free.items():
        grave = any(port == 25 for _, port in gates)
        sentence = f"the border does not keep {_ways(gates, sized(networks))} any more"
        yield Hit(sentence, Severity.HIGH if grave else Severity.MEDIUM)


def _turned_away(plan: Plan) -> dict[_Gate, tuple[IPNetwork, ...]]:
    """What the border stops in the end, by direction and port."""
    rows: defaultdict[_Gate, dict[Verdict, list[IPNetwork]]] = defaultdict(lambda: {"permit": [], "reject": []})
    for row in plan.border:
        rows[row.direction, row.port][row.verdict] += row.networks
    return {gate: beyond(found["reject"], found["permit"]) for gate, found in rows.items()}


def _ways(gates: Sequence[_Gate], whom: str) -> str:
    """``port 25 in to mx2.college.ac.uk, and port 25 out from it``."""
    inward = [port for direction, port in gates if direction == "in"]
    outward = [port for direction, port in gates if direction == "out"]
    parts = [f"port{'s' if len(inward) > 1 else ''} {listed(inward)} in to {whom}"] if inward else []
    if outward:
        parts.append(f"port {listed(outward)} out from {'there' if inward else whom}")
    return " and ".join(parts)


@risk(
    "campus.widened",
    Severity.LOW,
    "RELAY-2",
    "more addresses count as the organisation's own",
    "See that the network is the organisation's (whois) and not shared with another one, such as a partner; else "
    "leave it out of networks.campus.",
)
def campus(comparison: Comparison) -> Iterator[Hit]:
    """A network is on the campus from now on.

    Whoever is there reads the pages without signing in, and the rules allow the network to be trusted to relay. The
    border turns its mail ports away as well, but for the mailers.
    """
    old, new = comparison.old.settings.campus_networks, comparison.new.settings.campus_networks
    if more := added(new, old):
        inside = any(row.readers == "inside" for row in comparison.new.web)
        pages = "; whoever is there reads the pages without signing in" if inside else ""
        sentence = f"{sized(more)} {'counts' if len(more) == 1 else 'count'} as the campus from now on{pages}"
        yield Hit(sentence, value=str(next(iter(left(new, old)))))
