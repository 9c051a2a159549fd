"""The Plan: what must be true in the world, as small tables of facts.

Everything that mailwright writes, reviews, probes or reports is a projection of these rows. A row is frozen,
has a ``key`` that is unique in its table, and says ``because``: which requirement, and why.
"""

from __future__ import annotations

from dataclasses import field
from datetime import date
from ipaddress import ip_network
from typing import Literal

from mailwright.records import dataclass
from mailwright.site.model import (
    AddressBook,
    Agreement,
    Audit,
    Directory,
    InternalDomain,
    IPAddress,
    IPNetwork,
    Pages,
    Provision,
    ServiceDesk,
    Sharing,
    Smarthost,
    Webmail,
)

EVERYWHERE: tuple[IPNetwork, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))

RouteKind = Literal["mailbox", "alias", "internal", "role", "automatic", "gateway", "list"]
SenderKind = Literal["published", "alias", "role", "internal", "automatic"]
Service = Literal[
    "smtp",
    "submission",
    "submissions",
    "imaps",
    "pop3s",
    "managesieve",
    "ssh",
    "lmtp",
    "syslog",
    "lists",
    "https",
    "passwords",
]
Known = Literal["build", "deploy", "live"]
WebUse = Literal["pages", "webmail", "lists", "autoconfig", "autodiscover", "mobileconfig", "carddav"]
Readers = Literal["everybody", "inside", "login"]
TlsMode = Literal["none", "starttls", "implicit"]
Stage = Literal["connect", "helo", "mail", "relay", "rcpt", "data", "end-of-data", "header"]
Direction = Literal["in", "out"]
Verdict = Literal["permit", "reject"]
RecordType = Literal["A", "AAAA", "MX", "PTR", "TXT", "SRV"]
HostSystem = Literal["debian-12", "debian-13"]


@dataclass(frozen=True, slots=True)
class Because:
    """Why a fact is there: the requirement's id and a short reason that a reviewer understands."""

    requirement: str
    reason: str

    def __str__(self) -> str:
        return f"{self.requirement}: {self.reason}" if self.requirement else self.reason


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A login has a mailbox on the store host. Its password is host state and stands nowhere here."""

    login: str
    name: str
    host: str
    quota: int  # bytes
    because: Because

    @property
    def key(self) -> str:
        return self.login


@dataclass(frozen=True, slots=True)
class Route:
    """Mail for ``address`` goes to ``targets``: logins for a mailbox, full addresses otherwise.

    A ``gateway`` route leads to one target, the address by which the system behind the gateway knows it.

    ``address`` is in look-up form (site.addresses.key), and so are targets in the site's own domains; outside
    targets are as written. ``automatic``: what a process or the mail system itself sends from.
    """

    address: str
    kind: RouteKind
    targets: tuple[str, ...]
    because: Because

    @property
    def key(self) -> str:
        return self.address


@dataclass(frozen=True, slots=True)
class Sender:
    """``login`` may send as ``address`` (envelope, From: and Sender:). ``automatic``: exempt from ADDR-6..9.

    kind     what the address is to the login
    written  the address as the description writes it, capitals too: others see it so
    """

    login: str
    address: str
    because: Because
    automatic: bool = False
    kind: SenderKind = "published"
    written: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return (self.address, self.login)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """``internal`` becomes ``external`` in envelope and header of what leaves (INT-4)."""

    internal: str
    external: str
    because: Because

    @property
    def key(self) -> str:
        return self.internal


@dataclass(frozen=True, slots=True)
class Listener:
    """``host`` answers on ``port`` with ``service``; ``auth`` says that a login is asked for before relaying."""

    host: str
    port: int
    service: Service
    tls: TlsMode
    auth: bool
    because: Because

    @property
    def key(self) -> tuple[str, int]:
        return (self.host, self.port)


@dataclass(frozen=True, slots=True)
class Link:
    """``client``, a host of the site, talks to ``server``, another one, on ``port``."""

    client: str
    server: str
    port: int
    service: Service
    because: Because

    @property
    def key(self) -> tuple[str, int, str]:
        return (self.server, self.port, self.client)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Mail for ``domains`` goes to ``next_hop``, a system that is not ours (GATE-1).

    recipients  listed: routes of kind ``gateway``; otherwise the set is live: ask the next hop, or the directory
    clients     networks from which the system's own mail comes, to be changed to the published form (GATE-2)
    """

    name: str
    domains: tuple[str, ...]
    next_hop: str
    port: int
    tls: Literal["verify", "encrypt", "may"]
    recipients: Literal["listed", "ask", "directory"]
    clients: tuple[IPNetwork, ...]
    because: Because

    @property
    def key(self) -> str:
        return self.name

    @property
    def known(self) -> Known:
        return "build" if self.recipients == "listed" else "live"


