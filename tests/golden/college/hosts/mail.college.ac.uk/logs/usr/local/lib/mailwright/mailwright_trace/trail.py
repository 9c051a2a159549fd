"""From a message back to who sent it, and on to whom it went: by the logs of all hosts, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address

from . import lines, texts
from .lines import Event
from .lookup import Lookup
from .texts import Token

MOST = 500
"""Hops of one message that are followed; a list with more members than that is told of, not followed to its end."""

_NEAR = timedelta(seconds=60)
_SAME = timedelta(seconds=2)
_SOON = timedelta(seconds=10)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_OWN_ID = "<dovecot-sieve-"


@dataclass(eq=False)
class Hop:
    """A message in one host's queue, under one queue id."""

    host: str
    id: str
    events: list[Event] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Event]:
        return [event for event in self.events if event.kind in kinds]

    @property
    def start(self) -> Event | None:
        """How it came in: over SMTP, or from a program of the host. None: its first lines are not here, or Postfix
        made it itself."""
        return next(iter(self.of("client", "uid")), None)

    @property
    def begun(self) -> datetime:
        return self.events[0].line.time

    @property
    def message_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(event.said["id"] for event in self.of("message-id")))

    @property
    def sender(self) -> str | None:
        """The envelope's sender, as Postfix queued it."""
        return next((event.said["sender"] for event in self.of("queued")), None)

    @property
    def deliveries(self) -> list[Event]:
        return self.of("delivery")


@dataclass(frozen=True)
class Origin:
    """Who is responsible, as far as the logs tell.

    kind  login      somebody logged in on a submission port
          program    a program on one of the hosts (cron, a script) called sendmail
          reply      an automatic reply: of this login, to ``cause``
          notice     the mail system's own notice about ``cause``
          outside    it came from another site, without a login
          unknown    the logs do not tell; ``why``
    """

    kind: str
    hop: Hop
    login: str = ""
    why: str = ""
    cause: Hop | None = None
    also: tuple[Hop, ...] = ()


@dataclass(frozen=True)
class Step:
    """A hop on the way, how deep in the tree, and how it got there."""

    hop: Hop
    depth: int
    how: str


@dataclass(frozen=True)
class Trace:
    """One message: where it begins, and every hop that the logs have of it. ``cut``: there are more."""

    origin: Origin
    steps: tuple[Step, ...]
    kept_by: dict[tuple[str, str], tuple[Event, ...]]  # the store's lines, by host and session
    cut: bool = False

    @property
    def root(self) -> Hop:
        return self.steps[0].hop

    @property
    def recipients(self) -> set[str]:
        """Everybody it was meant for or came to, in small letters."""
        found = set()
        for step in self.steps:
            for event in step.hop.deliveries:
                found |= {event.said[name].lower() for name in ("to", "orig_to") if event.said[name]}
        return found


