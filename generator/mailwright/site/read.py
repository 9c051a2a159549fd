"""A description on disk to a Site: read, judged by its schema, typed, and filled up with the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar

from mailwright.findings import Finding, Findings, Place
from mailwright.records import dataclass
from mailwright.site import addressees, distribution, keys, ldif, people, placements, values, web
from mailwright.site.at import NO_WALLS, At, Reader
from mailwright.site.model import (
    Addressee,
    Agreement,
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

FUNCTIONS = ("mx", "submission", "store")
"""What a host does that says nothing of its functions, and what else is described (``_all_functions``)."""

FREE = 1_000_000_000
"""Octets that stay free where mail logs are, unless a description says otherwise."""

PASSWORDS = "secrets/passwords"
"""Where an apply finds the first passwords, unless a description says otherwise."""

TIME_SERVERS = ("ntp0.ja.net", "ntp1.ja.net", "ntp2.ja.net", "ntp3.ja.net")

Word = TypeVar("Word", bound=str)
Named = TypeVar("Named", Domain, Host, InternalDomain)


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a description. ``site`` is None where a finding says why; ``files`` are those that were
    opened, each once.

    The findings are faults of the input alone (``source.*``, ``schema.*``, ``site.*``), in the order of their
    places. Whether the site meets the requirements is for the rules to say.
    """

    site: Site | None
    document: Document | None
    findings: tuple[Finding, ...]
    files: tuple[str, ...] = ()

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
    return Reading(site, document, in_order(findings.items), tuple(sorted(findings.files)))