@dataclass(frozen=True, slots=True)
class Grant:
    """``clients`` may relay through the listener: ``authenticated`` ones, or those of a network."""

    host: str
    port: int
    clients: Literal["authenticated"] | IPNetwork
    because: Because

    @property
    def key(self) -> tuple[str, int, str]:
        return (self.host, self.port, str(self.clients))


@dataclass(frozen=True, slots=True)
class Policy:
    """At ``stage`` the listener judges by ``check`` at this ``position``: the order decides what happens.

    ``check`` is a Postfix restriction with its argument, or ``milter:…`` for what the filter does.
    """

    host: str
    port: int
    stage: Stage
    position: int
    check: str
    because: Because

    @property
    def key(self) -> tuple[str, int, str, int]:
        return (self.host, self.port, self.stage, self.position)


@dataclass(frozen=True, slots=True)
class Opening:
    """A host's firewall lets this through. ``peers`` are the sources of ``in`` and the targets of ``out``.

    ``user``: only this Unix user's packets (outbound 25).
    """

    host: str
    direction: Direction
    protocol: Literal["tcp", "udp"]
    port: int
    peers: tuple[IPNetwork, ...]
    because: Because
    user: str = ""

    @property
    def key(self) -> tuple[str, str, str, int]:
        return (self.host, self.direction, self.protocol, self.port)


@dataclass(frozen=True, slots=True)
class Passage:
    """What the border does with TCP to ``port`` where no earlier row has decided: a permit goes before a reject.

    direction  as seen from the site; ``networks`` are the targets of ``in`` and the sources of ``out``
    version    4 or 6: all of ``networks`` are of that family, and there is at least one
    subject    whose networks they are: a host's name, or ``campus``

    Packets that no row matches are none of our business: the site's own rules judge them.
    """

    direction: Direction
    version: int
    port: int
    verdict: Verdict
    subject: str
    networks: tuple[IPNetwork, ...]
    because: Because

    @property
    def key(self) -> tuple[str, int, int, str, str]:
        return (self.direction, self.version, self.port, self.verdict, self.subject)


@dataclass(frozen=True, slots=True)
class Record:
    """This DNS record must exist. ``owner`` and names in ``value`` are absolute with the trailing dot.

    value  presentation form for names and addresses; for TXT the plain text, split and quoted by the writer; for
           SRV ``priority weight port name.``
    """

    zone: str
    owner: str
    type: RecordType
    value: str
    ttl: int  # seconds
    because: Because

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.zone, self.owner, self.type, self.value)


@dataclass(frozen=True, slots=True)
class Clock:
    """``host`` follows this time server."""

    host: str
    server: str
    because: Because

    @property
    def key(self) -> tuple[str, str]:
        return (self.host, self.server)


@dataclass(frozen=True, slots=True)
class Retention:
    """``log`` on ``host`` is kept so many days and never longer than ``maximum_days``, for ``readers`` alone.

    ``readers`` of a log are a group of the host.
    """

    host: str
    log: str  # a path, ``journal``, or in words what no single file has: ``retention.LEFT``, ``retention.HELD``
    days: int
    maximum_days: int
    readers: str
    because: Because

    @property
    def key(self) -> tuple[str, str]:
        return (self.host, self.log)


