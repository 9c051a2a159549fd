"""Probes: what is asked of running hosts, and what was seen.

The rehearsal and the audit of a live service run the same probes; they differ in where they stand (``Vantage``)
and in what they may do (``Context.accounts``, ``Context.correspondent``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import field
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, Protocol

from mailwright.audit.threads import Turns
from mailwright.findings import Target
from mailwright.plan.model import Plan
from mailwright.records import dataclass
from mailwright.site.addresses import key

Where = Literal["outside", "inside", "host"]


class UnavailableError(OSError):
    """Something that a probe needs is not there: an account, a shell, a vantage. Nothing is proven then."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that a probe tried and saw.

    what    what was tried: ``RCPT TO:<nobody@college.ac.uk> on mail.college.ac.uk port 25 over IPv6``
    seen    the other side's words
    ok      it is as the requirement wants; None: it could not be tried, so nothing is proven
    twin    the counterpart that gives the others their meaning: the same road taken by what must pass, so that
            "all refused" cannot mean "nothing was reachable" (or the reverse, so that "accepted" cannot mean that
            everything is). Where it is not ok, nothing is proven.
    target  what was looked at
    """

    what: str
    seen: str
    ok: bool | None
    twin: bool = False
    target: Target | None = None


class Vantage(Protocol):
    """A place from which to look.

    Sockets opened inside ``enter()``, in that thread, start there. Inside ``listen()``, somebody there takes
    connections to these TCP ports at all of ``addresses`` and hangs up; UnavailableError where nobody can.
    """

    @property
    def name(self) -> Where: ...

    @property
    def addresses(self) -> tuple[IPv4Address | IPv6Address, ...]: ...

    def enter(self) -> AbstractContextManager[None]: ...

    def listen(self, *ports: int) -> AbstractContextManager[None]: ...


class Shell(Protocol):
    """Commands on a host under test, as root. ``run`` returns (exit status, standard output + error)."""

    def run(self, host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]: ...


@dataclass(frozen=True, slots=True)
class Received:
    """A message that the foreign mail host took in: envelope, and the bytes after DATA."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    client: str  # address that it came from
    helo: str


class Inbox(Protocol):
    """Mail that some system took in."""

    def wait_for(self, token: str, timeout: float = 60.0) -> Received | None:
        """The message that holds ``token`` in its content, as soon as it is there; None after ``timeout`` s."""
        ...


class Correspondent(Inbox, Protocol):
    """Somebody outside who receives mail: the foreign mail host of the rehearsal."""

    @property
    def domain(self) -> str:
        """The domain of ``address``. In a rehearsal all its addresses reach this host."""
        ...

    @property
    def address(self) -> str:
        """An address that reaches this correspondent, to send from and to."""
        ...


@dataclass(frozen=True, slots=True)
class Behind:
    """A system behind a gateway, where somebody may look into it.

    vantage  where its own mail comes from
    known    addresses that it has, as it knows them
    """

    vantage: Vantage
    inbox: Inbox
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """A login that a probe may use."""

    login: str
    password: str = field(repr=False)
    address: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """All that a probe needs. What is missing (None, empty) makes the probe's verdict *not proven*.

    trust  PEM file of the CA that is to be trusted besides the system's
    since  the journals are judged from this moment on, seconds since the epoch; 0: since the host's start
    hosts  the hosts under test as places to look from, by name
    behind the systems behind gateways, by the gateway's name
    named  people use the service, and test messages go to these addresses of the site (in look-up form) and to
           the correspondent's alone; None: a rehearsal, where nobody is disturbed
    doubts of a vantage that is not there: why; of one that is: why it is not known as whom the service sees it
    turns  who talks to a server takes a turn first (``roads.talking``)
    patience  seconds for one answer of a server, or for one session of IMAP or POP3
    """

    plan: Plan
    resolver: tuple[str, ...]  # addresses of the resolver to ask, from every vantage
    vantages: dict[Where, Vantage]
    shell: Shell | None
    correspondent: Correspondent | None
    accounts: tuple[Account, ...]
    trust: str | None = None
    since: float = 0.0
    hosts: Mapping[str, Vantage] = field(default_factory=dict)
    behind: Mapping[str, Behind] = field(default_factory=dict)
    named: frozenset[str] | None = None
    turns: Turns = field(default_factory=Turns)
    patience: float = 45.0
    doubts: Mapping[Where, str] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """People use the service."""
        return self.named is not None

    def may_send_to(self, address: str) -> bool:
        """Whether a message of a probe may go to this recipient, as it stands between the angle brackets."""
        if self.named is None:
            return True
        if self.correspondent is not None and key(address) == key(self.correspondent.address):
            return True
        # RFC 5321 (4.5.1): without a domain it is that of the domain which the server is for.
        whole = f"postmaster@{self.plan.settings.primary_domain}" if key(address) == "postmaster" else address
        return key(whole) in self.named


class Phase(IntEnum):
    """When a probe runs. Those of one phase run side by side, the phases one after the other.

    LATE    after a wrong password, servers answer everybody from that address more slowly
    OUTAGE  something is stopped for a while, which others would take for a fault
    FULL    the log's file system is filled for a moment, and nothing is taken to be sent
    BARRED  the outside address is shut out from logins for a while
    LAST    the journals are read when nothing more is to come
    """

    MAIN = 0
    LATE = 1
    OUTAGE = 2
    FULL = 3
    BARRED = 4
    LAST = 5


@dataclass(frozen=True, slots=True)
class Condition:
    """What a site must have for a probe to mean something there; ``words`` end "only where"."""

    words: str
    holds: Callable[[Plan], bool]


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to running hosts.

    requirements  what it is evidence for
    run           yields observations; an exception other than OSError is a fault of the probe and is not caught.
                  An OSError (nothing reachable, a time-out) ends the probe as *not proven*.
    negative      its verdict rests on something being refused or absent: without a positive twin that was
                  seen to pass, nothing is proven
    only          the sites at which it is run; None: all
    harm          why it is run in rehearsals alone: what it would do to a service that people use (``stops a mailer
                  for a while``), or what nobody has there; empty: it changes nothing
    commands      it runs commands on the hosts, although it looks from elsewhere
    """

    id: str  # relay.outside-to-outside
    requirements: tuple[str, ...]
    vantage: Where
    title: str
    run: Callable[[Context], Iterator[Observation]]
    negative: bool = False
    phase: Phase = Phase.MAIN
    only: Condition | None = None
    harm: str = ""
    commands: bool = False

    @property
    def on_hosts(self) -> bool:
        """Whether it needs commands on the hosts."""
        return self.commands or self.vantage == "host"
