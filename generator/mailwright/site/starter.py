"""A first description, made from a few facts: text with comments, for somebody to go on with."""

from __future__ import annotations

import csv
import io
import re
import unicodedata

from mailwright.records import dataclass
from mailwright.site import values
from mailwright.source import scalars
from mailwright.source.characters import FORBIDDEN, describe

_PLAIN = re.compile(r"[A-Za-z0-9+]([A-Za-z0-9 ./_@+-]*[A-Za-z0-9/_])?")


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who looks after mail: a technical contact, and a member of the roles."""

    name: str
    login: str
    telephone: str
    address: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a description has to say at least. All values are as ``site.values`` wants them."""

    organisation: str
    timezone: str
    registry: str
    domain: str
    host: str
    os: str
    addresses: tuple[str, ...]
    campus: tuple[str, ...]
    management: tuple[str, ...]
    administrators: tuple[Administrator, ...]


def text(value: str) -> str:
    """One line of text. Raises ValueError with the reason when it is not."""
    value = value.strip()
    if match := FORBIDDEN.search(value):
        raise ValueError(f"it holds {describe(match[0])}")
    if not 1 <= len(value) <= 500:
        raise ValueError("it has to have 1 to 500 characters")
    return value


def administrator(value: str, domain: str) -> Administrator:
    """``Name, login, telephone[, address]``; without an address it is First.Last at the domain.

    Raises ValueError with the reason.
    """
    parts = [part.strip() for part in value.split(",")]
    if not 3 <= len(parts) <= 4:
        raise ValueError(f"{value!r} is not of the form Name, login, telephone[, address]")
    name, login, telephone, *rest = parts
    if sum(character.isdigit() for character in telephone) < 7 or not re.fullmatch(r"[+0(][0-9 ()]+", telephone):
        raise ValueError(f"{telephone!r} is not a telephone number with country or area code, as +44 1632 960001")
    address = values.address(rest[0]) if rest else published(name, domain)
    return Administrator(text(name), values.login(login), telephone, address)


def published(name: str, domain: str) -> str:
    """``Karl.Marx@college.ac.uk`` for Karl Marx. Raises ValueError for a name that ASCII has no letters for."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    local = ".".join(re.sub(r"[^A-Za-z0-9'-]", "", word) for word in folded.split())
    try:
        if len(folded.split()) != len(name.split()):
            raise ValueError(name)
        return values.address(f"{local}@{domain}")
    except ValueError:
        raise ValueError(f"no address can be made of {name!r}: give it as a fourth part") from None


def scalar(value: str) -> str:
    """Text as a YAML scalar that every reader takes for that text; in quotes where it needs them."""
    if _PLAIN.fullmatch(value) and scalars.resolve(value, date=False) == value:
        return value
    return "'" + value.replace("'", "''") + "'"


def _list(found: tuple[str, ...]) -> str:
    return "[" + ", ".join(scalar(value) for value in found) + "]"


def description(facts: Facts) -> str:
    """The text of ``site.yml``."""
    logins = _list(tuple(person.login for person in facts.administrators))
    contacts = "".join(
        f"    - {{name: {scalar(person.name)}, email: {scalar(person.address)}, "
        f"telephone: {scalar(person.telephone)}}}\n"
        for person in facts.administrators
    )
    registry = f"registry: {scalar(facts.registry)}"
    if not facts.registry:
        registry = "# registry: COLL1-RIPE   the handle of your contact in the RIPE registry (AUDIT-6)"
    return f"""\
# yaml-language-server: $schema=site.schema.json
# What is not said here has a safe default; your editor, with a YAML language server, knows all settings.
organisation:
  name: {scalar(facts.organisation)}
  timezone: {facts.timezone}
  {registry}
  contacts: # whom Janet can reach about mail (AUDIT-5)
{contacts}
domains: # the first is the primary one; a facility wants the address that RFC 2142 names for it (ROLE-2)
  - {{name: {scalar(facts.domain)}, facilities: [dns, web]}}

networks:
  campus: {_list(facts.campus)}
  management: {_list(facts.management)} # SSH is let in from here alone

hosts: # one that does everything: exchanges mail with the world, takes it from users, keeps it
  {scalar(facts.host)}:
    addresses: {_list(facts.addresses)}
    os: {facts.os}

people: people.csv # add everybody with a mailbox

roles: # in every domain; at least two people behind each, so that none depends on one person (ROLE-5)
  postmaster: {logins}
  abuse: {logins}
  hostmaster: {logins}
  webmaster: {logins}

# Signing of outgoing mail: take the mark from the next line, then run `mailwright dkim-key` with this file.
# dkim: {{selector: mail1, public_key: dkim.pub, private_key: secrets/dkim.key}}

# Secrets are named, never read. Certificate, key and first passwords are expected at these paths:
# tls: {{certificate: "secrets/{{host}}.pem", key: "secrets/{{host}}.key"}}
# store: {{passwords: secrets/passwords}}

# What only people can do, and who says that it is done: ROLE-3, AUDIT-5 and AUDIT-6. For example:
# attestations:
#   ROLE-3:
#     statement: Mail to postmaster and abuse is read on every working day and answered.
#     owner: (who vouches for it)
#     date: (the day it was last seen to be so, as 2026-03-31)
"""


def people(facts: Facts) -> str:
    """The text of ``people.csv``: the columns, and a row for each administrator to show how."""
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(("login", "name", "address", "aliases", "internal", "department", "quota"))
    writer.writerows((person.login, person.name, person.address, "", "", "", "") for person in facts.administrators)
    return rows.getvalue()
