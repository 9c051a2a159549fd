"""The worked example as a Site, and variations of it: tests say only what differs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from mailwright.findings import Place
from mailwright.site.model import Person, Role, Site
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
