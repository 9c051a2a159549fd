"""The border: mail ports pass it to and from those that the plan names, other ports are none of its business."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from enum import StrEnum

from mailwright.audit import firewall, names, posting, roads
from mailwright.audit.model import Context, Observation, Probe, Vantage, Where
from mailwright.findings import Target
from mailwright.plan.model import Direction, Plan, Verdict
from mailwright.records import dataclass
from mailwright.site.model import IPAddress

_SUBMISSION = (465, 587)
_FREE = 80  # a port that the border leaves alone, on which somebody listens for the probe
_UNUSED = 26  # and one on which nobody does
_TIMEOUT = 3.0  # seconds for one attempt
_JOBS = 12


class Came(StrEnum):
    """What came of an attempt to connect."""

    CONNECTED = "connected"
    REFUSED = "refused"
    NOTHING = "nothing"  # no answer, or a router says that there is nobody


@dataclass(frozen=True, slots=True)
class _Try:
    """A connection to try, and what it means.

    refused  it must be turned away; else it must come about
    sure     somebody listens there, so that silence is a refusal as well; else only an answer that refuses is one,
             for an address at which nobody is says nothing either
    """

    where: Where
    address: IPAddress
    port: int
    whom: str  # whose address it is
    refused: bool
    sure: bool = True
    twin: bool = False

    def __str__(self) -> str:
        shown = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"connect from {_PLACES[self.where]} to {self.whom} at {shown} port {self.port}"


_PLACES: dict[Where, str] = {"outside": "outside", "inside": "the campus", "host": "the host"}


def inbound(context: Context) -> Iterator[Observation]:
    """From outside, port 25 of every managed mailer is reached over v4 and v6, and that of no other address of the
    campus (RELAY-1): other hosts of the site, a computer of the campus that does listen there, an address that
    nobody has. That it is the border that refuses, and not who is behind it, is seen by another port of the same
    address, which is reached where somebody listens and gets no answer where nobody does. Of a running service
    there is nobody on the campus who listens for this."""
    yield from _inward(context, 25)


def submission(context: Context) -> Iterator[Observation]:
    """The same for ports 465 and 587, which are let in to submission hosts alone (RELAY-3)."""
    yield from _inward(context, *_SUBMISSION)


def outbound(context: Context) -> Iterator[Observation]:
    """A computer of the campus reaches port 25 of nobody outside, over v4 and v6: not of a mail host, nor of any
    other that does listen there (RELAY-1). Other ports of the same address it reaches, and the mail host can be
    reached from outside; each host that sends mail reaches it too. Of a running service the mail hosts of
    the outside mailbox alone are tried, which a message reaches by way of the site's mailers."""
    if context.live:
        yield from _outward(context)
        return
    inside, outside = roads.vantage(context, "inside"), roads.vantage(context, "outside")
    with outside.enter():
        hosts = [
            (address, name)
            for name in names.mailers(context.resolver, roads.correspondent(context).domain)
            for address in names.addresses(context.resolver, name)
        ]
    tries: list[_Try] = []
    for address in _reachable(outside.addresses, inside):
        if _ruling(context.plan, "out", _same_family(inside, address), 25) != "reject":
            continue
        tries.append(_Try("inside", address, 25, "a host outside that listens", refused=True))
        tries.append(_Try("outside", address, 25, "itself", refused=False, twin=True))
        tries += [
            _Try("inside", address, port, "the same host outside", refused=False, twin=True)
            for port in (_FREE, *_SUBMISSION)
        ]
        for mailer, name in hosts:
            if mailer.version == address.version:
                tries.append(_Try("inside", mailer, 25, name, refused=True))
                tries.append(_Try("outside", mailer, 25, name, refused=False, twin=True))
    if not tries:
        yield Observation("port 25 outside, from the campus", "the plan has no rule of the border for it", None)
    with outside.listen(25, _FREE, *_SUBMISSION):
        yield from _tried(context, tries)
    yield from _mailers_out(context, [address for address, _ in hosts])
    yield from _unseen(context, "inside")


def _outward(context: Context) -> Iterator[Observation]:
    """From the campus to the correspondent's mailers, and as a twin a message by way of the site's own."""
    inside = roads.certain(context, "inside")
    with inside.enter():
        hosts = [
            (address, name)
            for name in names.mailers(context.resolver, roads.correspondent(context).domain)
            for address in _reachable(names.addresses(context.resolver, name), inside)
        ]
    judged = [
        (address, name)
        for address, name in hosts
        if _ruling(context.plan, "out", _same_family(inside, address), 25) == "reject"
    ]
    if not judged:
        yield Observation("port 25 outside, from the campus", "the plan has no rule of the border for it", None)
    yield from _tried(context, [_Try("inside", address, 25, name, refused=True) for address, name in judged])
    mark, received = posting.arrived(context, roads.anybody(context))
    yield Observation(f"a message ({mark}) through the mailer", f"arrived from {received.client}", True, True)
    yield from _unseen(context, "inside")