@dataclass(frozen=True, slots=True)
class Publication:
    """The site's ``readers`` are to have this document: a build renders it as ``documents/<document>.html``.

    url       where the site has put it up; empty: nobody said, or it is given to its readers by hand
    reviewed  when somebody last read it there and found it right
    """

    document: str
    readers: str
    url: str
    reviewed: date | None
    because: Because

    @property
    def key(self) -> str:
        return self.document


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody whom Janet can reach about mail: a person, or the service desk."""

    name: str
    email: str
    telephone: str  # empty when the description gives none
    because: Because

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.name, self.email, self.telephone)


@dataclass(frozen=True, slots=True)
class Promise:
    """``owner`` says that what the requirement asks of people is done, as of the day ``made``."""

    requirement: str
    made: date
    owner: str
    because: Because

    @property
    def key(self) -> tuple[str, date, str]:
        return (self.requirement, self.made, self.owner)


@dataclass(frozen=True, slots=True)
class Waived:
    """``owner`` lets a breach of ``rule`` (of a rule or a requirement) pass to the end of the day ``until``."""

    rule: str
    reason: str
    owner: str
    until: date
    because: Because

    @property
    def key(self) -> tuple[str, date, str]:
        return (self.rule, self.until, self.owner)


@dataclass(frozen=True, slots=True)
class DistributionList:
    """A list on ``host``. All addresses are in look-up form (site.addresses.key) but for outside ones, as written.

    owners      who look after it; moderators: who judge what waits, never empty
    post        who may post: the words ``members``, ``managers``, ``organisation``, ``anyone``, and addresses
    known       build: its members are in the table ``members``; deploy: in the directory, under the name ``group``,
                read when the list is made so; live: its owners manage them, so they are host state
    """

    address: str
    title: str
    host: str
    owners: tuple[str, ...]
    moderators: tuple[str, ...]
    post: tuple[str, ...]
    moderated: bool
    known: Known
    group: str
    because: Because

    @property
    def key(self) -> str:
        return self.address


@dataclass(frozen=True, slots=True)
class Member:
    """``member`` is on the list ``list``: an address, in look-up form where it is the site's own."""

    list: str
    member: str
    because: Because

    @property
    def key(self) -> tuple[str, str]:
        return (self.list, self.member)


@dataclass(frozen=True, slots=True)
class WebService:
    """``host`` serves ``use`` under ``https://name path`` to ``readers``.

    readers  inside: the campus networks, and anybody elsewhere after signing in; login: after signing in, always
    """

    name: str
    path: str
    use: WebUse
    host: str
    readers: Readers
    because: Because

    @property
    def key(self) -> tuple[str, str]:
        return (self.name, self.path)

    @property
    def url(self) -> str:
        return f"https://{self.name}{self.path}"


@dataclass(frozen=True, slots=True)
class BookEntry:
    """Somebody in the address book, who is found by name and completed to the full published address (INT-2)."""

    address: str  # as it is published
    name: str
    department: str
    because: Because

    @property
    def key(self) -> str:
        return self.address


