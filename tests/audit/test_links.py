"""The probes of what several hosts have between them: each has a fault that it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from mailwright import plan
from mailwright.audit import PROBES, border, firewall, for_site, links, trail
from mailwright.audit.border import Came
from mailwright.audit.model import Context, Vantage
from mailwright.audit.runner import status
from mailwright.findings import Status
from mailwright.plan.retention import MAIL_LOG, central
from mailwright.site.model import IPAddress
from support.example import load_example, split
from support.probing import Here

CAMPUS = (IPv4Address("198.51.100.64"), IPv6Address("2001:db8:c011:c000::64"))
OUTSIDE = (IPv4Address("203.0.113.66"), IPv6Address("2001:db8:ffff::66"))
PLAN = plan.make(split())
HOSTS = {host.name: Here("host", host.addresses) for host in PLAN.hosts}
LOG = "log.college.ac.uk"


class Sockets:
    """A shell whose every host has connections from all others to whatever port is asked for."""

    def __init__(self, without: str = "") -> None:
        self.without = without

    def run(self, host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:
        assert argv[0] == "ss"
        assert timeout > 0
        others = [one for one in PLAN.hosts if one.name not in (host, self.without)]
        lines = [f"0 0 [::ffff:{one.addresses[0]}]:6514 [::ffff:{one.addresses[0]}]:40000" for one in others]
        return 0, "\n".join(lines)


def context(shell: Sockets | None = None) -> Context:
    vantages = {"outside": Here("outside", OUTSIDE), "inside": Here("inside", CAMPUS)}
    return Context(PLAN, ("127.0.0.1",), vantages, shell or Sockets(), None, (), hosts=HOSTS)  # type: ignore[arg-type]


Firewall = Callable[[IPAddress, IPAddress, int], bool]
"""Whether a packet from one address to another one's port gets through."""


def right(source: IPAddress, target: IPAddress, port: int) -> bool:
    return any(
        row.direction == "in" and row.port == port and any(source in peer for peer in row.peers)
        for row in PLAN.openings
        if target in PLAN.host(row.host).addresses
    )


def open_to_all(port: int) -> Firewall:
    return lambda source, target, asked: asked == port or right(source, target, asked)


def shut_between(label: str, port: int) -> Firewall:
    target_addresses = PLAN.host(f"{label}.college.ac.uk").addresses
    return lambda source, target, asked: (
        not (target in target_addresses and asked == port) and right(source, target, asked)
    )


@pytest.fixture
def walls(monkeypatch: pytest.MonkeyPatch) -> Callable[[Firewall], None]:
    def put(wall: Firewall) -> None:
        def attempt(vantage: Vantage, address: IPAddress, port: int) -> tuple[Came, str]:
            source = next(own for own in vantage.addresses if own.version == address.version)
            return (Came.CONNECTED, "connected") if wall(source, address, port) else (Came.NOTHING, "no answer")

        monkeypatch.setattr(border, "attempt", attempt)

    monkeypatch.setattr(firewall, "connected", lambda *_: "connected")
    return put


@pytest.mark.parametrize(
    ("wall", "wanted"),
    [
        (right, Status.PASS),
        (open_to_all(24), Status.FAIL),
        (open_to_all(6514), Status.FAIL),
        (shut_between("store1", 24), Status.NOT_PROVEN),
        (shut_between("store2", 4190), Status.NOT_PROVEN),
    ],
)
def test_links_are_for_those_who_are_linked(
    walls: Callable[[Firewall], None], wall: Firewall, wanted: Status
) -> None:
    walls(wall)
    assert status(links.PROBES[0], tuple(links.between(context()))) is wanted


def test_a_host_that_sends_no_log_is_noticed(walls: Callable[[Firewall], None]) -> None:
    walls(right)
    seen = tuple(links.between(context(Sockets(without="store2.college.ac.uk"))))
    missing = {item.what.split()[2] for item in seen if not item.ok}
    assert missing == {"store2.college.ac.uk"}


def test_who_has_one_host_is_not_asked_about_several() -> None:
    assert {probe.id for probe in PROBES} - {probe.id for probe in for_site(PLAN)} == {
        probe.id for probe in PROBES if probe.only is not None and not probe.only.holds(PLAN)
    }
    alone = {probe.id for probe in for_site(plan.make(load_example()))}
    several = {"links.between", "links.deliveries", "links.tls", "outage.one-mailer", "trail.copied"}
    assert several <= {probe.id for probe in for_site(PLAN)}
    assert not several & alone


class Logs:
    """A shell that finds the lines of ``logs`` (host, path)."""

    def __init__(self, logs: dict[tuple[str, str], list[str]]) -> None:
        self.logs = logs

    def run(self, host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:
        assert timeout > 0
        paths = [word for word in argv if word.startswith("/var/log")]
        lines = [line for path in paths for line in self.logs.get((host, path), []) if "mark" in line]
        return (0 if lines else 1), "".join(f"{line}\n" for line in lines)


OWN = "2026-11-24T11:00:00.000001+00:00 smtp postfix/smtp[7]: 4cX: message-id=<mark@college.ac.uk>"
COPY = "2026-11-24T11:00:00.000001+00:00 smtp.college.ac.uk " + OWN.split(" ", 2)[2]


@pytest.mark.parametrize(
    ("copies", "ok"),
    [([COPY], True), ([], False), ([COPY, COPY], False), ([COPY.replace("smtp[7]", "smtp[8]")], False)],
)
def test_the_log_host_has_what_the_others_log(monkeypatch: pytest.MonkeyPatch, copies: list[str], ok: bool) -> None:
    monkeypatch.setattr(trail, "_WAIT", 0.1)
    client = "smtp.college.ac.uk"
    shell = Logs({(client, MAIL_LOG): [OWN], (LOG, central(client)): copies})
    link = next(row for row in PLAN.links if row.client == client and row.service == "syslog")
    seen = list(trail._copied(replace(context(), shell=shell), link, ("other", "mark")))
    assert [item.ok for item in seen] == [ok]
