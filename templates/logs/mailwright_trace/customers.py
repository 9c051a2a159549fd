"""Whose is an address, where hosts serve several customers (SCALE-2): by a list that is kept on this host.

What assembles the tables of mail from what each customer's build says writes ``PLACE`` after them, whole:

    {"customers": {"college": {"realm": "college.ac.uk", "domains": ["college.ac.uk", "chem.college.ac.uk"],
                               "days": 92, "logs_until": "2027-09-30",
                               "since": {"chem.college.ac.uk": "2027-01-15"}}}}

``realm`` is the domain that stands after the @ in the customer's logins, and one of ``domains``; ``days`` how long
the customer sees its part of the log; ``logs_until``, where it leaves, the last day of that (else missing or "");
``since`` the first day of a domain that it did not always have: what is older may be somebody else's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

PLACE = "/var/lib/mailwright-customers/customers.json"


@dataclass(frozen=True)
class Customer:
    """``logs_until``: the last day on which it sees anything; None: it stays. ``since``: domain → its first
    day, if that is known."""

    id: str
    realm: str
    domains: frozenset[str]
    days: int
    logs_until: date | None = None
    since: Mapping[str, date] = field(default_factory=dict, hash=False)

    def sees(self, today: date) -> bool:
        return self.logs_until is None or today <= self.logs_until

    def has(self, address: str) -> bool:
        """Whether an address, or a login with its realm, is in one of the customer's domains."""
        return domain_of(address) in self.domains

    def had(self, address: str, day: date) -> bool:
        """Whether it was, on that day."""
        domain = domain_of(address)
        return domain in self.domains and self.since.get(domain, day) <= day


@dataclass(frozen=True)
class Customers:
    by_id: dict[str, Customer] = field(default_factory=dict)
    by_domain: dict[str, str] = field(default_factory=dict)

    def of(self, address: str) -> str:
        """The id of the customer whose address or login it is; empty: nobody's here."""
        return self.by_domain.get(domain_of(address), "")

    def of_on(self, address: str, day: date) -> str:
        """Whose it was on that day, as far as it is whose it is now; empty: nobody's here who is known."""
        name = self.of(address)
        return name if name and self.by_id[name].had(address, day) else ""


def domain_of(address: str) -> str:
    """In small letters, without the dot at its end; empty where there is none."""
    return address.rpartition("@")[2].lower().rstrip(".") if "@" in address else ""


def read(place: str = PLACE) -> Customers:
    """Nobody where there is no such file: hosts of one organisation alone.

    Raises OSError, and ValueError for a list in which a domain has two owners, or that is not of this form: then
    nobody's is known, and nothing may be answered.
    """
    try:
        text = Path(place).read_text(encoding="utf-8")
    except FileNotFoundError:
        return Customers()
    try:
        rows = json.loads(text)["customers"].items()
        found = {name: _customer(name, row) for name, row in rows}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{place} is no list of customers ({type(error).__name__}: {error})") from None
    owners: dict[str, str] = {}
    for one in found.values():
        for domain in one.domains:
            if owners.setdefault(domain, one.id) != one.id:
                raise ValueError(f"{place}: {domain} is said to be {owners[domain]}'s and {one.id}'s")
    return Customers(found, owners)


def _customer(name: str, row: dict[str, Any]) -> Customer:
    domains = frozenset(str(domain).lower().rstrip(".") for domain in row["domains"])
    realm, until = str(row["realm"]).lower(), row.get("logs_until") or ""
    if realm not in domains or isinstance(row["domains"], str) or "" in domains:
        raise ValueError(f"{name}: the realm has to be one of the domains")
    days = row["days"]
    if isinstance(days, bool) or not isinstance(days, int) or days < 0:
        raise ValueError(f"{name}: {days!r} is no number of days")
    since = {str(domain).lower(): date.fromisoformat(day) for domain, day in row.get("since", {}).items()}
    return Customer(name, realm, domains, days, date.fromisoformat(until) if until else None, since)
