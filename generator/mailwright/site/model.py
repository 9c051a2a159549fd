"""What the organisation says about itself: the description after reading, typed, defaults filled in.

Every part remembers where it was said (``where``), which takes no part in comparison: two descriptions
that say the same are equal wherever they say it. Addresses are kept as they were written; use
``mailwright.site.addresses.key`` to compare them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

from mailwright.findings import Place

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Contact:
    """A person whom Janet can reach (AUDIT-5)."""

    name: str
    email: str
    telephone: str  # empty when the description gives none: a finding of AUDIT-5
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    email: str
    telephone: str
    url: str
    hours: str
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Organisation:
    name: str
    timezone: str  # an IANA name: Europe/London
    registry: str  # RIPE handle, empty when not given
    contacts: tuple[Contact, ...]
    service_desk: ServiceDesk | None
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Domain:
    """A mail domain. ``facilities`` are the things of RFC 2142 that it supports: web, dns, ftp, news ..."""

    name: str  # lower case, A-labels
    facilities: tuple[str, ...]
    dmarc_policy: str  # none, quarantine, reject
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Network:
    prefix: IPNetwork
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Networks:
    campus: tuple[Network, ...]
    management: tuple[Network, ...]  # SSH is let in from here
    relay: tuple[Network, ...]  # may relay through port 25 without login; empty is the safe default
    shared: tuple[Network, ...]  # stand for many: NAT, proxies, load balancers, container bridges
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Host:
    """A server.

    functions  mx (port 25 in and out), submission (587, 465), store (IMAP, POP, LMTP), log (keeps all hosts' mail
               logs). One host may have all of them, and several hosts may have the same one.
    """

    name: str  # fully qualified, lower case: also its HELO name
    addresses: tuple[IPAddress, ...]
    os: str  # debian-12 or debian-13
    functions: tuple[str, ...]
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a mailbox.

    address   the published one
    aliases   further addresses that reach the mailbox and that the person may send as
    internal  addresses used inside; on the way out they become ``address`` (INT-4)
    quota     bytes; None takes the store's default
    store     name of the host that keeps the mail, where there are several; empty: not placed yet, so the emptiest
    """

    login: str
    name: str
    address: str
    aliases: tuple[str, ...]
    internal: tuple[str, ...]
    department: str
    quota: int | None
    where: Place = field(compare=False, repr=False)
    store: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """A role address: ``local`` in each of ``domains`` reaches ``members``.

    local    the local part (``postmaster``)
    also     alternative local parts (ROLE-4): ``helpdesk`` for ``support``
    members  logins, own addresses (a role, a person, an alias), or outside addresses
    senders  logins that may send as this role; default: the members that are logins
    """

    local: str
    also: tuple[str, ...]
    domains: tuple[str, ...]
    members: tuple[str, ...]
    senders: tuple[str, ...]
    where: Place = field(compare=False, repr=False)
    member_places: tuple[Place, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AutomaticSender:
    """A process that sends mail: a web form, a cron host. Exempt from the From rules (ADDR-6 to ADDR-9).

    It logs in on the submission port like a person (``login``), and may send as ``addresses``. ``replies``
    is the login or address that receives what is sent to those addresses, so that they are valid (ADDR-5).
    """

    login: str
    purpose: str
    addresses: tuple[str, ...]
    replies: str
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody behind a gateway: ``address`` is the published one, ``internal`` what the system inside calls it."""

    address: str
    internal: str  # equal to ``address`` where the system inside uses the published one
    where: Place = field(compare=False, repr=False)


Recipients = Literal["listed", "ask", "directory"]


@dataclass(frozen=True, slots=True)
class Gateway:
    """Domains that another system serves, inside or outside, and whose mail passes our mailers both ways (GATE-1).

    domains     among the site's own; every mailbox in them is the other system's, roles are still ours
    next_hop    the system's name or address, where mail for the domains goes
    tls         verify: only over TLS with a certificate for its name; encrypt: any certificate; may: TLS if offered
    recipients  how it is known who is there: ``listed`` (``people``), by asking the next hop, or in the directory
    clients     where the system's outgoing mail comes from: it may relay from there without a login
    """

    name: str
    domains: tuple[str, ...]
    next_hop: str
    port: int
    tls: Literal["verify", "encrypt", "may"]
    recipients: Recipients
    people: tuple[Addressee, ...]
    clients: tuple[Network, ...]
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Smarthost:
    """Mail to the Internet goes through this host of somebody else, over TLS with a login.

    password  path on the control machine; empty with an empty ``login``: none is asked for
    spf       the name whose SPF record covers it (``include:``); empty: its addresses are the site's own mailers'
    """

    host: str
    port: int
    login: str
    password: str
    spf: str
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Attributes:
    """Which attributes of a directory entry hold what. Empty: the directory does not say."""

    login: str
    name: str
    address: str
    aliases: str
    internal: str
    quota: str  # a number of bytes
    store: str  # name of the host that keeps the mail


@dataclass(frozen=True, slots=True)
class Directory:
    """The LDAP directory that knows the people, and judges their passwords.

    servers   names, asked in this order
    tls       starttls or ldaps; the certificate is verified in both
    base      where people are, as a distinguished name
    filter    which entries of it are people: ``(objectClass=inetOrgPerson)``
    bind_dn   whom the mail hosts log in as to search; empty: nobody (anonymous)
    password  path on the control machine
    live      people and their addresses are looked up while mail flows; otherwise ``Site.people`` has them from an
              export, and the directory is asked about passwords alone
    """

    servers: tuple[str, ...]
    port: int
    tls: Literal["starttls", "ldaps"]
    base: str
    filter: str
    bind_dn: str
    password: str
    attributes: Attributes
    where: Place = field(compare=False, repr=False)
    live: bool = True


@dataclass(frozen=True, slots=True)
class InternalDomain:
    """A form of addresses that is used inside: ``x@name`` is what ``x@published`` is, until a day (INT-4)."""

    name: str
    published: str
    until: date | None  # the last day on which mail to it is accepted; None: no end
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Submission:
    message_size: int  # bytes
    recipients: int  # per message
    hourly: int  # recipients of one login in an hour, above which its mail waits (REMOTE-1)
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Store:
    quota: int  # bytes per mailbox
    pop3: bool
    passwords: str  # where the apply finds the seed passwd-file: a path on the control machine
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate and key: paths on the control machine, copied at deploy time.

    Either may contain ``{host}``, which stands for the host's name.
    """

    certificate: str
    key: str
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Dkim:
    """``public_key`` is a file beside the description, read when it is built; ``private_key`` a path on the
    control machine, which the generator never reads."""

    selector: str
    public_key: str  # base64 of the SubjectPublicKeyInfo (RFC 6376, 3.6.1)
    private_key: str
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Time:
    servers: tuple[str, ...]
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Logging:
    """Days; ``days`` is what the hosts do, between ``minimum_days`` (agreed, AUDIT-3) and ``maximum_days``."""

    days: int
    minimum_days: int
    maximum_days: int
    readers: str  # Unix group that may read mail logs
    free: int  # octets that stay free where mail logs are, below which no more mail is taken to be sent (AUDIT-4)
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Published:
    """A document that the site's people are to have, as the site has put it up."""

    document: str
    url: str  # https
    reviewed: date | None  # when somebody last read it and found it right
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TestMailbox:
    """A mailbox of the site that is kept for tests. ``password``: path of a file, read by audits alone."""

    login: str
    address: str
    password: str
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OutsideMailbox:
    """A mailbox with somebody else, to see the site's mail with a stranger's eyes; read with IMAP over TLS."""

    address: str
    imap: str  # name of the server
    port: int
    login: str
    password: str  # path of a file, read by audits alone
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit of the running service may use. It sends messages to these addresses and to no others.

    addresses  of the site, besides those of the mailboxes: role addresses, for one
    """

    mailboxes: tuple[TestMailbox, ...]
    addresses: tuple[str, ...]
    outside: OutsideMailbox | None


@dataclass(frozen=True, slots=True)
class Attestation:
    requirement: str
    statement: str
    owner: str
    date: date
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Waiver:
    """``rule`` is a rule id or a requirement id; a MUST cannot be waived."""

    rule: str
    reason: str
    owner: str
    until: date
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Site:
    organisation: Organisation
    domains: tuple[Domain, ...]  # the first is the primary one
    networks: Networks
    hosts: tuple[Host, ...]
    people: tuple[Person, ...]
    roles: tuple[Role, ...]
    automatic_senders: tuple[AutomaticSender, ...]
    gateways: tuple[Gateway, ...]
    smarthost: Smarthost | None
    directory: Directory | None  # ``people`` is empty when it is live
    internal_domains: tuple[InternalDomain, ...]
    submission: Submission
    store: Store
    tls: Tls
    dkim: Dkim | None
    time: Time
    logging: Logging
    attestations: tuple[Attestation, ...]
    waivers: tuple[Waiver, ...]
    published: tuple[Published, ...]
    audit: Audit
    where: Place = field(compare=False, repr=False)

    @property
    def primary(self) -> Domain:
        return self.domains[0]

    @property
    def live(self) -> bool:
        """Whether people are known to the directory alone."""
        return self.directory is not None and self.directory.live