@dataclass(frozen=True, slots=True)
class HostFacts:
    """A host of the site as components see it."""

    name: str
    addresses: tuple[IPAddress, ...]
    os: HostSystem
    functions: tuple[str, ...]
    because: Because

    @property
    def key(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Settings:
    """The few facts that are one to a site, not one of many."""

    organisation: str
    timezone: str
    primary_domain: str
    domains: tuple[str, ...]  # mail domains, the primary one first
    mailer_names: tuple[str, ...]  # names of mx hosts that are no mail domain: each has a postmaster, nothing else
    message_size: int  # bytes
    recipients: int
    certificate: str  # path on the control machine, ``{host}`` for the host's name
    key: str
    passwords: str  # path of the seed passwd-file on the control machine
    dkim_selector: str  # empty: no signing
    dkim_private_key: str
    relay_networks: tuple[IPNetwork, ...]
    management_networks: tuple[IPNetwork, ...]
    campus_networks: tuple[IPNetwork, ...]
    log_free: int  # octets that stay free where mail logs are, below which no more mail is taken to be sent
    hourly: int  # recipients of one login in an hour, above which its mail waits
    smarthost: Smarthost | None
    directory: Directory | None  # while it is live, no rows of people are in the tables
    quota: int = 0  # bytes: what a mailbox has of which a live directory says nothing
    internal_domains: tuple[InternalDomain, ...] = ()  # no mail domains: what is taken in for them is in routes
    list_database: Literal["", "sqlite", "postgresql"] = ""  # empty: there are no lists
    webmail: Webmail | None = None
    pages: Pages | None = None
    agreement: Agreement | None = None
    service_desk: ServiceDesk | None = None
    registry: str = ""  # RIPE handle; empty: the description gives none
    address_book: AddressBook = "nobody"
    minimum_days: int = 0  # for which logs are to be kept, as was agreed; 0: not known
    audit: Audit | None = None  # what audits sign in with: reviewed, and nothing is built of it
    sharing: Sharing | None = None  # the hosts are a provider's, and their records in zones of its own
    provision: Provision | None = None  # who provides, where the organisation does not itself
    customers: bool = field(default=False, repr=False)  # its hosts serve a provider's customers as well

    @property
    def own_names(self) -> tuple[str, ...]:
        """The mail domains, and the forms that are used inside: an address in one of them has to exist."""
        return tuple(dict.fromkeys((*self.domains, *(inner.name for inner in self.internal_domains))))

    @property
    def alias_names(self) -> tuple[str, ...]:
        """Names that are no mail domains and have a few addresses all the same, which lead to others."""
        return tuple(dict.fromkeys((*self.mailer_names, *(inner.name for inner in self.internal_domains))))


@dataclass(frozen=True, slots=True)
class Plan:
    """Each table is sorted by its rows' keys."""

    settings: Settings
    hosts: tuple[HostFacts, ...]
    mailboxes: tuple[Mailbox, ...]
    routes: tuple[Route, ...]
    senders: tuple[Sender, ...]
    rewrites: tuple[Rewrite, ...]
    gateways: tuple[Gateway, ...]
    listeners: tuple[Listener, ...]
    links: tuple[Link, ...]
    grants: tuple[Grant, ...]
    policies: tuple[Policy, ...]
    openings: tuple[Opening, ...]
    border: tuple[Passage, ...]
    records: tuple[Record, ...]
    clocks: tuple[Clock, ...]
    retention: tuple[Retention, ...]
    publications: tuple[Publication, ...]
    contacts: tuple[Contact, ...] = ()
    promises: tuple[Promise, ...] = ()
    waivers: tuple[Waived, ...] = ()
    lists: tuple[DistributionList, ...] = ()
    members: tuple[Member, ...] = ()
    web: tuple[WebService, ...] = ()
    book: tuple[BookEntry, ...] = ()

    @property
    def live(self) -> Directory | None:
        """The directory in which people are looked up while mail flows; None where the tables have them."""
        directory = self.settings.directory
        return directory if directory is not None and directory.live else None

    def host(self, name: str) -> HostFacts:
        return next(host for host in self.hosts if host.name == name)

    def with_function(self, *functions: str) -> tuple[HostFacts, ...]:
        """Hosts that have one of the functions."""
        return tuple(host for host in self.hosts if not set(functions).isdisjoint(host.functions))

    def relay_networks(self, host: str) -> tuple[IPNetwork, ...]:
        """The networks that may relay through port 25 of ``host`` without a login."""
        return tuple(
            row.clients
            for row in self.grants
            if (row.host, row.port) == (host, 25) and not isinstance(row.clients, str)
        )

    def list_clients(self, host: str) -> tuple[IPNetwork, ...]:
        """The addresses of the site's other mailers, which hand over posts to lists on ``host``."""
        return tuple(
            ip_network(address)
            for link in self.links
            if (link.server, link.service) == (host, "lists")
            for address in self.host(link.client).addresses
        )

    def own_clients(self, host: str) -> tuple[IPNetwork, ...]:
        """The addresses of the site's other hosts that hand what they send themselves to port 25 of ``host``."""
        return tuple(
            ip_network(address)
            for link in self.links
            if (link.server, link.service) == (host, "smtp")
            for address in self.host(link.client).addresses
        )
