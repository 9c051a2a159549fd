"""A description on disk to a Site: read, judged by its schema, typed, and filled up with the defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from mailwright.findings import Finding, Findings, Place
from mailwright.site import addressees, keys, ldif, people, placements, values
from mailwright.site.model import (
    Addressee,
    Attestation,
    Attributes,
    Audit,
    AutomaticSender,
    Contact,
    Directory,
    Dkim,
    Domain,
    Gateway,
    Host,
    InternalDomain,
    Logging,
    Network,
    Networks,
    Organisation,
    OutsideMailbox,
    Person,
    Published,
    Role,
    ServiceDesk,
    Site,
    Smarthost,
    Store,
    Submission,
    TestMailbox,
    Time,
    Tls,
    Waiver,
)
from mailwright.source import Document, load, schema
from mailwright.source.document import Plain, pointer
from mailwright.source.report import Report

FUNCTIONS = ("mx", "submission", "store")
"""What a host does that says nothing of its functions."""

FREE = 1_000_000_000
"""Octets that stay free where mail logs are, unless a description says otherwise."""

TIME_SERVERS = ("ntp0.ja.net", "ntp1.ja.net", "ntp2.ja.net", "ntp3.ja.net")

T = TypeVar("T")
Word = TypeVar("Word", bound=str)
Named = TypeVar("Named", Domain, Host, InternalDomain)


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a description. ``site`` is None where a finding says why.

    The findings are faults of the input alone (``source.*``, ``schema.*``, ``site.*``), in the order of their
    places. Whether the site meets the requirements is for the rules to say.
    """

    site: Site | None
    document: Document | None
    findings: tuple[Finding, ...]

    def find(self, value: object) -> Place | None:
        """The place in the description, or in the file of the people, that first says ``value``."""
        place = self.document.find(value) if self.document is not None else None
        if place is not None or self.site is None:
            return place
        for person in self.site.people:
            if value in (person.login, person.name, person.address, person.department) or (
                value in person.aliases or value in person.internal
            ):
                return person.where
        return None


def read(path: Path) -> Reading:
    """The site that the description at ``path`` tells of. Reads it, its profiles, people and public key.

    Nothing is raised for whatever the files hold; every fault is a finding.
    """
    findings = Findings()
    document = load(path, findings)
    site = None
    if document is not None:
        schema.check(document, findings)
        site = site_of(document, findings)
    return Reading(site, document, tuple(sorted(findings.items, key=_order)))


def site_of(document: Document, findings: Findings) -> Site | None:
    """The site that a document tells of; None when there are findings, these or earlier ones, of the input."""
    return _Reader(document, findings).site()


def _order(finding: Finding) -> tuple[str, int, int]:
    where = finding.where
    return (where.file, where.line, where.column) if where is not None else ("", 0, 0)


class _At:
    """A value of the document and what it may be turned into. Pointers lead from here to every place.

    A value of the wrong type, or none, gives the default: the schema has found fault with it, or allows it.
    """

    def __init__(self, reader: _Reader, at: str, value: Plain) -> None:
        self.reader = reader
        self.at = at
        self.value = value

    @property
    def place(self) -> Place:
        return self.reader.document.place(self.at)

    @property
    def key_place(self) -> Place:
        return self.reader.document.key_place(self.at)

    def __getitem__(self, key: str) -> _At:
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return _At(self.reader, self.at + pointer(key), value)

    def items(self) -> list[_At]:
        """The items of a list; none where there is no list."""
        found = self.value if isinstance(self.value, list) else []
        return [_At(self.reader, f"{self.at}/{index}", item) for index, item in enumerate(found)]

    def entries(self) -> list[tuple[str, _At]]:
        """Keys and values of a mapping; none where there is no mapping."""
        found = self.value if isinstance(self.value, dict) else {}
        return [(key, _At(self.reader, self.at + pointer(key), item)) for key, item in found.items()]

    def text(self, default: str = "") -> str:
        return self.value if isinstance(self.value, str) else default

    def number(self, default: int) -> int:
        return self.value if isinstance(self.value, int) else default

    def flag(self, default: bool) -> bool:
        return self.value if isinstance(self.value, bool) else default

    def texts(self, turn: Callable[[str], T]) -> tuple[T, ...]:
        turned = [item.turn(turn) for item in self.items()]
        return tuple(item for item in turned if item is not None)

    def turn(self, turn: Callable[[str], T]) -> T | None:
        """The text turned into what it means; None, with a finding, where it means nothing."""
        return self.reader.turn(turn, self.value, self.place) if isinstance(self.value, str) else None


