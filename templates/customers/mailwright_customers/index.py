"""What was assembled last, as the host remembers it, so that only what changed is made."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mailwright_customers import host
from mailwright_customers.host import CustomersError, Places, Settings


@dataclass
class Entry:
    """What was assembled of a customer. ``parts``: table → where in its text, and how many octets;
    ``since``: domain → the first day that it sees in the logs, where it did not always have the domain."""

    sha256: str
    realm: str
    state: str
    days: int
    leaving: list[str]
    domains: list[str]
    inside: list[str]
    addresses: int
    parts: dict[str, list[int]] = field(default_factory=dict)
    since: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.domains, *self.inside)


@dataclass
class Index:
    """What was assembled last. ``texts``: table → its text's file; ``made``: table → size and time of its cdb;
    ``realms``, ``left``: as owners.realms and owners.let_go have them."""

    settings: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    made: dict[str, list[int]] = field(default_factory=dict)
    realms: dict[str, dict[str, str]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)


def read_index(places: Places, settings: Settings) -> Index:
    """Nothing where there is none, or one of another version: then all is made anew, and only who was there first,
    and whose mail is where, is taken from it."""
    try:
        said = json.loads(places.at(host.INDEX).read_text(encoding="utf-8"))
        said["entries"] = {name: Entry(**row) for name, row in said["entries"].items()}
        found = Index(**said)
    except FileNotFoundError:
        return Index(stamp(settings))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CustomersError(f"{host.INDEX} cannot be read: move it away to assemble anew") from None
    return found


def seen(places: Places, index: Index) -> dict[str, dict[str, str]]:
    """Customer → the domains of which it has seen the logs here, each with the first day or, where it always had
    it, ``""``. Where what was assembled was moved away, the list for the view of the logs still says so."""
    if index.entries:
        return {
            name: {domain: entry.since.get(domain, "") for domain in entry.domains}
            for name, entry in index.entries.items()
        }
    try:
        rows = json.loads(places.at(host.VIEW).read_text(encoding="utf-8"))["customers"]
        return {
            str(name): {str(domain): str(row.get("since", {}).get(domain, "")) for domain in row["domains"]}
            for name, row in rows.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def stamp(settings: Settings) -> str:
    """Of the platform and of this program: with another one everything is made anew."""
    said = {**asdict(settings), "own": sorted(settings.own), "folders": sorted(settings.folders)}
    program = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(json.dumps([program, said], sort_keys=True).encode()).hexdigest()
