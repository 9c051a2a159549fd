"""The files of a provider that begins, and of a customer that comes: text with comments, to go on with."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from mailwright.provider.secrets import FOLDER, folder
from mailwright.records import dataclass
from mailwright.site import starter, values
from mailwright.site.starter import Administrator, Facts, scalar

PLATFORM = "shared"
PROFILE = "school"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a mailbox."""

    name: str
    login: str
    address: str


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What a customer's file has to say at least. All values are as ``site.values`` wants them.

    people    rows of the list of people; empty where ``list_`` is there
    list_     the text of a list that was given, as it is
    selector  of DKIM; empty: its mail is not signed yet
    """

    id: str
    name: str
    domains: tuple[str, ...]
    platform: str
    profiles: tuple[str, ...]
    contacts: tuple[Administrator, ...]
    people: tuple[Person, ...]
    list_: bytes
    selector: str
    registry: str = ""


def person(text: str, domain: str) -> Person:
    """``Name, login[, address]``; without an address it is First.Last at the domain.

    Raises ValueError with the reason.
    """
    parts = [part.strip() for part in text.split(",")]
    if not 2 <= len(parts) <= 3:
        raise ValueError(f"{text!r} is not of the form Name, login[, address]")
    name, login, *rest = parts
    address = values.address(rest[0]) if rest else starter.published(name, domain)
    return Person(starter.text(name), values.login(login), address)


def provider(facts: Facts) -> Mapping[str, str]:
    """Path in the provider's folder to text. The facts are of the provider's own mail on its shared hosts."""
    return {
        "provider.yml": _provider(facts),
        f"platforms/{PLATFORM}.yml": starter.description(facts).replace(
            "$schema=site.schema.json", "$schema=../site.schema.json", 1
        ),
        "platforms/people.csv": starter.people(facts),
        f"profiles/{PROFILE}.yml": _PROFILE_TEXT,
        ".gitignore": f"# Private keys and passwords are for no repository.\n{FOLDER}/\n",
    }


def _provider(facts: Facts) -> str:
    team = "".join(f"    - {scalar(one.address)}\n" for one in facts.administrators)
    addresses = f"[{', '.join(scalar(one.address) for one in facts.administrators)}]"
    return f"""\
# yaml-language-server: $schema=provider.schema.json
# Many organisations from one place. Each customer is a file in customers/: `mailwright new-customer` writes one.
provider:
  name: {scalar(facts.organisation)}
  team: # whom roles of customers may reach, beside the customers' own people
{team}
platforms: # shared hosts, each with a whole description of the provider's own mail on them
  {PLATFORM}: platforms/{PLATFORM}.yml

profiles: # what several customers have in common; they name them in order, and a later one goes over an earlier one
  {PROFILE}: profiles/{PROFILE}.yml

defaults: # under every profile and every customer
  roles: # the team answers until a customer names people of its own (ROLE-5: never one alone)
    postmaster: {addresses}
    abuse: {addresses}
  store: {{quota: 2 GB}}
  logging: {{days: 92}} # what a customer sees of its part of the log
  # What is promised to those who use the service (AGREE-1); it is in each customer's agreement, with both names:
  # agreement:
  #   availability: 99.5 % in a month, but for announced work
  #   performance: mail is delivered within five minutes
  #   changes: within one working day
  #   faults: within four hours, on working days
  #   escalation: the head of operations
  #   penalties: none

limits: # what a customer's file may not say, or only so
  /store/quota: {{maximum: 10 GB, reason: more room is agreed with operations}}
  /people/*/quota: {{maximum: 10 GB, reason: more room is agreed with operations}}
"""


_PROFILE_TEXT = """\
# What schools have in common. Any part of a description can stand here.
address_book: nobody
store: {quota: 1 GB}
"""


def customer(new: NewCustomer, schema: bool) -> str:
    """The text of ``customers/<id>.yml``. ``schema``: it is in the provider's folder, for editors."""
    contacts = "".join(
        f"    - {{name: {scalar(one.name)}, email: {scalar(one.address)}, telephone: {scalar(one.telephone)}}}\n"
        for one in new.contacts
    )
    domains = "".join(f"  - {scalar(name)}\n" for name in new.domains)
    profiles = f"profiles: [{', '.join(map(scalar, new.profiles))}]"
    if not new.profiles:
        profiles = "# profiles: [school]   what it has in common with others; the names are in provider.yml"
    paths = f"public_key: {new.id}/dkim.pub, private_key: {_secret(new, 'dkim.key')}"
    key = f"dkim: {{selector: {scalar(new.selector)}, {paths}}}"
    if not new.selector:
        key = (
            "# Take the mark from the next line when there is a pair of keys (`mailwright dkim-key` makes one):\n"
            f"# dkim: {{selector: mail1, {paths}}}"
        )
    registry = f"registry: {scalar(new.registry)}"
    if not new.registry:
        registry = "# registry: COLL1-RIPE   the handle of its contact in the RIPE registry (AUDIT-6)"
    head = "# yaml-language-server: $schema=../customer.schema.json\n" if schema else ""
    return f"""\
{head}# What is not said here comes from its profiles, and from defaults: in provider.yml.
platform: {scalar(new.platform)}
{profiles}

organisation:
  name: {scalar(new.name)}
  {registry}
  contacts: # whom Janet can reach about its mail (AUDIT-5)
{contacts}
domains: # the first is the primary one, which stands in logins. With more: {{name: …, facilities: [dns]}} (ROLE-2)
{domains}
people: {new.id}/people.csv # everybody with a mailbox

# Who reads what is written to postmaster and abuse is said by the layers below, until it is said here:
# roles: {{postmaster: [login1, login2], abuse: [login1, login2]}}

# Secrets are named, never read: from the folder of what is built on, {FOLDER}/ there can be a link to yours.
store: {{passwords: {_secret(new, "passwords")}}}
{key}

# When it leaves, the last day of each thing; nothing is deleted before, nor by taking this file away:
# leaving: {{stop: 2027-03-31, mail_until: 2027-06-30, logs_until: 2027-09-30}}
"""


def _secret(new: NewCustomer, name: str) -> str:
    return f"{folder(new.id)}/{name}"


def people(new: NewCustomer) -> bytes:
    """``people.csv``: the list that was given, or the columns with a row for each of the people."""
    if new.list_:
        return new.list_
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(("login", "name", "address", "aliases", "internal", "department", "quota"))
    writer.writerows((one.login, one.name, one.address, "", "", "", "") for one in new.people)
    return rows.getvalue().encode()