class Trail:
    """Follows messages through the logs. ``hosts``: the site's hosts and their addresses."""

    def __init__(self, logs: Lookup, hosts: dict[str, list[str]]) -> None:
        self.logs = logs
        self.hosts = hosts
        self._of_address = {_plain(address): name for name, addresses in hosts.items() for address in addresses}
        self._events: dict[Token, tuple[Event, ...]] = {}
        self._hops: dict[tuple[str, str], list[Hop]] = {}
        self._parents: dict[Hop, tuple[Hop, str, str] | None] = {}

    # --- What the logs have -------------------------------------------------------------------------------------

    def events(
        self, token: Token, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[Event, ...]:
        """What is understood of the lines in which a word stands, in the order of time, each once."""
        if token in self._events:
            return self._events[token]
        between = (since.timestamp() if since else 0.0, until.timestamp() if until else float("inf"))
        found: dict[tuple[str, str], Event] = {}
        for one in self.logs.find([token], *between):
            line = lines.line(one.host, one.file, one.offset, one.raw)
            event = lines.event(line) if line else None
            if event is not None:
                # A line that was sent to the log host twice is one.
                found.setdefault((event.line.host, event.line.raw), event)
        made = tuple(sorted(found.values(), key=lambda event: event.line.time))
        if since is None and until is None:
            self._events[token] = made
        return made

    def hops(self, host: str, queue_id: str) -> list[Hop]:
        """The messages that had this queue id on the host, one after the other: short ones come again."""
        key = (host, queue_id)
        if key not in self._hops:
            found: list[Hop] = []
            for event in self.events(texts.queue_token(queue_id)):
                if event.id != queue_id or event.line.host != host or event.kind == "store":
                    continue
                if not found or _begins(found[-1], event):
                    found.append(Hop(host, queue_id))
                found[-1].events.append(event)
            self._hops[key] = found
        return self._hops[key]

    def hop(self, event: Event) -> Hop:
        """The hop that this line is about."""
        found = self.hops(event.line.host, event.id)
        return next((hop for hop in found if event in hop.events), Hop(event.line.host, event.id, [event]))

    def by_queue_id(self, queue_id: str) -> list[Hop]:
        """On every host; and where another site said that it took a message under this id."""
        found: dict[Hop, None] = {}
        for event in self.events(texts.queue_token(queue_id)):
            if event.kind != "store" and event.id == queue_id:
                found[self.hop(event)] = None
        if not found:
            for event in self.events(texts.queue_token(queue_id)):
                if event.kind == "delivery" and event.said.get("next") == queue_id:
                    found[self.hop(event)] = None
        return list(found)

    def by_message_id(self, message_id: str) -> list[Hop]:
        found: dict[Hop, None] = {}
        for event in self.events(texts.message_token(message_id)):
            if event.kind == "message-id" and texts.bare(event.said["id"]) == texts.bare(message_id):
                found[self.hop(event)] = None
        return list(found)

    def by_recipient(self, address: str, since: datetime, until: datetime) -> list[Hop]:
        wanted = address.lower()
        found: dict[Hop, None] = {}
        for event in self.events(texts.recipient_token(address), since, until):
            if event.kind != "delivery" or not since <= event.line.time <= until:
                continue
            if wanted in (event.said["to"].lower(), event.said["orig_to"].lower()):
                found[self.hop(event)] = None
        return list(found)

    def by_session(self, session: str) -> list[Hop]:
        """Those that were put into a mailbox in this session of the store."""
        found: dict[Hop, None] = {}
        for event in self.events(texts.session_token(session)):
            if event.kind == "delivery" and event.said.get("session") == session:
                found[self.hop(event)] = None
        return list(found)

    # --- From host to host --------------------------------------------------------------------------------------

    def own_host(self, address: str, here: str) -> str | None:
        """The site's host of this address; a socket or loopback is the host itself."""
        if "/" in address or address.startswith("unix:"):
            return here
        plain = _plain(address)
        try:
            if ip_address(plain).is_loopback:
                return here
        except ValueError:
            return None
        return self._of_address.get(plain)

    def next_host(self, delivery: Event) -> str | None:
        """Which of the site's hosts took a delivery; None: another site's."""
        here = delivery.line.host
        if delivery.said["program"] in ("local", "virtual", "pipe"):
            return here
        return self.own_host(delivery.said["address"], here)

    def _leads(self, delivery: Event, hop: Hop) -> bool:
        """Whether this is the line by which ``hop`` was given to its host."""
        if (
            delivery.kind != "delivery"
            or delivery.said.get("next") != hop.id
            or self.next_host(delivery) != hop.host
        ):
            return False
        early = delivery.line.time - hop.begun
        giver = self.hop(delivery)
        same = not giver.message_ids or not hop.message_ids or set(giver.message_ids) & set(hop.message_ids)
        return bool(same) and giver is not hop and -_SAME <= early <= _HOUR

    def _tells(self, event: Event, hop: Hop) -> bool:
        """Whether this is the line that says that ``hop`` is Postfix' own notice."""
        named = event.kind == "notice" and event.said["notice"] == hop.id and event.line.host == hop.host
        return named and abs(event.line.time - hop.begun) < _NEAR

    def parent(self, hop: Hop) -> tuple[Hop, str, str] | None:
        """The hop before, how it went on from there (given, forwarded, reply, notice, program), and whose doing."""
        if hop not in self._parents:
            self._parents[hop] = None  # should the logs lead in a circle, it ends
            self._parents[hop] = self._parent(hop)
        return self._parents[hop]

    def _parent(self, hop: Hop) -> tuple[Hop, str, str] | None:
        start = hop.start
        if start is not None and start.said.get("login"):
            return None
        for event in self.events(texts.queue_token(hop.id)):
            if self._leads(event, hop):
                return self.hop(event), "given", ""
            if start is None and self._tells(event, hop):
                return self.hop(event), "notice", event.said["what"]
        if start is not None and start.kind == "uid":
            by_script = self._by_script(hop)
            if by_script:
                return by_script
        return self._by_program(hop)

    def _script_lines(self, hop: Hop) -> list[Event]:
        """Lines of the store on this host that say that a script sent something to where this message goes, as an
        answer or a forward; those nearest in time first."""
        found: dict[Event, None] = {}
        targets = {event.said[name] for event in hop.deliveries for name in ("to", "orig_to") if event.said[name]}
        since, until = hop.begun - _DAY, hop.begun + _NEAR
        answers = any(one.startswith(_OWN_ID) for one in hop.message_ids)
        for address in sorted(targets)[:20]:
            for event in self.events(texts.recipient_token(address), since, until):
                if event.kind != "store" or event.line.host != hop.host or not since <= event.line.time <= until:
                    continue
                answered = answers and _same_address(event.said.get("answered"), address)
                if answered or _same_address(event.said.get("forwarded"), address):
                    found[event] = None
        return sorted(found, key=lambda event: abs(event.line.time - hop.begun))

    def _by_script(self, hop: Hop) -> tuple[Hop, str, str] | None:
        near: list[tuple[Event, Hop, str]] = []
        for event in self._script_lines(hop):
            away = abs(event.line.time - hop.begun)
            if near and away > abs(near[0][0].line.time - hop.begun) + _SAME:
                break
            for delivery in self._into_store(event):
                before = self.hop(delivery)
                if "answered" in event.said and _same_address(hop.sender, delivery.said["to"]):
                    near.append((event, before, "reply"))
                elif "forwarded" in event.said and before.sender in (hop.sender, None) and _share(before, hop):
                    near.append((event, before, "forwarded"))
        if not near or len({before for _, before, _ in near}) > 1:
            return None  # two that are alike in all that the log has: said by ``origin``
        event, before, how = near[0]
        return before, how, event.said["login"]

    def _is_other(self, event: Event, hop: Hop) -> bool:
        """Whether what the script sent is another message than this: another sender's, with another Message-ID."""
        brought = self._into_store(event)
        if "answered" in event.said:
            return bool(brought) and not any(_same_address(hop.sender, one.said["to"]) for one in brought)
        before = [self.hop(one) for one in brought]
        return bool(before) and not any(one.sender in (hop.sender, None) or _share(one, hop) for one in before)

    def _into_store(self, event: Event) -> list[Event]:
        """The deliveries that brought the message whose store's line this is."""
        return [
            one
            for one in self.events(texts.session_token(event.id))
            if one.kind == "delivery"
            and one.said.get("session") == event.id
            and self.next_host(one) == event.line.host
            and abs(one.line.time - event.line.time) < _HOUR
        ]

    def stored(self, delivery: Event) -> tuple[Event, ...]:
        """What the store says of a delivery to it."""
        session, host = delivery.said.get("session"), self.next_host(delivery)
        if not session or not host:
            return ()
        return tuple(
            one
            for one in self.events(texts.session_token(session))
            if one.kind == "store"
            and one.id == session
            and one.line.host == host
            and abs(one.line.time - delivery.line.time) < _HOUR
        )

    def _by_program(self, hop: Hop) -> tuple[Hop, str, str] | None:
        """A program of the host (a list manager) was given a message, and this has the same Message-ID."""
        start = hop.start
        if start is None or (start.kind == "client" and self.own_host(start.said["address"], hop.host) != hop.host):
            return None
        found: dict[Hop, Event] = {}
        for message_id in hop.message_ids:
            for before in self.by_message_id(message_id):
                for delivery in before.deliveries:
                    if before is not hop and before.begun <= hop.begun and self._into_program(delivery, hop.host):
                        found.setdefault(before, delivery)
        if len(found) != 1:
            return None
        ((before, delivery),) = found.items()
        return before, "program", delivery.said["relay"]

    def _into_program(self, delivery: Event, host: str) -> bool:
        said = delivery.said
        if said["status"] != "sent" or self.next_host(delivery) != host or said.get("next") or said.get("session"):
            return False
        if said["program"] == "local":
            return said["text"].startswith("delivered to command")
        return said["program"] in ("pipe", "lmtp", "smtp")

    def children(self, hop: Hop) -> Iterator[tuple[Hop, str]]:
        """The hops after this one, and how they came about."""
        for delivery in hop.deliveries:
            host, queue_id = self.next_host(delivery), delivery.said.get("next")
            if host and queue_id:
                for after in self.hops(host, queue_id):
                    if self._leads(delivery, after):
                        yield after, f"given to {host}"
            for event in self.stored(delivery):
                yield from self._sent_by(event, hop)
        for event in hop.of("notice"):
            for after in self.hops(hop.host, event.said["notice"]):
                if after is not hop and abs(after.begun - event.line.time) < _NEAR:
                    yield after, f"{event.said['what']} notice"
        if any(self._into_program(one, self.next_host(one) or "") for one in hop.deliveries):
            for message_id in hop.message_ids:
                for after in self.by_message_id(message_id):
                    before = self.parent(after)
                    if before and before[0] is hop and before[1] == "program":
                        yield after, f"sent on by a program on {after.host}"

    def _sent_by(self, event: Event, hop: Hop) -> Iterator[tuple[Hop, str]]:
        """What a script sent when the store had this line."""
        target = event.said.get("forwarded") or event.said.get("answered")
        if not target:
            return
        since, until = event.line.time - _NEAR, event.line.time + _DAY
        seen = set()
        for one in self.events(texts.recipient_token(target), since, until):
            if one.kind == "delivery" and one.line.host == event.line.host:
                after = self.hop(one)
                before = None if after in seen else self.parent(after)
                seen.add(after)
                if before and before[0] is hop and before[1:] == (self._how(event), event.said["login"]):
                    word = "automatic reply of" if before[1] == "reply" else "forwarded by the Sieve script of"
                    yield after, f"{word} {before[2]}"

    def _how(self, event: Event) -> str:
        return "reply" if "answered" in event.said else "forwarded"

    # --- What answers ask of it ---------------------------------------------------------------------------------

    def recipients(self, trace: Trace) -> set[str]:
        return trace.recipients

    def told(self, trace: Trace) -> bool:
        """Whether the logs tell who sent it, or that nobody here did."""
        return trace.origin.kind != "unknown"

    def kept(self) -> str:
        kept = self.logs.kept()
        said = f"The logs here are from {kept[0]} to {kept[1]}." if kept else "There are no logs here."
        return said + self.elsewhere()

    def elsewhere(self) -> str:
        """A sentence, with a blank before it, of hosts whose logs are not here; empty: all are."""
        hosts = sorted(self.hosts.keys() - {log.host for log in self.logs.logs})
        return f" The logs of {', '.join(hosts)} are not kept here." if hosts else ""

    # --- The whole of it ----------------------------------------------------------------------------------------

    def origin(self, hop: Hop) -> Origin:
        """Where the message begins of which this is a hop."""
        seen = {hop}
        while (before := self.parent(hop)) is not None:
            if before[1] == "notice":
                return Origin("notice", hop, why=before[2], cause=before[0])
            if before[1] == "reply":
                return Origin("reply", hop, login=before[2], cause=before[0])
            hop = before[0]
            if hop in seen:
                return Origin("unknown", hop, why="the logs lead in a circle")
            seen.add(hop)
        return self._begin(hop)

    def _begin(self, hop: Hop) -> Origin:
        start = hop.start
        if start is None:
            why = "the lines that say how it came to this host are not in the logs"
            return Origin("unknown", hop, why=why)
        if start.kind == "uid":
            # Sieve and cron both are root here: what could be a script's is not said to be a program's.
            scripts = [
                one
                for one in self._script_lines(hop)
                if abs(one.line.time - hop.begun) < _SOON and not self._is_other(one, hop)
            ]
            if scripts:
                logins = ", ".join(sorted({event.said["login"] for event in scripts}))
                why = f"a Sieve script ({logins}) may have sent it, but on which message the logs do not tell"
                maybe = {self.hop(one): None for event in scripts for one in self._into_store(event)}
                return Origin("unknown", hop, why=why, also=tuple(maybe))
            return Origin("program", hop)
        if start.said["login"]:
            return Origin("login", hop, login=start.said["login"])
        giver = self.own_host(start.said["address"], hop.host)
        if giver is None:
            return Origin("outside", hop)
        if giver == hop.host:
            also = [
                one for message_id in hop.message_ids for one in self.by_message_id(message_id) if one is not hop
            ]
            why = f"a program on {giver} handed it in by SMTP without a login"
            return Origin("unknown", hop, why=why, also=tuple(also))
        why = f"{giver} handed it on, but what {giver} logged of it is not in the logs here"
        return Origin("unknown", hop, why=why)

    def trace(self, hop: Hop) -> Trace:
        """The message of which this is a hop, whole."""
        origin = self.origin(hop)
        steps: list[Step] = []
        kept: dict[tuple[str, str], tuple[Event, ...]] = {}
        waiting = [(origin.hop, 0, "")]
        seen: set[Hop] = set()
        while waiting and len(steps) < MOST:
            one, depth, how = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            steps.append(Step(one, depth, how))
            for delivery in one.deliveries:
                events = self.stored(delivery)
                if events:
                    kept[events[0].line.host, delivery.said["session"]] = events
            waiting += [(after, depth + 1, word) for after, word in reversed(list(self.children(one)))]
        return Trace(origin, tuple(steps), kept, bool(waiting) and len(steps) >= MOST)

    def traces(self, hops: Iterable[Hop]) -> list[Trace]:
        """The messages of which these are hops, each once, in the order of time."""
        found: dict[Hop, Trace] = {}
        placed: set[Hop] = set()
        for hop in hops:
            if hop not in placed:
                made = self.trace(hop)
                found.setdefault(made.root, made)
                placed |= {step.hop for step in made.steps} | {hop}
        return sorted(found.values(), key=lambda trace: trace.root.begun)


def _begins(current: Hop, event: Event) -> bool:
    """Whether a line belongs to another message than the lines before it with the same queue id."""
    if event.kind in ("client", "uid"):
        return current.start is not None or bool(current.of("removed"))
    return event.kind == "message-id" and bool(current.of("removed"))


def _plain(address: str) -> str:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address.lower()
    return str(getattr(found, "ipv4_mapped", None) or found)


def _same_address(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one.lower() == other.lower()


def _share(one: Hop, other: Hop) -> bool:
    return bool(set(one.message_ids) & set(other.message_ids))