class _Reader:
    """Turns each part of a document, whatever the schema said of it, so that all findings come at once."""

    def __init__(self, document: Document, findings: Findings) -> None:
        self.document = document
        self.findings = findings
        self.report = Report(findings)

    def turn(self, turn: Callable[[str], T], text: str, where: Place) -> T | None:
        try:
            return turn(text)
        except ValueError as error:
            self.report.error("site.value", str(error), where)
            return None

    def site(self) -> Site | None:
        at = _At(self, "", self.document.data)
        domains = _unique(self, _domains(at["domains"]))
        directory = _directory(at["directory"], at["people"])
        site = Site(
            organisation=_organisation(at["organisation"]),
            domains=domains,
            networks=_networks(at["networks"]),
            hosts=_unique(self, _hosts(at["hosts"])),
            people=placements.kept(_people(at["people"], directory), Path(self.document.file), self.findings),
            roles=tuple(_roles(at["roles"], tuple(domain.name for domain in domains))),
            automatic_senders=tuple(_automatic(at["automatic_senders"])),
            gateways=tuple(_gateways(at["gateways"])),
            smarthost=_smarthost(at["smarthost"]),
            directory=directory,
            internal_domains=_unique(self, _internal_domains(at["internal_domains"])),
            submission=_submission(at["submission"]),
            store=_store(at["store"]),
            tls=_tls(at["tls"]),
            dkim=_dkim(at["dkim"]),
            time=_time(at["time"]),
            logging=_logging(at["logging"]),
            attestations=tuple(_attestations(at["attestations"])),
            waivers=tuple(_waivers(at["waivers"])),
            published=tuple(_published(at["published"])),
            audit=_audit(at["audit"]),
            where=at.place,
        )
        return None if self.findings.unusable else site


def _unique(reader: _Reader, found: Iterator[Named]) -> tuple[Named, ...]:
    """All of them; one whose name was there before is a finding."""
    seen: dict[str, Named] = {}
    for item in found:
        first = seen.setdefault(item.name, item)
        if first is not item:
            message = f"{item.name} is there twice; the first time in line {first.where.line}"
            reader.report.error("site.duplicate", message, item.where, "Keep one of the two.")
    return tuple(seen.values())


def _organisation(at: _At) -> Organisation:
    desk = at["service_desk"]
    return Organisation(
        name=at["name"].text(),
        timezone=at["timezone"].turn(values.timezone) or "Europe/London",
        registry=at["registry"].text(),
        contacts=tuple(
            Contact(
                item["name"].text(), item["email"].turn(values.address) or "", item["telephone"].text(), item.place
            )
            for item in at["contacts"].items()
        ),
        service_desk=None
        if desk.value is None
        else ServiceDesk(
            desk["email"].turn(values.address) or "",
            desk["telephone"].text(),
            desk["url"].text(),
            desk["hours"].text(),
            desk.key_place,
        ),
        where=at.key_place,
    )


def _domains(at: _At) -> Iterator[Domain]:
    for item in at.items():
        named = item["name"] if isinstance(item.value, dict) else item
        name = named.turn(values.name)
        if name is not None:
            facilities = tuple(facility.text() for facility in item["facilities"].items())
            yield Domain(name, facilities, item["dmarc"].text("none"), named.place)


def _networks(at: _At) -> Networks:
    def prefixes(key: str) -> tuple[Network, ...]:
        found = ((item.turn(values.network), item.place) for item in at[key].items())
        return tuple(Network(prefix, place) for prefix, place in found if prefix is not None)

    return Networks(prefixes("campus"), prefixes("management"), prefixes("relay"), prefixes("shared"), at.key_place)


def _hosts(at: _At) -> Iterator[Host]:
    for key, host in at.entries():
        name = at.reader.turn(values.name, key, host.key_place)
        addresses = host["addresses"].texts(values.ip)
        if name is not None:
            functions = tuple(function.text() for function in host["functions"].items()) or FUNCTIONS
            yield Host(name, addresses, host["os"].text(), functions, host.key_place)


IN_DIRECTORY = "directory"
"""In place of a path of people: they are looked up in the directory."""


