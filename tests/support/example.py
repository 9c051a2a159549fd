"""The worked example as a Site, and variations of it: tests say only what differs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from ipaddress import ip_network
from pathlib import Path

from mailwright.findings import Place
from mailwright.site.model import Addressee, Gateway, Host, Network, Person, Role, Site, Waiver
from mailwright.site.read import Reading, read

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "inventories" / "example" / "site.yml"
HERE = Place("test.yml", 1, 1)


@cache
def example_reading() -> Reading:
    return read(EXAMPLE)


def load_example() -> Site:
    """inventories/example as it is."""
    reading = example_reading()
    assert reading.site is not None, [f"{finding.where}: {finding.message}" for finding in reading.findings]
    return reading.site


def example(**parts: object) -> Site:
    """The example with some parts replaced: ``example(time=Time(("a.example",), HERE))``."""
    return replace(load_example(), **parts)  # type: ignore[arg-type]


@cache
def _split_hosts() -> tuple[Host, ...]:
    """The hosts of inventories/split, as they are described."""
    site = read(ROOT / "inventories" / "split" / "site.yml").site
    assert site is not None
    return site.hosts


def split_hosts(*, os: str = "debian-13") -> tuple[Host, ...]:
    """Those of inventories/split, all on one release."""
    return tuple(replace(host, os=os) for host in _split_hosts())


SPLIT = tuple(
    (host.name.partition(".")[0], int(str(host.addresses[0]).rpartition(".")[2]), host.functions)
    for host in _split_hosts()
)
"""Each host of the split site: its first label, the last number of both its addresses, and its functions."""


def split(**parts: object) -> Site:
    """The example spread over six hosts: two mailers, one for submission, two stores, one for logs."""
    return example(hosts=split_hosts(), **parts)


def gateway(**parts: object) -> Gateway:
    """A department's own server behind the gateway, for chem.college.ac.uk unless said otherwise."""
    people = (Addressee("K.Marx@physics.college.ac.uk", "km@exchange.physics.college.ac.uk", HERE),)
    plain = Gateway(
        name="exchange",
        domains=("physics.college.ac.uk",),
        next_hop="exchange.physics.college.ac.uk",
        port=25,
        tls="verify",
        recipients="listed",
        people=people,
        clients=(Network(ip_network("198.51.100.77/32"), HERE),),
        where=HERE,
    )
    return replace(plain, **parts)  # type: ignore[arg-type]


def with_gateway(**parts: object) -> Site:
    """The example with one more domain, which a gateway serves."""
    site = load_example()
    made = gateway(**parts)
    new = tuple(replace(site.primary, name=name) for name in made.domains)
    roles = tuple(
        replace(item, domains=(*item.domains, *made.domains)) if len(item.domains) > 1 else item
        for item in site.roles
    )
    return example(domains=(*site.domains, *new), roles=roles, gateways=(made,))


def person(login: str, address: str = "", **parts: object) -> Person:
    """A person of the example's primary domain."""
    plain = Person(
        login=login,
        name=f"Name of {login}",
        address=address or f"first.{login}@college.ac.uk",
        aliases=(),
        internal=(),
        department="",
        quota=None,
        where=HERE,
    )
    return replace(plain, **parts)  # type: ignore[arg-type]


def role(local: str, *members: str, **parts: object) -> Role:
    """A role in both domains of the example."""
    plain = Role(
        local=local,
        also=(),
        domains=tuple(domain.name for domain in load_example().domains),
        members=members,
        senders=tuple(member for member in members if "@" not in member),
        where=HERE,
        member_places=tuple(HERE for _ in members),
    )
    return replace(plain, **parts)  # type: ignore[arg-type]


def with_person(*people: Person) -> Site:
    """The example and these people; one whose login is there already takes that person's place."""
    logins = {new.login for new in people}
    return example(people=(*(old for old in load_example().people if old.login not in logins), *people))


def with_role(*roles: Role) -> Site:
    """The example and these roles; one whose name is there already takes that role's place."""
    names = {new.local for new in roles}
    return example(roles=(*(old for old in load_example().roles if old.local not in names), *roles))


def without_role(local: str) -> Site:
    return example(roles=tuple(old for old in load_example().roles if old.local != local))


@cache
def whole() -> Site:
    """inventories/whole as it is: lists, webmail, an address book, pages."""
    site = read(ROOT / "inventories" / "whole" / "site.yml").site
    assert site is not None
    return site


def with_everything() -> Site:
    """What the whole site and the gateway site have, on the split site's hosts and the web host."""
    hosts = tuple(
        replace(host, functions=(*host.functions, "lists")) if host.name.startswith("mail.") else host
        for host in split_hosts()
    )
    gated = with_gateway()
    waiver = Waiver("ROLE-5.one-person", "the second starts in January", "Rosa Luxemburg", date(2027, 1, 31), HERE)
    return replace(
        whole(),
        hosts=(*hosts, whole().hosts[1]),
        domains=gated.domains,
        gateways=gated.gateways,
        waivers=(waiver,),
    )
