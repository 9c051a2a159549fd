"""What one customer may see of the messages of hosts that several share (SCALE-2, AUDIT-4).

A message is a customer's that somebody of theirs sent, or that came to an address of theirs. That it was somebody
of theirs is told by the login, or by the login whose script sent it: a sender's address proves nothing, since
anybody can write it. What is shown is put together here from parts that are known to be theirs; nothing is taken
away from the whole answer, in which something could be forgotten.

Of others' addresses it shows what the customer has in hand already. To whoever received a message: its envelope's
sender, and of its recipients their own alone. To whoever sent it: the recipients as they were written, and whether
they were reached; not where another's alias leads, how many are behind it, what another's script or store did, nor
a host's answer, which has such words in it. Who of another customer sent something, and from where, is the
provider's to tell.

Where a domain came to the customer later, what happened before that day is not its own: another may have had it.

What may not be seen is not there: nothing that is asked for leads to it, and no number counts it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from .customers import Customer, Customers
from .lines import ADDRESS, Event
from .trail import MOST, Hop, Trace, Trail

_REFUSED = re.compile(
    rf"(.*?); from=<{ADDRESS}> to=<({ADDRESS})> proto=[A-Z]+(?: helo=<[^<>]*>)?", re.DOTALL
)  # of Postfix' refusals, without its tail
_WROTE = ("forwarded", "reply")


@dataclass(frozen=True)
class Recipient:
    """``status``: several where an alias was led on. ``text`` and ``where`` are empty where they are another's.
    ``led_to``: where the customer's own alias led."""

    address: str
    time: datetime
    status: str
    where: str = ""
    text: str = ""
    led_to: str = ""
    event: Event | None = None  # where all that its line says is the customer's
    stored: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Part:
    """A hop, as far as it is the customer's to see."""

    hop: Hop
    mine: bool  # somebody of the customer sent it
    recipients: tuple[Recipient, ...]

    @property
    def addresses(self) -> set[str]:
        return {address.lower() for one in self.recipients for address in (one.address, one.led_to) if address}

    @property
    def size(self) -> str:
        return next((event.said["size"] for event in self.hop.of("queued")), "")


@dataclass(frozen=True)
class Source:
    """Where a message came from, in words for the customer. ``kind``: login, reply, outside, notice, program,
    another (the provider can tell), or unknown."""

    kind: str
    words: str
    login: str = ""
    client: tuple[str, str] | None = None

    @property
    def told(self) -> bool:
        return self.kind not in ("another", "unknown")


_EARLIER = "?"
"""Whoever had a domain of the customer's before: no id is like this."""