def _people(at: _At, directory: Directory | None) -> tuple[Person, ...]:
    told = at.text()
    if at.reader.report.faulty(at.place) or at.value is None:
        return ()  # a path that the schema refuses is not opened
    of_directory = told == IN_DIRECTORY or told.endswith(".ldif")
    if of_directory and directory is None:
        fix = "Describe it under directory, or name a CSV file."
        message = f"{told} is of a directory, and none is described"
        at.reader.report.error("site.no-directory", message, at.place, fix)
        return ()
    if directory is not None and not of_directory:
        message = "the description has a directory, and people besides"
        fix = "Take the directory out; or the people; or name an export of the directory (LDIF) in their place."
        at.reader.report.error("site.people-twice", message, at.place, fix)
        return ()
    if directory is not None and directory.live:
        return ()
    if not told:
        return _inline(at)
    path = Path(at.place.file).parent / told
    if directory is not None:
        return tuple(ldif.people(path, directory.attributes, at.reader.findings, at.place))
    return tuple(people.from_csv(path, at.reader.findings, at.place))


def _inline(at: _At) -> tuple[Person, ...]:
    found: dict[str, Person] = {}
    for item in at.items():
        login = item["login"].text()
        person = Person(
            login,
            item["name"].text(),
            item["address"].turn(values.address) or "",
            item["aliases"].texts(values.address),
            item["internal"].texts(values.address),
            item["department"].text(),
            item["quota"].turn(values.size),
            item.place,
            item["store"].turn(values.name) or "",
        )
        if login in found:
            message = f"the login {login!r} is there twice; the first time in line {found[login].where.line}"
            fix = "Give each person a login of their own."
            at.reader.report.error("site.duplicate-login", message, item["login"].place, fix)
        found.setdefault(login, person)
    return tuple(found.values())


def _roles(at: _At, domains: tuple[str, ...]) -> Iterator[Role]:
    for local, role in at.entries():
        members = role if isinstance(role.value, list) else role["members"]
        names = members.texts(values.member)
        senders = role["senders"]
        yield Role(
            local=local,
            also=tuple(item.text() for item in role["also"].items()),
            domains=role["domains"].texts(values.name) or domains,
            members=names,
            senders=tuple(name for name in names if "@" not in name)
            if senders.value is None
            else tuple(item.text() for item in senders.items()),
            where=role.key_place,
            member_places=tuple(item.place for item in members.items()),
        )


def _automatic(at: _At) -> Iterator[AutomaticSender]:
    for login, item in at.entries():
        replies = item["replies"].turn(values.member) or ""
        addresses = item["addresses"].texts(values.address)
        yield AutomaticSender(login, item["purpose"].text(), addresses, replies, item.key_place)


def _gateways(at: _At) -> Iterator[Gateway]:
    for name, item in at.entries():
        named = item["recipients"]
        told = named.text()
        listed: tuple[Addressee, ...] = ()
        if told not in ("ask", "directory") and not at.reader.report.faulty(named.place):
            path = Path(named.place.file).parent / told
            listed = tuple(addressees.from_csv(path, at.reader.findings, named.place))
        clients = ((network.turn(values.network), network.place) for network in item["clients"].items())
        yield Gateway(
            name=name,
            domains=item["domains"].texts(values.name),
            next_hop=item["next_hop"].turn(values.host) or "",
            port=item["port"].number(25),
            tls=_one_of(item["tls"], ("verify", "encrypt", "may")),
            recipients="ask" if told == "ask" else "directory" if told == "directory" else "listed",
            people=listed,
            clients=tuple(Network(prefix, place) for prefix, place in clients if prefix is not None),
            where=item.key_place,
        )


def _one_of(at: _At, words: tuple[Word, ...]) -> Word:
    """The word that is said; the first where none is, or another (which the schema has found fault with)."""
    said = at.text()
    return next((word for word in words if word == said), words[0])


def _smarthost(at: _At) -> Smarthost | None:
    if at.value is None:
        return None
    login = at["login"].text()
    return Smarthost(
        host=at["host"].turn(values.name) or "",
        port=at["port"].number(587),
        login=login,
        password=at["password"].text("secrets/smarthost") if login else "",
        spf=at["spf"].turn(values.record_name) or "",
        where=at.key_place,
    )