def _inward(context: Context, *ports: int) -> Iterator[Observation]:
    plan = context.plan
    outside = roads.certain(context, "outside")
    inside = None if context.live else roads.vantage(context, "inside")
    tries: list[_Try] = []
    for host in plan.hosts:
        for address in _reachable(host.addresses, outside):
            rulings = [_ruling(plan, "in", address, port) for port in ports]
            for port, ruling in zip(ports, rulings, strict=True):
                if ruling == "permit":
                    tries.append(_Try("outside", address, port, host.name, refused=False, twin=True))
                elif ruling == "reject":
                    tries.append(_Try("outside", address, port, host.name, refused=True, sure=False))
            if "reject" in rulings:
                tries.append(_Try("outside", address, _UNUSED, host.name, refused=False, sure=False, twin=True))
    for address in _reachable(inside.addresses if inside else (), outside):
        if _ruling(plan, "in", address, ports[0]) != "reject":
            continue
        whom = "a computer of the campus that listens"
        tries += [_Try("outside", address, port, whom, refused=True) for port in ports]
        tries += [_Try("inside", address, port, "itself", refused=False, twin=True) for port in ports]
        tries.append(_Try("outside", address, _FREE, whom, refused=False, twin=True))
    for address in _reachable(_nobodys(context), outside):
        whom = "an address that nobody has"
        tries += [_Try("outside", address, port, whom, refused=True, sure=False) for port in ports]
        tries.append(_Try("outside", address, _UNUSED, whom, refused=False, sure=False, twin=True))
    if not any(one.refused for one in tries):
        yield Observation(f"port {ports[0]} from outside", "the plan has no rule of the border for it", None)
    with inside.listen(*ports, _FREE) if inside else nullcontext():
        yield from _tried(context, tries)
    yield from _unseen(context, "outside")


def _tried(context: Context, tries: Iterable[_Try]) -> Iterator[Observation]:
    """All of them, many side by side, since silence takes its time."""

    def at(one: _Try) -> Iterator[Observation]:
        outcome, words = attempt(roads.vantage(context, one.where), one.address, one.port)
        yield Observation(str(one), words, _judged(one, outcome), one.twin, Target(str(one.address), one.port))

    yield from roads.side_by_side(tries, at, _JOBS)


def attempt(vantage: Vantage, address: IPAddress, port: int) -> tuple[Came, str]:
    """What comes of a connection from there, and the kernel's words."""
    try:
        with vantage.enter(), socket.create_connection((str(address), port), timeout=_TIMEOUT):
            return Came.CONNECTED, "connected"
    except ConnectionRefusedError as error:
        return Came.REFUSED, f"refused ({error.strerror})"
    except OSError as error:
        # What ICMPv6 calls "administratively prohibited" is a refusal too; IPv4's looks like a missing host.
        if error.errno == errno.EACCES:
            return Came.REFUSED, f"refused ({error.strerror})"
        return Came.NOTHING, error.strerror or "no answer"


def _judged(one: _Try, outcome: Came) -> bool | None:
    if one.refused:
        if outcome is Came.NOTHING:
            return True if one.sure else None
        return outcome is Came.REFUSED
    # Where nobody listens, it is enough that nobody refuses: a refusal on the other port is the border's then.
    return outcome is Came.CONNECTED if one.sure else outcome is Came.NOTHING


def _mailers_out(context: Context, targets: Iterable[IPAddress]) -> Iterator[Observation]:
    known = tuple(targets)
    for row in context.plan.openings:
        host = context.plan.host(row.host)
        if row.direction != "out" or row.port != 25 or not {"mx", "submission"}.intersection(host.functions):
            continue
        for address in known:
            if any(own.version == address.version for own in host.addresses):
                seen = firewall.connected(context, row.host, row.user, address)
                what = f"connect from {row.host} to [{address}] port 25 as {row.user}"
                yield Observation(what, seen, seen == "connected", True, Target(row.host))


def _ruling(plan: Plan, direction: Direction, address: IPAddress | None, port: int) -> Verdict | None:
    """What the plan's border does with the port of that address, a permit first; None: it does not judge it."""
    if address is None:
        return None
    found = {
        row.verdict
        for row in plan.border
        if (row.direction, row.version, row.port) == (direction, address.version, port)
        and any(address in network for network in row.networks)
    }
    return "permit" if "permit" in found else "reject" if found else None


def _reachable(addresses: Iterable[IPAddress], vantage: Vantage) -> Iterator[IPAddress]:
    families = {address.version for address in vantage.addresses}
    return (address for address in addresses if address.version in families)


def _same_family(vantage: Vantage, address: IPAddress) -> IPAddress | None:
    return next((own for own in vantage.addresses if own.version == address.version), None)


def _nobodys(context: Context) -> Iterator[IPAddress]:
    """An address of each family in the campus that neither a host nor a vantage has: late in a network."""
    plan = context.plan
    taken = {address for host in plan.hosts for address in host.addresses}
    taken.update(address for vantage in context.vantages.values() for address in vantage.addresses)
    for version in (4, 6):
        for network in plan.settings.campus_networks:
            if network.version != version or network.num_addresses < 8:
                continue
            # Not the middle of a part of the network, where the lab puts those of whom it knows no address.
            start = network.network_address + network.num_addresses * 45 // 64
            managed = plan.settings.management_networks
            for candidate in (start + 1 + step for step in range(len(taken) + 1)):
                if candidate not in taken and not any(candidate in other for other in managed):
                    yield candidate
                    break
            break


def _unseen(context: Context, where: Where) -> Iterator[Observation]:
    """A family that the border judges and the vantage does not have cannot be looked at."""
    families = {address.version for address in roads.vantage(context, where).addresses}
    for version in sorted({row.version for row in context.plan.border} - families):
        yield Observation(f"the border from {_PLACES[where]}", f"there is no IPv{version} there", None)


PROBES = (
    Probe(
        "border.inbound-25", ("RELAY-1",), "outside", "Port 25 comes in to mailers alone", inbound, negative=True
    ),
    Probe(
        "border.outbound-25", ("RELAY-1",), "inside", "Port 25 goes out from mailers alone", outbound, negative=True
    ),
    Probe(
        "border.submission",
        ("RELAY-3",),
        "outside",
        "Submission comes in to submission hosts alone",
        submission,
        negative=True,
    ),
)
