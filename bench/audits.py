"""How long an audit from outside takes: of the example on its rehearsal's hosts, and of a hundred domains on peers.

The peers are the tests' own, on loopback; each of their answers comes a round trip of 30 ms late, and they
share one process with the audit, which so is slower than it would be by itself. What the number of domains makes no
difference to (ports, TLS, stores) is left out there.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from queue import SimpleQueue

import dns.message
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from mailwright.audit import for_live, mailboxes, names, runner
from mailwright.audit.model import Account, Context, Probe
from mailwright.findings import Finding, Status
from mailwright.plan.model import Plan
from mailwright.rehearsal.rehearse import Stage, level
from mailwright.site.model import Site
from support import mail_peer
from support.dns_peer import from_table
from support.example import load_example
from support.probing import HOST, Here, site

ROUND_TRIP = 0.03  # seconds
DOMAINS = 100
_WITH_DOMAINS = ("identity", "zone", "addresses", "relay", "submission", "published", "contacts")
_LOCAL = ("127.0.0.1",)
_OUTSIDE = Here("outside", (IPv4Address("203.0.113.66"), IPv4Address("127.0.0.1")))  # SPF knows the second alone


def audited(context: Context) -> Context:
    """As an audit of a running service would have it: no commands on hosts, messages to what is named for it."""
    logins = {account.login for account in context.accounts}
    mine = {row.address for row in context.plan.routes if row.kind == "mailbox" and logins.issuperset(row.targets)}
    required = {row.address for row in context.plan.routes if row.address.startswith(("postmaster@", "abuse@"))}
    outside = {"outside": context.vantages["outside"]}
    return replace(context, shell=None, hosts={}, behind={}, vantages=outside, named=frozenset(mine | required))


def from_outside(plan: Plan) -> tuple[Probe, ...]:
    return tuple(probe for probe in for_live(plan) if probe.vantage == "outside" and not probe.on_hosts)


def timed(
    context: Context, probes: Iterable[Probe], told: Callable[[str], None] = lambda _text: None
) -> tuple[float, str]:
    """Seconds for all of the probes, and what came of them in words."""

    def progress(probe: Probe, findings: tuple[Finding, ...], seconds: float) -> None:
        bad = "" if findings[0].status is Status.PASS else f"  {findings[0].status}: {findings[0].evidence[-200:]}"
        told(f"{seconds:6.1f} s  {probe.id}{bad}")

    started = time.monotonic()
    ran = runner.run(probes, context, level, progress)
    seconds = time.monotonic() - started
    passed = sum(finding.status is Status.PASS for finding in ran.findings)
    return seconds, f"{passed} of {len(ran.findings)} findings pass"


def of_hosts(stage: Stage) -> tuple[float, str]:
    context = audited(stage.context())
    return timed(context, from_outside(context.plan))


def of_many_domains(told: Callable[[str], None] = lambda _text: None) -> tuple[float, str]:
    """An audit of a hundred domains on one platform."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(mail_peer, "Session", _Distant)
        context, post = stack.enter_context(site(described=_site()))
        _look_into(post, patch)
        stack.enter_context(_resolver(context.plan, patch))
        probes = [probe for probe in from_outside(context.plan) if probe.id.split(".")[0] in _WITH_DOMAINS]
        return timed(audited(replace(context, resolver=_LOCAL, vantages={"outside": _OUTSIDE})), probes, told)


def _site() -> Site:
    example = load_example()
    names = [f"d{number:02d}.college.ac.uk" for number in range(DOMAINS - len(example.domains))]
    everywhere = (*(domain.name for domain in example.domains), *names)
    return replace(
        example,
        hosts=tuple(replace(host, addresses=(IPv4Address("127.0.0.1"),)) for host in example.hosts),
        dkim=None,  # the peers do not sign
        domains=(*example.domains, *(replace(example.domains[-1], name=name) for name in names)),
        roles=tuple(replace(role, domains=everywhere) if len(role.domains) > 1 else role for role in example.roles),
    )


class _Distant(mail_peer.Session):
    """A peer that is a round trip away."""

    def run(self) -> None:
        time.sleep(ROUND_TRIP)
        super().run()

    def encrypt(self) -> None:
        time.sleep(ROUND_TRIP)
        super().encrypt()

    def say(self, text: str) -> None:
        time.sleep(ROUND_TRIP)
        super().say(text)


def _look_into(post: mail_peer.Post, patch: pytest.MonkeyPatch) -> None:
    """The peers' mailboxes, a session of IMAP away."""

    def holding(_context: Context, login: str, marks: Iterable[str], timeout: float = 0) -> dict[str, int]:
        del timeout
        time.sleep(6 * ROUND_TRIP)
        texts = list(post.boxes.get(login, ()))
        return {mark: sum(f"Subject: {mark}".encode() in text for text in texts) for mark in marks}

    def messages(_context: Context, account: Account, mark: str, timeout: float = 0) -> tuple[bytes, ...]:
        del timeout
        time.sleep(6 * ROUND_TRIP)
        return tuple(text for text in post.boxes.get(account.login, ()) if mark.encode() in text)

    patch.setattr(mailboxes, "holding", holding)
    patch.setattr(mailboxes, "messages", messages)


@contextmanager
def _resolver(plan: Plan, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """A name server with the plan's records, a round trip away: the resolver, and every server of the zones."""
    table: dict[tuple[str, str], list[str]] = {
        (f"{mail_peer.FOREIGN}.", "MX"): [f"10 mx.{mail_peer.FOREIGN}."],
        (f"mx.{mail_peer.FOREIGN}.", "A"): ["203.0.113.25"],
    }
    for row in plan.records:
        value = f'"{row.value[:250]}" "{row.value[250:]}"' if row.type == "TXT" else row.value
        table.setdefault((row.owner, row.type), []).append(value)
    for zone in {f"{row.zone}." for row in plan.records}:
        table[zone, "NS"] = [f"{HOST}."]
        table[zone, "SOA"] = [f"{HOST}. hostmaster.college.ac.uk. 1 3600 600 86400 300"]
    answer = from_table(table)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    port = server.getsockname()[1]
    heard: SimpleQueue[tuple[float, bytes, tuple[str, int]]] = SimpleQueue()

    def hear() -> None:
        with suppress(OSError):
            while True:
                wire, client = server.recvfrom(4096)
                heard.put((time.monotonic() + ROUND_TRIP, wire, client))

    def serve() -> None:
        with suppress(OSError):
            while True:
                due, wire, client = heard.get()
                said = answer(dns.message.from_wire(wire))
                time.sleep(max(0.0, due - time.monotonic()))
                server.sendto(said, client)

    made = names._resolver.__wrapped__(_LOCAL)
    made.port = port
    patch.setattr(names, "_resolver", lambda _addresses: made)
    patch.setattr(names, "PORT", port)
    for work in (hear, serve):
        threading.Thread(target=work, daemon=True).start()
    try:
        yield
    finally:
        server.close()


if __name__ == "__main__":
    seconds, came = of_many_domains(print)
    print(f"{seconds:.1f} s, {came}")