def _directory(at: _At, people_at: _At) -> Directory | None:
    if at.value is None:
        return None
    tls: Literal["starttls", "ldaps"] = _one_of(at["tls"], ("starttls", "ldaps"))
    bind_dn = at["bind_dn"].text()
    held = at["attributes"]
    return Directory(
        servers=at["servers"].texts(values.name),
        port=at["port"].number(636 if tls == "ldaps" else 389),
        tls=tls,
        base=at["base"].text(),
        filter=at["filter"].text("(objectClass=inetOrgPerson)"),
        bind_dn=bind_dn,
        password=at["password"].text("secrets/directory") if bind_dn else "",
        attributes=Attributes(
            login=held["login"].text("uid"),
            name=held["name"].text("cn"),
            address=held["address"].text("mail"),
            aliases=held["aliases"].text(),
            internal=held["internal"].text(),
            quota=held["quota"].text(),
            store=held["store"].text(),
        ),
        where=at.key_place,
        live=people_at.text(IN_DIRECTORY) == IN_DIRECTORY,
    )


def _internal_domains(at: _At) -> Iterator[InternalDomain]:
    for key, item in at.entries():
        name = at.reader.turn(values.name, key, item.key_place)
        if name is not None:
            published = item["published"].turn(values.name) or ""
            yield InternalDomain(name, published, item["until"].turn(values.day), item.key_place)


def _size(at: _At, default: int) -> int:
    return at.turn(values.size) or default


def _submission(at: _At) -> Submission:
    size = _size(at["message_size"], 25_000_000)
    return Submission(size, at["recipients"].number(100), at["hourly"].number(300), at.key_place)


def _store(at: _At) -> Store:
    passwords = at["passwords"].text("secrets/passwords")
    return Store(_size(at["quota"], 5_000_000_000), at["pop3"].flag(True), passwords, at.key_place)


def _tls(at: _At) -> Tls:
    return Tls(at["certificate"].text("secrets/{host}.pem"), at["key"].text("secrets/{host}.key"), at.key_place)


def _dkim(at: _At) -> Dkim | None:
    if at.value is None:
        return None
    named = at["public_key"]
    if at.reader.report.faulty(named.place):
        return None  # a path that the schema refuses is not opened
    path = Path(named.place.file).parent / named.text()
    key = keys.public_key(path, at.reader.findings, named.place) or ""
    return Dkim(at["selector"].text(), key, at["private_key"].text(), at.key_place)


def _time(at: _At) -> Time:
    return Time(at["servers"].texts(values.name) or TIME_SERVERS, at.key_place)


def _logging(at: _At) -> Logging:
    return Logging(
        days=at["days"].number(92),
        minimum_days=at["minimum_days"].number(92),
        maximum_days=at["maximum_days"].number(365),
        readers=at["readers"].text("mailreaders"),
        free=at["free"].turn(values.size) or FREE,
        where=at.key_place,
    )


def _attestations(at: _At) -> Iterator[Attestation]:
    for requirement, item in at.entries():
        day = item["date"].turn(values.day)
        if day is not None:
            yield Attestation(requirement, item["statement"].text(), item["owner"].text(), day, item.key_place)


def _waivers(at: _At) -> Iterator[Waiver]:
    for rule, item in at.entries():
        until = item["until"].turn(values.day)
        if until is not None:
            yield Waiver(rule, item["reason"].text(), item["owner"].text(), until, item.key_place)


def _published(at: _At) -> Iterator[Published]:
    for document, item in at.entries():
        reviewed = None if item["reviewed"].value is None else item["reviewed"].turn(values.day)
        yield Published(document, item["url"].text(), reviewed, item.key_place)


def _audit(at: _At) -> Audit:
    mailboxes = tuple(
        TestMailbox(
            item["login"].text(),
            item["address"].turn(values.address) or "",
            item["password"].text(),
            item.place,
        )
        for item in at["mailboxes"].items()
    )
    outside = at["outside"]
    return Audit(
        mailboxes=mailboxes,
        addresses=at["addresses"].texts(values.address),
        outside=None
        if outside.value is None
        else OutsideMailbox(
            address=outside["address"].turn(values.address) or "",
            imap=outside["imap"].turn(values.name) or "",
            port=outside["port"].number(993),
            login=outside["login"].text(),
            password=outside["password"].text(),
            where=outside.key_place,
        ),
    )
