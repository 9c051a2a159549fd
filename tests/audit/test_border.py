"""The probes of the border, with a border that is a function."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from mailwright import plan
from mailwright.audit import border, firewall, names, roads
from mailwright.audit.border import Came
from mailwright.audit.model import Context, Probe, Vantage, Where
from mailwright.audit.runner import status
from mailwright.findings import Status
from mailwright.site.model import IPAddress
from support.example import split
from support.mail_peer import Post
from support.probing import Here

CAMPUS = (IPv4Address("198.51.100.64"), IPv6Address("2001:db8:c011:c000::64"))
OUTSIDE = (IPv4Address("203.0.113.66"), IPv6Address("2001:db8:ffff::66"))
FOREIGN = (IPv4Address("203.0.113.25"), IPv6Address("2001:db8:ffff::25"))
PLAN = plan.make(split())


@dataclass(frozen=True)
class Listening(Here):
    def listen(self, *ports: int) -> AbstractContextManager[None]:
        assert ports
        return nullcontext()


CONTEXT = Context(
    PLAN,
    ("127.0.0.1",),
    {"outside": Listening("outside", OUTSIDE), "inside": Listening("inside", CAMPUS)},
    None,
    Post(),
    (),
)

Border = Callable[[Where, IPAddress, int], bool]
"""Whether it turns away a packet from there to that address and port."""


def right(where: Where, address: IPAddress, port: int) -> bool:
    """What the plan wants, said once more in other words."""
    if where == "outside":
        names_of = {25: ("mail", "mx2"), 465: ("smtp",), 587: ("smtp",)}
        allowed = {
            own
            for host in PLAN.hosts
            for own in host.addresses
            if host.name.partition(".")[0] in names_of.get(port, ())
        }
        return port in names_of and address not in allowed and address not in OUTSIDE and address not in FOREIGN
    return port == 25 and (address in OUTSIDE or address in FOREIGN)


def open_on(version: int) -> Border:
    return lambda where, address, port: address.version != version and right(where, address, port)


def without(unjudged: int) -> Border:
    return lambda where, address, port: port != unjudged and right(where, address, port)


def shut(where: Where, address: IPAddress, port: int) -> bool:
    """A border that refuses all that comes in."""
    return right(where, address, port) or (where == "outside" and address not in (*OUTSIDE, *FOREIGN))


def closed_to_mailers(where: Where, address: IPAddress, port: int) -> bool:
    return right(where, address, port) or (port in (25, 465, 587) and shut(where, address, port))


def open_to_one(where: Where, address: IPAddress, port: int) -> bool:
    return address != ip_address("2001:db8:c011::27") and right(where, address, port)


def only_outwards(where: Where, address: IPAddress, port: int) -> bool:
    return where == "inside" and right(where, address, port)


def only_inwards(where: Where, address: IPAddress, port: int) -> bool:
    return where == "outside" and right(where, address, port)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[[Border], None]:
    """Hosts behind a border: they drop what they do not serve, as do addresses that nobody has."""
    served = {
        (address, row.port)
        for row in PLAN.openings
        if row.direction == "in" and row.port != 24
        for address in PLAN.host(row.host).addresses
    }

    def put(rules: Border) -> None:
        def attempt(vantage: Vantage, address: IPAddress, port: int) -> tuple[Came, str]:
            if rules(vantage.name, address, port):
                return Came.REFUSED, "refused"
            listens = address in (*CAMPUS, *OUTSIDE) or (address in FOREIGN and port == 25)
            return (Came.CONNECTED if listens or (address, port) in served else Came.NOTHING), "so"

        monkeypatch.setattr(border, "attempt", attempt)

    monkeypatch.setattr(firewall, "connected", lambda *_: "connected")
    monkeypatch.setattr(names, "mailers", lambda *_: ("mx.foreign.example",))
    monkeypatch.setattr(names, "addresses", lambda *_: FOREIGN)
    return put


def found(context: Context = CONTEXT) -> dict[str, Status]:
    def judged(probe: Probe) -> Status:
        return status(probe, tuple(probe.run(context)))

    return {probe.id.partition(".")[2]: judged(probe) for probe in border.PROBES}


GOOD, BAD, UNKNOWN = Status.PASS, Status.FAIL, Status.NOT_PROVEN


@pytest.mark.parametrize(
    ("rules", "inbound", "outbound", "submission"),
    [
        (right, GOOD, GOOD, GOOD),
        (open_on(6), BAD, BAD, BAD),
        (open_on(4), BAD, BAD, BAD),
        (without(25), BAD, BAD, GOOD),
        (without(587), GOOD, GOOD, BAD),
        (without(465), GOOD, GOOD, BAD),
        (only_outwards, BAD, GOOD, BAD),
        (only_inwards, GOOD, BAD, GOOD),
        # Nothing is shown where who should pass does not, or where it is not the port that is refused.
        (shut, UNKNOWN, GOOD, UNKNOWN),
        (closed_to_mailers, UNKNOWN, GOOD, UNKNOWN),
        # The submission host drops port 25 by itself, so one that the border forgot cannot be told apart.
        (open_to_one, UNKNOWN, GOOD, GOOD),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_a_border_lets_through_is_seen(
    world: Callable[[Border], None], rules: Border, inbound: Status, outbound: Status, submission: Status
) -> None:
    world(rules)
    assert found() == {"inbound-25": inbound, "outbound-25": outbound, "submission": submission}


def test_nothing_is_proven_where_nobody_can_listen(world: Callable[[Border], None]) -> None:
    world(right)
    deaf: dict[Where, Vantage] = {"outside": Here("outside", OUTSIDE), "inside": Here("inside", CAMPUS)}
    context = replace(CONTEXT, vantages=deaf)
    for probe in border.PROBES:
        with pytest.raises(OSError, match="nobody can listen"):
            list(probe.run(context))


def test_a_family_that_the_vantage_lacks_is_not_proven(world: Callable[[Border], None]) -> None:
    world(right)
    vantages: dict[Where, Vantage] = {
        "outside": Listening("outside", OUTSIDE[:1]),
        "inside": Listening("inside", CAMPUS[:1]),
    }
    assert set(found(replace(CONTEXT, vantages=vantages)).values()) == {UNKNOWN}


def test_nobodys_address_is_nobodys() -> None:
    chosen = list(border._nobodys(CONTEXT))
    assert [address.version for address in chosen] == [4, 6]
    described = {address for host in PLAN.hosts for address in host.addresses}
    for address in chosen:
        assert address not in described
        assert address not in CAMPUS
        assert any(address in network for network in PLAN.settings.campus_networks)
        assert not any(address in network for network in PLAN.settings.management_networks)


def test_the_doors_of_the_plan_are_what_the_border_permits() -> None:
    """The ruling is read from the plan's rows, a permit before a reject."""
    for door in roads.doors(CONTEXT, "outside", "smtp"):
        assert border._ruling(PLAN, "in", door.address, 25) == "permit"
    assert border._ruling(PLAN, "in", CAMPUS[0], 25) == "reject"
    assert border._ruling(PLAN, "in", CAMPUS[0], 80) is None
    assert border._ruling(PLAN, "in", OUTSIDE[0], 25) is None