class View:
    """A trail in which only the customer's messages are. ``since``: nothing that began before is seen."""

    def __init__(self, trail: Trail, customer: Customer, customers: Customers, since: datetime) -> None:
        self.trail = trail
        self.logs = trail.logs
        self.customer = customer
        self.customers = customers
        self.since = since
        self._parts: dict[Hop, Part | None] = {}

    # --- What can be asked, as of the trail itself --------------------------------------------------------------

    def by_queue_id(self, queue_id: str) -> list[Hop]:
        def named(part: Part) -> bool:
            said = [one.event.said.get("next") for one in part.recipients if one.event]
            return part.hop.id == queue_id or queue_id in said

        return self._seen(self.trail.by_queue_id(queue_id), named)

    def by_message_id(self, message_id: str) -> list[Hop]:
        return self._seen(self.trail.by_message_id(message_id), lambda _: True)

    def by_recipient(self, address: str, since: datetime, until: datetime) -> list[Hop]:
        wanted = address.lower()
        return self._seen(self.trail.by_recipient(address, since, until), lambda part: wanted in part.addresses)

    def by_session(self, session: str) -> list[Hop]:
        def named(part: Part) -> bool:
            return any(one.event.said.get("session") == session for one in part.recipients if one.event)

        return self._seen(self.trail.by_session(session), named)

    def _seen(self, hops: Iterable[Hop], wanted: Callable[[Part], bool]) -> list[Hop]:
        return [hop for hop in hops if (part := self.part(hop)) is not None and wanted(part)]

    def trace(self, hop: Hop) -> Trace:
        return self.trail.trace(hop)

    def traces(self, hops: Iterable[Hop]) -> list[Trace]:
        return self.trail.traces(hops)

    def recipients(self, trace: Trace) -> set[str]:
        return {address for part in self.parts(trace) for address in part.addresses}

    def told(self, trace: Trace) -> bool:
        parts = self.parts(trace)
        return bool(parts) and self.source(parts[0].hop).told

    def kept(self) -> str:
        said = f"You see messages from {self.since:%Y-%m-%d %H:%M} on ({self.customer.days} days)."
        later = [
            f"{domain} from {day}"
            for domain, day in sorted(self.customer.since.items())
            if domain in self.customer.domains and day > self.since.date()
        ]
        return said + (f" Later begin: {', '.join(later)}." if later else "") + self.trail.elsewhere()

    def _has(self, address: str, event: Event) -> bool:
        """Whether an address, or a login with its realm, was the customer's when that happened."""
        return self.customer.had(address, event.line.time.date())

    def _whose(self, login: str, event: Event) -> str:
        """Whose login it was then; empty: nobody's of the customers'."""
        name = self.customers.of(login)
        return name if name != self.customer.id or self._has(login, event) else _EARLIER

    # --- What is the customer's ---------------------------------------------------------------------------------

    def parts(self, trace: Trace) -> tuple[Part, ...]:
        """The hops of a message that the customer sees, in the order of time."""
        found = [part for step in trace.steps if (part := self.part(step.hop)) is not None]
        return tuple(sorted(found, key=lambda part: part.hop.begun))

    def part(self, hop: Hop) -> Part | None:
        """What of a hop is the customer's to see; None: nothing."""
        if hop not in self._parts:
            self._parts[hop] = self._part(hop) if hop.events and hop.begun >= self.since else None
        return self._parts[hop]

    def _part(self, hop: Hop) -> Part | None:
        mine = self._owner(hop) == self.customer.id
        written = self._written(hop) if mine else frozenset()
        found = [*self._reached(hop, written), *self._refused(hop, mine)]
        return Part(hop, mine, tuple(found)) if mine or found else None

    def _way(self, hop: Hop) -> Iterator[tuple[Hop, tuple[Hop, str, str] | None]]:
        """A hop and those by which its host was given the message, each with how it came there; the last one is
        where the message began, or what somebody's script made anew."""
        for _ in range(MOST):
            login = hop.start is not None and hop.start.said.get("login")
            before = None if login else self.trail.parent(hop)
            yield hop, before
            if before is None or before[1] != "given":
                return
            hop = before[0]

    def _owner(self, hop: Hop) -> str:
        """Whose login sent it, or whose script; empty: nobody's of the customers'."""
        for one, before in self._way(hop):
            if before is None:
                login = one.start.said.get("login", "") if one.start else ""
                return self._whose(login, one.start) if login and one.start else ""
            if before[1] in _WROTE:
                return self._whose(before[2], one.events[0])
        return ""

    def _written(self, hop: Hop) -> frozenset[str] | None:
        """Of a hop that the customer sent: which of its recipients may be ones that the customer wrote. None: all,
        where the message began. Further on an address can be what another's alias was led to before."""
        way = [one for one, _ in self._way(hop)]
        if len(way) >= MOST:
            return frozenset()
        written: frozenset[str] | None = None
        for giver, taker in reversed(list(zip(way[1:], way, strict=False))):
            written = frozenset(
                said["to"].lower()
                for said in (event.said for event in giver.deliveries)
                if said.get("next") == taker.id
                and not said["orig_to"]
                and (written is None or said["to"].lower() in written)
            )
        return written

    def _reached(self, hop: Hop, written: frozenset[str] | None) -> Iterator[Recipient]:
        """``written``: as ``_written`` has it; empty where another sent the message."""
        led: dict[str, list[Event]] = {}
        for event in hop.deliveries:
            to, first = event.said["to"], event.said["orig_to"]
            asked = first or to
            wrote = written is None or asked.lower() in written
            if self._has(to, event):
                # Another's alias may have led it here: which one is not this customer's.
                yield self._whole(event, not first or self._has(first, event) or wrote)
            elif wrote and not first and not self.customers.of(to) and self.trail.next_host(event) is None:
                yield self._whole(event, True)
            elif wrote or self._has(asked, event):
                led.setdefault(asked.lower(), []).append(event)
        for events in led.values():
            last = max(events, key=lambda event: event.line.time)
            status = ", ".join(sorted({event.said["status"] for event in events}))
            yield Recipient(last.said["orig_to"] or last.said["to"], last.line.time, status)

    def _whole(self, event: Event, with_alias: bool) -> Recipient:
        said = event.said
        stored = tuple(one for one in self.trail.stored(event) if self._has(one.said["login"], one))
        where = "" if said["relay"] in ("none", "local") else said["relay"]
        if where and said["address"]:
            where += f"[{said['address']}]"
        address, led_to = said["to"], ""
        if with_alias and said["orig_to"]:
            address, led_to = said["orig_to"], said["to"]
        shown = event if with_alias else None
        return Recipient(address, event.line.time, said["status"], where, said["text"], led_to, shown, stored)

    def _refused(self, hop: Hop, mine: bool) -> Iterator[Recipient]:
        """Refusals of the whole message or a recipient, without what the sender said of itself."""
        for event in hop.of("reject"):
            found = _REFUSED.fullmatch(event.said["text"])
            if found and (self._has(found[2], event) or (mine and self._written(hop) is None)):
                yield Recipient(found[2], event.line.time, event.said["what"].rpartition("-")[2], "", found[1])

    # --- Where it came from -------------------------------------------------------------------------------------

    def source(self, hop: Hop) -> Source:
        """Where the message came from that the customer sees at this hop."""
        for _ in range(MOST):
            one, before = list(self._way(hop))[-1]
            if before is None:
                return self._begun(one)
            cause, how, whose = before
            if how == "notice":
                about = f", about queue id {cause.id}" if self._owner(cause) == self.customer.id else ""
                return Source("notice", f"A {whose} notice of the mail system{about}.")
            if how not in _WROTE:
                return _UNKNOWN
            if not self._has(whose, one.events[0]):
                return _ANOTHER
            if how == "reply":
                return Source("reply", f"An automatic reply of the login {whose} (Sieve).", whose)
            hop = cause  # a script of the customer's own sent it on: where did that come from?
        return _UNKNOWN

    def _begun(self, hop: Hop) -> Source:
        start = hop.start
        if start is not None and start.said.get("login"):
            login, client = start.said["login"], (start.said["name"], start.said["address"])
            if not self._has(login, start):
                return _ANOTHER
            return Source("login", f"Sent by the login {login}, from {client[0]} [{client[1]}].", login, client)
        kind = self.trail.origin(hop).kind
        if kind == "outside" and start is not None:
            client = (start.said["name"], start.said["address"])
            words = f"Came from outside: {client[0]} [{client[1]}] brought it without a login. Nobody here sent it."
            return Source("outside", words, client=client)
        if kind == "program":
            return Source("program", "Sent by a program of the mail service itself.")
        return _UNKNOWN

    def lines(self, part: Part) -> list[Event]:
        """The lines of the log that say nothing that the customer may not see."""
        found = []
        for event in part.hop.of("client", "message-id"):
            login = event.said.get("login", "")
            if not login or self._has(login, event):
                found.append(event)
        for one in part.recipients:
            found += [*([one.event] if one.event else []), *one.stored]
        seen = {one.event.said["to"].lower() for one in part.recipients if one.event}
        for event in part.hop.of("queued"):  # it counts the recipients
            found += [event] if int(event.said["recipients"]) == len(seen) else []
        return sorted(found, key=lambda event: event.line.time)

    def how(self, part: Part) -> str:
        """How the message came to be there, where that was within the service and is the customer's to know."""
        before = None if part.hop.start and part.hop.start.said.get("login") else self.trail.parent(part.hop)
        if before is None:
            return ""
        giver, how, whose = before
        if how == "given" and self.part(giver) is not None:
            return f"given by {giver.host}"
        if how in _WROTE and self._has(whose, part.hop.events[0]):
            return f"forwarded by the script of {whose}" if how == "forwarded" else f"automatic reply of {whose}"
        return "automatic reply" if how == "reply" else ""


_ANOTHER = Source(
    "another",
    "Sent through this service by somebody who is not yours. The provider can tell who: give them the queue id.",
)
_UNKNOWN = Source("unknown", "The logs do not tell who sent it.")
