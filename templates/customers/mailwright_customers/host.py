"""What this host is, and where things are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

SETTINGS = Path("/etc/mailwright/customers.json")
POSTFIX = "/etc/postfix/customers"
DOVECOT = "/etc/dovecot/customers"
KEYS = "/etc/rspamd/customers"
STATE = "/var/lib/mailwright-customers"
FILTER = f"{STATE}/filter.cdb"
VIEW = f"{STATE}/customers.json"
REALMS = f"{STATE}/realms.json"
INDEX = f"{STATE}/assembled.json"
TABLES = f"{STATE}/tables"
FRAGMENTS = "/etc/mailwright/customers"


class CustomersError(Exception):
    """What could not be done, in words for whoever asked."""


@dataclass(frozen=True)
class Settings:
    """From the platform's description.

    mailer   it has Postfix, and the filter; dovecot: version of Dovecot here, empty: none
    store    it keeps mail
    own      names that are the platform's own
    folders  the platform's own logins that could be taken for a realm
    """

    host: str
    mailer: bool
    dovecot: str
    store: bool
    own: frozenset[str]
    folders: frozenset[str]
    mail: str


@dataclass(frozen=True)
class Places:
    """Where things are; another root in tests."""

    root: Path = Path("/")

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")


def read_settings(places: Places) -> Settings:
    said = json.loads(places.at(str(SETTINGS)).read_text(encoding="utf-8"))
    return Settings(**{**said, "own": frozenset(said["own"]), "folders": frozenset(said["folders"])})
