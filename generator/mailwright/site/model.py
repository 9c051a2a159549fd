"""What the organisation says about itself: the description after reading, typed, defaults filled in.

Every part remembers where it was said (``where``), which takes no part in comparison: two descriptions
that say the same are equal wherever they say it. Addresses are kept as they were written; use
``mailwright.site.addresses.key`` to compare them.
"""

from __future__ import annotations

from dataclasses import field, fields
from datetime import date
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

from mailwright.findings import Place
from mailwright.records import dataclass

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
               logs), lists (Mailman; on an mx, and one host alone), web (pages, webmail; one host alone). One host
               may have all of them, and several hosts may have the same one.
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
    category  what kind of member of the organisation: staff, student ...; the site's own word
    listed    whether the person agrees to stand in the address book; None: did not say (INT-2)
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
    category: str = ""
    listed: bool | None = None


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
class Membership:
    """Who is on a list: exactly one of four ways.

    named       logins, own addresses (those of other lists too), or outside addresses; ``places``
    attributes  everybody of ``people`` who has all of these: ``("category", "staff")``
    group       distinguished name of a group in the directory
    by_owners   the owners look after it themselves, on the web or by mail: it is host state
    file        the CSV file that ``named`` was read from, if any
    """

    named: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    group: str = ""
    by_owners: bool = False
    places: tuple[Place, ...] = field(default=(), compare=False, repr=False)
    file: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DistributionList:
    """A distribution list (LIST-1 to LIST-3).

    owners      logins or addresses; they manage the list, and are its moderators where ``moderators`` is empty
    post        who may post: ``members``, ``managers`` (owners and moderators), ``organisation`` (everybody with a
                login here), ``anyone``; and logins and addresses of named persons and roles, inside or outside
    moderated   every post waits for a moderator, unless a manager sent it
    """

    local: str
    domain: str
    title: str
    owners: tuple[str, ...]
    moderators: tuple[str, ...]
    members: Membership
    post: tuple[str, ...]
    moderated: bool
    where: Place = field(compare=False, repr=False)
    owner_places: tuple[Place, ...] = field(default=(), compare=False, repr=False)

    @property
    def address(self) -> str:
        return f"{self.local}@{self.domain}"


@dataclass(frozen=True, slots=True)
class ListServer:
    """How the lists are kept."""

    database: Literal["sqlite", "postgresql"]
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that was looked into and is what it says."""

    media_type: Literal["image/png", "image/jpeg"]
    data: bytes


COLOUR = "#1d4f7c"
"""Of the headings and buttons of a site that says of none."""


@dataclass(frozen=True, slots=True)
class Webmail:
    """Webmail, and how it looks (WEB-1, WEB-2).

    title   what it is called; empty: the organisation's name
    colour  of headings and buttons, as ``#rrggbb``
    """

    title: str
    colour: str
    logo: Image | None
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TextBlock:
    """What the site says in its own words at one place of the published pages.

    language  as in BCP 47: ``en``, ``cy``
    block     which place: a name of ``pages.blocks``
    text      Markdown without raw HTML
    """

    language: str
    block: str
    text: str
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages that the site publishes: its languages, the first is the main one, and its own texts."""

    languages: tuple[str, ...]
    texts: tuple[TextBlock, ...]
    where: Place = field(compare=False, repr=False)


AddressBook = Literal["nobody", "agreed", "everybody"]
"""Who stands in the address book: those who said yes (``listed``), or everybody but those who said no (INT-2)."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What provider and consumer agreed on, beyond what the configuration says (AGREE-1). Empty: not said.

    availability  such as ``99.5 % in a month, but for announced work``
    changes       response to change requests
    faults        response to fault reports
    escalation    whom to turn to when that does not help
    penalties     what follows when the promise is not kept
    performance   such as ``mail is delivered within five minutes``
    """

    availability: str
    performance: str
    changes: str
    faults: str
    escalation: str
    penalties: str
    where: Place = field(compare=False, repr=False)


AGREED = tuple(one.name for one in fields(Agreement) if one.name != "where")
"""What the description says under agreement: the headings of the service agreement that are for people to fill."""


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
    url: str  # https; empty: where the site's own web host serves it
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
class Sharing:
    """The site is a provider's customer on shared hosts, which other customers are on as well (SCALE-2).

    platform  what the provider calls these hosts
    domain    the provider's own, whose SPF record covers them
    team      addresses of the provider's people, who may receive what is written to the site's roles
    """

    platform: str
    domain: str
    team: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Provision:
    """Who provides the site's mail, where that is a provider (AGREE-1), and until when, where the site leaves it.

    Each day is the last on which mail is taken in and sent, can be fetched, and is told of by logs and counts.
    """

    provider: str
    stop: date | None = None
    mail_until: date | None = None
    logs_until: date | None = None


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
    lists: tuple[DistributionList, ...] = ()
    list_server: ListServer | None = None  # None where there are no lists
    webmail: Webmail | None = None
    address_book: AddressBook = "nobody"
    pages: Pages | None = None  # None: not served by a host of the site
    agreement: Agreement | None = None
    sharing: Sharing | None = None  # None: ``hosts`` are the site's own
    provision: Provision | None = None  # None: the organisation provides for itself
    team: tuple[str, ...] = ()  # addresses of the provider's people, who may receive for roles

    @property
    def primary(self) -> Domain:
        return self.domains[0]

    @property
    def live(self) -> bool:
        """Whether people are known to the directory alone."""
        return self.directory is not None and self.directory.live
