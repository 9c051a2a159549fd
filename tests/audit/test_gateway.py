"""The probes of gateways against a mailer that behaves, and relatives of it that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any

import pytest

from mailwright.audit import for_site, gateway, letters, roads
from mailwright.audit.model import Account, Behind, Context, Probe, Received
from mailwright.audit.runner import observe, status
from mailwright.audit.smtp import Reply
from mailwright.findings import Status
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.addresses import domain, key
from support.example import load_example, with_gateway

PROBES = {probe.id.partition(".")[2]: probe for probe in gateway.PROBES}
OUTSIDER = "foreign.example"
YES, NO, LATER = Reply(250, ("Ok",)), Reply(550, ("No",)), Reply(450, ("Later",))


@dataclass
class Place:
    """A vantage; ``mailer`` is told when somebody stands there."""

    mailer: Mailer
    name: Any
    behind: bool = False
    addresses: tuple[Any, ...] = (ip_address("127.0.0.1"),)

    @contextmanager
    def enter(self) -> Iterator[None]:
        before, self.mailer.behind = self.mailer.behind, self.behind
        yield
        self.mailer.behind = before

    def listen(self, *_ports: int) -> Any:
        raise AssertionError


@dataclass
class Box:
    domain: str = OUTSIDER
    address: str = f"probe@{OUTSIDER}"
    kept: list[Received] = field(default_factory=list)

    def wait_for(self, token: str, timeout: float = 0) -> Received | None:
        del timeout
        return next((item for item in self.kept if token.encode() in item.content), None)


@dataclass
class Mailer:
    """A mailer in front of a gateway. ``wrong``: in which ways it does not behave."""

    plan: Plan
    wrong: frozenset[str]
    behind: bool = False
    inbox: Box = field(default_factory=Box)
    abroad: Box = field(default_factory=Box)
    known: tuple[str, ...] = ("somebody@physics.college.ac.uk",)

    def __post_init__(self) -> None:
        self.people = {row.address: row.targets[0] for row in self.plan.routes if row.kind == "gateway"}
        if not self.people:
            self.people = {address: address for address in self.known}
        self.published = {row.internal: row.external for row in self.plan.rewrites}

    def envelope(self, sender: str, recipient: str) -> Reply:
        own = {*self.people, *self.people.values(), ""}
        if self.behind and key(sender) not in own and "any-sender" not in self.wrong:
            return NO
        if domain(recipient) in self.plan.settings.domains:
            if self.behind and "loops" not in self.wrong and "@physics" in recipient:
                return NO
            if "down" in self.wrong:
                return LATER
            there = key(recipient) in self.people or "takes-all" in self.wrong
            return YES if there else NO
        if self.behind:
            back = domain(recipient) == "exchange.physics.college.ac.uk" and "loops" not in self.wrong
            return NO if back else YES
        return YES if "relays" in self.wrong else NO

    def take(self, sender: str, recipient: str, content: bytes) -> Reply:
        author = (
            letters.header(content, "From")[0].partition("<")[2].rstrip(">") or letters.header(content, "From")[0]
        )
        own = {*self.people, *self.people.values()}
        if self.behind and "any-author" not in self.wrong and sender and key(author) not in own:
            return NO
        bare = any("@" not in value for name in ("From", "To", "Cc") for value in letters.header(content, name))
        if bare and "guesses" not in self.wrong:
            return NO
        if not self.behind:
            to = self.people.get(key(recipient), recipient) if "no-internal" not in self.wrong else recipient
            self.inbox.kept.append(Received(sender, (to,), self.changed(content), "", ""))
            return YES
        if "no-rewriting" not in self.wrong:
            sender = self.published.get(key(sender), sender)
            for internal, external in self.published.items():
                content = content.replace(internal.encode(), external.encode())
        if not letters.header(content, "Date") and "no-date" not in self.wrong:
            content = b"Date: now\r\nMessage-ID: <x@y>\r\n" + content
        signed = f"DKIM-Signature: v=1; d={domain(sender) or 'x'}; b=\r\n".encode()
        if "unsigned" not in self.wrong:
            content = signed + content
        if "no-reports" in self.wrong and not sender:
            content = content.replace(b"multipart/report", b"multipart/mixed")
        self.abroad.kept.append(Received(sender, (recipient,), self.changed(content), "", ""))
        return YES

    def changed(self, content: bytes) -> bytes:
        if "changes-bodies" in self.wrong:
            head, _, body = content.partition(b"\r\n\r\n")
            return head + b"\r\n\r\n" + body.replace(b" \r\n", b"\r\n")
        return content


@dataclass
class Talk:
    """A dialogue with the mailer."""

    mailer: Mailer
    sender: str = ""

    def mail(self, sender: str) -> Reply:
        self.sender = sender
        return YES

    def rcpt(self, recipient: str) -> Reply:
        return self.mailer.envelope(self.sender, recipient)

    def command(self, _line: str) -> Reply:
        return YES

    def deliver(self, sender: str, recipients: tuple[str, ...], content: bytes) -> Reply:
        self.mail(sender)
        reply = self.rcpt(recipients[0])
        return self.mailer.take(sender, recipients[0], content) if reply.accepted else reply


Judge = Callable[..., tuple[Status, list[str]]]


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    """The verdict of a probe, and what was not as wanted, about a mailer with these faults."""

    def judged(name: str, *wrong: str, **described: object) -> tuple[Status, list[str]]:
        made = make(with_gateway(**described))
        host = replace(made.hosts[0], addresses=(ip_address("127.0.0.1"),))
        plan = replace(made, hosts=(host,))
        mailer = Mailer(plan, frozenset(wrong))

        @contextmanager
        def smtp(_context: Context, _door: roads.Door, **_: object) -> Iterator[Talk]:
            yield Talk(mailer)

        monkeypatch.setattr(roads, "smtp", smtp)
        context = Context(
            plan=plan,
            resolver=(),
            vantages={"outside": Place(mailer, "outside")},
            shell=None,
            correspondent=mailer.abroad,
            accounts=(Account("x", "y"),),
            behind={"exchange": Behind(Place(mailer, "inside", True), mailer.inbox, mailer.known)},
        )
        from threading import Event

        seen, _seconds = observe(PROBES[name], context, Event())
        return status(PROBES[name], seen), [f"{item.what}: {item.seen}" for item in seen if not item.ok]

    return judged


ASKED = {"recipients": "ask", "people": ()}


@pytest.mark.parametrize("described", [{}, ASKED], ids=["listed", "asked"])
@pytest.mark.parametrize("name", PROBES)
def test_a_gateway_that_behaves_passes(judge: Judge, name: str, described: dict[str, object]) -> None:
    assert judge(name, **described) == (Status.PASS, [])


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("takes-all", "recipients"),
        ("no-internal", "incoming"),
        ("changes-bodies", "incoming"),
        ("changes-bodies", "outgoing"),
        ("no-rewriting", "outgoing"),
        ("no-date", "outgoing"),
        ("unsigned", "outgoing"),
        ("no-reports", "outgoing"),
        ("any-sender", "limits"),
        ("any-author", "limits"),
        ("relays", "limits"),
        ("loops", "loops"),
        ("guesses", "whole"),
    ],
)
def test_a_gateway_that_does_not_is_found_out(judge: Judge, fault: str, name: str) -> None:
    verdict, wrong = judge(name, fault)
    assert verdict is Status.FAIL
    assert wrong


def test_a_next_hop_that_says_yes_to_everybody_is_told_apart(judge: Judge) -> None:
    verdict, wrong = judge("recipients", "takes-all", **ASKED)
    assert verdict is Status.FAIL
    assert "so asking it is of no use: give the gateway exchange a list of its recipients" in wrong[0]


def test_while_nothing_can_be_known_nothing_is_proven(judge: Judge) -> None:
    assert judge("recipients", "down", **ASKED)[0] is Status.NOT_PROVEN


def test_a_system_that_nobody_may_look_into_proves_nothing(judge: Judge) -> None:
    made = make(with_gateway())
    context = Context(made, (), {}, None, Box(), ())
    assert not context.behind
    with pytest.raises(OSError, match="nobody can look into the system behind the gateway exchange"):
        gateway._somebody(context, made.gateways[0])


def test_they_run_where_there_are_gateways() -> None:
    def ids(plan: Plan) -> set[str]:
        return {probe.id for probe in for_site(plan) if probe.id.startswith("gateway.")}

    assert ids(make(load_example())) == set()
    assert ids(make(with_gateway())) == {probe.id for probe in gateway.PROBES}
    assert ids(make(with_gateway(clients=()))) == {"gateway.recipients", "gateway.incoming"}


def test_each_says_what_it_is_evidence_for() -> None:
    shown: dict[str, Probe] = {requirement: probe for probe in gateway.PROBES for requirement in probe.requirements}
    assert {"GATE-1", "GATE-2", "RELAY-2", "INT-3"} == set(shown)