def site_of(document: Document, findings: Findings, walls: Mapping[Path, Path] = NO_WALLS) -> Site | None:
    """The site that a document tells of; None when there are findings, these or earlier ones, of the input.

    walls  as of ``Reader``: where the files lie that it may name
    """
    return _site(At(Reader(document, findings, walls), "", document.data))


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings of the input, in the order of their places."""
    return tuple(sorted(findings, key=_order))


def _order(finding: Finding) -> tuple[str, int, int]:
    where = finding.where
    return (where.file, where.line, where.column) if where is not None else ("", 0, 0)


def _site(at: At) -> Site | None:
    """Turns each part of a document, whatever the schema said of it, so that all findings come at once."""
    reader = at.reader
    domains = _unique(reader, _domains(at["domains"]))
    directory = _directory(at["directory"], at["people"])
    site = Site(
        organisation=_organisation(at["organisation"]),
        domains=domains,
        networks=_networks(at["networks"]),
        hosts=_unique(reader, _hosts(at["hosts"], _all_functions(at))),
        people=placements.kept(_people(at["people"], directory), _folder(reader), reader.findings),
        roles=tuple(_roles(at["roles"], tuple(domain.name for domain in domains))),
        automatic_senders=tuple(_automatic(at["automatic_senders"])),
        gateways=tuple(_gateways(at["gateways"])),
        smarthost=_smarthost(at["smarthost"]),
        directory=directory,
        internal_domains=_unique(reader, _internal_domains(at["internal_domains"])),
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
        lists=distribution.lists(at["lists"], domains[0].name if domains else "", directory),
        list_server=distribution.server(at["list_server"], at["lists"]),
        webmail=web.webmail(at["webmail"]),
        address_book=web.address_book(at["address_book"]),
        pages=web.pages(at["pages"]),
        agreement=_agreement(at["agreement"]),
    )
    return None if reader.findings.unusable else site


def _folder(reader: Reader) -> Path:
    """Where the files of the description lie that it does not name."""
    return reader.wall(Path(reader.document.file).parent)


def _unique(reader: Reader, found: Iterator[Named]) -> tuple[Named, ...]:
    """All of them; one whose name was there before is a finding."""
    seen: dict[str, Named] = {}
    for item in found:
        first = seen.setdefault(item.name, item)
        if first is not item:
            message = f"{item.name} is there twice; the first time in line {first.where.line}"
            reader.report.error("site.duplicate", message, item.where, "Keep one of the two.")
    return tuple(seen.values())


def _organisation(at: At) -> Organisation:
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


def _domains(at: At) -> Iterator[Domain]:
    for item in at.items():
        named = item["name"] if isinstance(item.value, dict) else item
        name = named.turn(values.name)
        if name is not None:
            facilities = tuple(facility.text() for facility in item["facilities"].items())
            yield Domain(name, facilities, item["dmarc"].text("none"), named.place)


def _networks(at: At) -> Networks:
    def prefixes(key: str) -> tuple[Network, ...]:
        found = ((item.turn(values.network), item.place) for item in at[key].items())
        return tuple(Network(prefix, place) for prefix, place in found if prefix is not None)

    return Networks(prefixes("campus"), prefixes("management"), prefixes("relay"), prefixes("shared"), at.key_place)


def _hosts(at: At, otherwise: tuple[str, ...]) -> Iterator[Host]:
    for key, host in at.entries():
        name = at.reader.turn(values.name, key, host.key_place)
        addresses = host["addresses"].texts(values.ip)
        if name is not None:
            functions = tuple(function.text() for function in host["functions"].items()) or otherwise
            yield Host(name, addresses, host["os"].text(), functions, host.key_place)


def _all_functions(at: At) -> tuple[str, ...]:
    """What a host does that says nothing of its functions: all that the description asks for, but keep the logs."""
    lists = ("lists",) if at["lists"].value else ()
    web = ("web",) if any(at[key].value is not None for key in ("webmail", "pages")) else ()
    return (*FUNCTIONS, *lists, *web)


IN_DIRECTORY = "directory"
"""In place of a path of people: they are looked up in the directory."""


def _people(at: At, directory: Directory | None) -> tuple[Person, ...]:
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
    path = at.beside()
    if path is None:
        return ()
    if directory is not None:
        return tuple(ldif.people(path, directory.attributes, at.reader.findings, at.place))
    return tuple(people.from_csv(path, at.reader.findings, at.place))


def _inline(at: At) -> tuple[Person, ...]:
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
            item["category"].text(),
            item["listed"].flag(True) if item["listed"].value is not None else None,
        )
        if login in found:
            message = f"the login {login!r} is there twice; the first time in line {found[login].where.line}"
            fix = "Give each person a login of their own."
            at.reader.report.error("site.duplicate-login", message, item["login"].place, fix)
        found.setdefault(login, person)
    return tuple(found.values())


def _roles(at: At, domains: tuple[str, ...]) -> Iterator[Role]:
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


def _automatic(at: At) -> Iterator[AutomaticSender]:
    for login, item in at.entries():
        replies = item["replies"].turn(values.member) or ""
        addresses = item["addresses"].texts(values.address)
        yield AutomaticSender(login, item["purpose"].text(), addresses, replies, item.key_place)


def _gateways(at: At) -> Iterator[Gateway]:
    for name, item in at.entries():
        named = item["recipients"]
        told = named.text()
        listed: tuple[Addressee, ...] = ()
        if told not in ("ask", "directory") and not at.reader.report.faulty(named.place):
            path = named.beside()
            if path is not None:
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


def _one_of(at: At, words: tuple[Word, ...]) -> Word:
    """The word that is said; the first where none is, or another (which the schema has found fault with)."""
    said = at.text()
    return next((word for word in words if word == said), words[0])


def _smarthost(at: At) -> Smarthost | None:
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


def _directory(at: At, people_at: At) -> Directory | None:
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


def _internal_domains(at: At) -> Iterator[InternalDomain]:
    for key, item in at.entries():
        name = at.reader.turn(values.name, key, item.key_place)
        if name is not None:
            published = item["published"].turn(values.name) or ""
            yield InternalDomain(name, published, item["until"].turn(values.day), item.key_place)


def _size(at: At, default: int) -> int:
    return at.turn(values.size) or default


def _submission(at: At) -> Submission:
    size = _size(at["message_size"], 25_000_000)
    return Submission(size, at["recipients"].number(100), at["hourly"].number(300), at.key_place)


def _store(at: At) -> Store:
    passwords = at["passwords"].text(PASSWORDS)
    return Store(_size(at["quota"], 5_000_000_000), at["pop3"].flag(True), passwords, at.key_place)


def _tls(at: At) -> Tls:
    return Tls(at["certificate"].text("secrets/{host}.pem"), at["key"].text("secrets/{host}.key"), at.key_place)


def _dkim(at: At) -> Dkim | None:
    if at.value is None:
        return None
    named = at["public_key"]
    if at.reader.report.faulty(named.place):
        return None  # a path that the schema refuses is not opened
    path = named.beside()
    key = "" if path is None else keys.public_key(path, at.reader.findings, named.place) or ""
    return Dkim(at["selector"].text(), key, at["private_key"].text(), at.key_place)


def _time(at: At) -> Time:
    return Time(at["servers"].texts(values.name) or TIME_SERVERS, at.key_place)


def _logging(at: At) -> Logging:
    return Logging(
        days=at["days"].number(92),
        minimum_days=at["minimum_days"].number(92),
        maximum_days=at["maximum_days"].number(365),
        readers=at["readers"].text("mailreaders"),
        free=at["free"].turn(values.size) or FREE,
        where=at.key_place,
    )


def _attestations(at: At) -> Iterator[Attestation]:
    for requirement, item in at.entries():
        day = item["date"].turn(values.day)
        if day is not None:
            yield Attestation(requirement, item["statement"].text(), item["owner"].text(), day, item.key_place)


def _waivers(at: At) -> Iterator[Waiver]:
    for rule, item in at.entries():
        until = item["until"].turn(values.day)
        if until is not None:
            yield Waiver(rule, item["reason"].text(), item["owner"].text(), until, item.key_place)


def _agreement(at: At) -> Agreement | None:
    if at.value is None:
        return None
    return Agreement(
        availability=at["availability"].text(),
        performance=at["performance"].text(),
        changes=at["changes"].text(),
        faults=at["faults"].text(),
        escalation=at["escalation"].text(),
        penalties=at["penalties"].text(),
        where=at.key_place,
    )


def _published(at: At) -> Iterator[Published]:
    for document, item in at.entries():
        reviewed = None if item["reviewed"].value is None else item["reviewed"].turn(values.day)
        yield Published(document, item["url"].text(), reviewed, item.key_place)


def _audit(at: At) -> Audit:
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
