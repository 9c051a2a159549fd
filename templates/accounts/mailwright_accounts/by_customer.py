"""What each customer of shared hosts uses, month by month (SCALE-2, AGREE-1), as sums that name nobody.

A message is somebody's by the logins and domains of the list that the host keeps of its customers. What a
customer's logins submit counts as theirs; what reaches their addresses from anywhere else, another customer too,
counts as come in, once for each message. A day's numbers stand in one row of machine integers, so that what is
needed to count is known beforehand whatever the log says. Days before a domain came to a customer are not its own.

The sums are in one data base. Until a month is over its active users are kept as keyed hashes, as those of the
whole site; then they are deleted with their key, and their number stays. Of a customer that has left everything is
deleted when its last day is over.

An id may be given to another organisation, which has nothing of what was counted before: of each customer a digest
of its realm is kept, and when none of its domains has that any more, the sums of before are another's. They stay
for the provider to see, under the id with ``~`` and a number.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from mailwright_trace.customers import Customers
from mailwright_trace.lines import Event

from mailwright_accounts.host import LOGIN, safe_folder
from mailwright_accounts.people import Quota

STORE = "customers.sqlite"
COUNTED = ("imap", "pop3", "submitted", "submitted_octets", "came", "came_octets", "delivered", "sent_on")
HELD = ("mailboxes", "octets", "full")
MOST_PASSING = 200_000
"""Messages that are followed at a time; of more the oldest are let go."""

_ID = r"[a-z0-9][a-z0-9-]{0,62}"
STORAGE = re.compile(rf"storage-of host=(\S+)((?: {_ID}=\d+/\d+/\d+)+)")
_LONGEST = 900  # octets of a line


@dataclass
class Numbers:
    """A day's, of all customers."""

    counts: array[int]
    held: dict[str, dict[str, tuple[int, int, int]]] = field(default_factory=dict)  # host → customer → sums


@dataclass
class _Passing:
    """A message in a host's queue. ``owner``: whose login submitted it."""

    owner: str
    octets: int = 0
    reached: set[str] = field(default_factory=set)


class Tally:
    """Counts what lines say, for customers. ``own``: addresses of the hosts."""

    def __init__(self, known: Customers, own: frozenset[str], days: Iterable[date]) -> None:
        self.known = known
        self.own = own
        self.place = {name: at * len(COUNTED) for at, name in enumerate(sorted(known.by_id))}
        self.days = {day: Numbers(array("Q", bytes(8 * len(COUNTED) * len(self.place)))) for day in days}
        self._passing: dict[tuple[str, str], _Passing] = {}

    def _add(self, day: date, customer: str, what: str, number: int = 1) -> None:
        if customer:
            self.days[day].counts[self.place[customer] + COUNTED.index(what)] += number

    def signed_in(self, day: date, login: str, way: str) -> bool:
        """Whether the login is a customer's."""
        if way in COUNTED:
            self._add(day, self.known.of_on(login, day), way)
        return bool(self.known.of(login))

    def holds(self, day: date, host: str, rows: str) -> None:
        held = self.days[day].held.setdefault(host, {})
        for row in rows.split():
            name, _, numbers = row.partition("=")
            if (one := self.known.by_id.get(name)) is None or one.had(f"@{one.realm}", day):
                mailboxes, octets, full = map(int, numbers.split("/"))
                held[name] = (mailboxes, octets, full)

    def event(self, day: date, host: str, event: Event) -> None:
        said, key = event.said, (host, event.id)
        if event.kind == "client":
            outside = event.line.service == "smtp" and said["address"] not in self.own
            if said["login"] or outside:
                if len(self._passing) >= MOST_PASSING:
                    del self._passing[next(iter(self._passing))]
                self._passing[key] = _Passing(self.known.of_on(said["login"], day) if said["login"] else "")
        elif event.kind == "queued":
            message = self._passing.get(key)
            if message is not None and not message.octets:  # a message that waits is queued again
                message.octets = int(said["size"])
                self._add(day, message.owner, "submitted")
                self._add(day, message.owner, "submitted_octets", message.octets)
        elif event.kind == "delivery" and said["status"] == "sent":
            self._sent(day, event, self._passing.get(key))
        elif event.kind == "removed":
            self._passing.pop(key, None)

    def _sent(self, day: date, event: Event, message: _Passing | None) -> None:
        said = event.said
        reached = {self.known.of_on(address, day) for address in (said["to"], said["orig_to"]) if address} - {""}
        if message is not None:
            for customer in sorted(reached - message.reached - {message.owner}):
                self._add(day, customer, "came")
                self._add(day, customer, "came_octets", message.octets)
            message.reached |= reached
        if said["program"] == "lmtp" and event.line.service in ("", "store"):
            self._add(day, self.known.of_on(said["to"], day), "delivered")
        elif said["program"] == "smtp" and said["address"] not in self.own:
            owner = message.owner if message is not None else ""
            self._add(day, owner or self.known.of_on(said["orig_to"], day), "sent_on")


# ---- what is kept


_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS counted (day TEXT PRIMARY KEY, known INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sums (month TEXT, customer TEXT, active INTEGER NOT NULL DEFAULT 0,
  {", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in (*COUNTED, *HELD))},
  PRIMARY KEY (month, customer)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (month TEXT PRIMARY KEY, key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS active (month TEXT, customer TEXT, hash BLOB,
  PRIMARY KEY (month, customer, hash)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leaving (customer TEXT PRIMARY KEY, until TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS realms (customer TEXT PRIMARY KEY, digest BLOB NOT NULL);
"""


@contextmanager
def opened(state: Path) -> Iterator[sqlite3.Connection]:
    """To write, in one go: all of it is kept or nothing. Raises sqlite3.Error."""
    place = state / STORE
    if not place.exists():
        place.touch(mode=0o600)
    with closing(sqlite3.connect(place, timeout=60, isolation_level=None)) as base:
        base.execute("PRAGMA secure_delete = ON")
        base.executescript(_SCHEMA)
        base.execute("BEGIN IMMEDIATE")
        try:
            yield base
        except BaseException:
            base.execute("ROLLBACK")
            raise
        base.execute("COMMIT")


def counted(state: Path) -> set[date]:
    """The days that were looked at, whether there was a log of them or not."""
    if not (state / STORE).exists():
        return set()
    with closing(sqlite3.connect(f"file:{state / STORE}?mode=ro", uri=True, timeout=60)) as base:
        return {date.fromisoformat(day) for (day,) in base.execute("SELECT day FROM counted")}


def part(base: sqlite3.Connection, known: Customers) -> None:
    """Parts the sums of who had an id before from those of whoever has it now."""
    for name in _strangers(base, known):
        last = max((int(one.rpartition("~")[2]) for one in _formerly(base, name)), default=0)
        for table in _OF_CUSTOMERS:
            base.execute(f"UPDATE {table} SET customer = ? WHERE customer = ?", (f"{name}~{last + 1}", name))  # noqa: S608
    base.executemany(
        "INSERT OR REPLACE INTO realms VALUES (?, ?)",
        ((one.id, _digest(one.realm)) for one in known.by_id.values()),
    )


_OF_CUSTOMERS = ("sums", "active", "leaving", "realms")


def _strangers(base: sqlite3.Connection, known: Customers) -> list[str]:
    """Ids under which the sums of another organisation are. A primary domain that is another one of the same
    customer's by now makes it no other."""
    return [
        name
        for name, digest in base.execute("SELECT customer, digest FROM realms ORDER BY customer")
        if (one := known.by_id.get(name)) is not None
        and digest not in {_digest(domain) for domain in (one.realm, *one.domains)}
    ]


def _formerly(base: sqlite3.Connection, name: str) -> list[str]:
    """What is kept of those who had the id before."""
    rows = base.execute("SELECT customer FROM sums UNION SELECT customer FROM realms")
    return [one for (one,) in rows if one.startswith(f"{name}~")]


def _digest(realm: str) -> bytes:
    return hashlib.sha256(realm.encode()).digest()[:16]


def keep(base: sqlite3.Connection, tally: Tally, seen: Mapping[date, set[str] | None]) -> None:
    """Adds the days. ``seen``: who was active on each; None for a day of which there is no log any more."""
    for day, logins in sorted(seen.items()):
        base.execute("INSERT INTO counted VALUES (?, ?)", (day.isoformat(), logins is not None))
        if logins is not None:
            _keep(base, tally, day, logins)


def _keep(base: sqlite3.Connection, tally: Tally, day: date, logins: set[str]) -> None:
    month, numbers = f"{day:%Y-%m}", tally.days[day]
    base.executemany(
        "INSERT OR IGNORE INTO sums (month, customer) VALUES (?, ?)", ((month, name) for name in tally.place)
    )
    more = ", ".join(f"{name} = {name} + ?" for name in COUNTED)
    base.executemany(
        f"UPDATE sums SET {more} WHERE month = ? AND customer = ?",  # noqa: S608 - names of columns, from above
        (
            (*numbers.counts[at : at + len(COUNTED)], month, name)
            for name, at in tally.place.items()
            if any(numbers.counts[at : at + len(COUNTED)])
        ),
    )
    if numbers.held:
        together: dict[str, tuple[int, ...]] = {}
        for rows in numbers.held.values():
            for name, row in rows.items():
                before = together.get(name, (0, 0, 0))
                together[name] = tuple(one + other for one, other in zip(before, row, strict=True))
        now = ", ".join(f"{name} = ?" for name in HELD)
        base.executemany(
            f"UPDATE sums SET {now} WHERE month = ? AND customer = ?",  # noqa: S608
            ((*row, month, name) for name, row in together.items()),
        )
    base.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (month, secrets.token_bytes(32)))
    (key,) = base.execute("SELECT key FROM keys WHERE month = ?", (month,)).fetchone()
    base.executemany(
        "INSERT OR IGNORE INTO active VALUES (?, ?, ?)",
        (
            (month, customer, hmac.new(key, login.encode(), hashlib.sha256).digest()[:16])
            for login in logins
            if (customer := tally.known.of_on(login, day))
        ),
    )
    base.execute(
        "UPDATE sums SET active = (SELECT count(*) FROM active WHERE active.month = sums.month "
        "AND active.customer = sums.customer) WHERE month = ?",
        (month,),
    )


def tidy(base: sqlite3.Connection, known: Customers, today: date) -> None:
    """Months that are over name nobody any more, not even by a hash; who has left is forgotten when it is time."""
    for table in ("active", "keys"):
        base.execute(f"DELETE FROM {table} WHERE month < ?", (f"{today:%Y-%m}",))  # noqa: S608
    base.execute("DELETE FROM counted WHERE day < ?", (f"{today.year - 1:04}-{today:%m-%d}",))
    for one in known.by_id.values():
        if one.logs_until is None:
            base.execute("DELETE FROM leaving WHERE customer = ?", (one.id,))
        else:
            base.execute("INSERT OR REPLACE INTO leaving VALUES (?, ?)", (one.id, one.logs_until.isoformat()))
    # A customer that the hosts do not have any more stays until the day that was said while they did.
    over = [name for (name,) in base.execute("SELECT customer FROM leaving WHERE until < ?", (today.isoformat(),))]
    for name in over:
        for table in _OF_CUSTOMERS:
            base.execute(f"DELETE FROM {table} WHERE customer = ?", (name,))  # noqa: S608


# ---- what is told


def report(state: Path, month: str, only: str = "", known: Customers | None = None) -> dict[str, Any]:
    """The sums of a month: of each customer, or of ``only`` one. Days that are over count, today not yet.

    known  who has which id now: before the first night nothing is told under an id that another one had
    """
    empty: dict[str, Any] = {"month": month, "days": 0, "customers": {}}
    if not (state / STORE).exists():
        return empty
    with closing(sqlite3.connect(f"file:{state / STORE}?mode=ro", uri=True, timeout=60)) as base:
        (days,) = base.execute(
            "SELECT count(*) FROM counted WHERE known AND substr(day, 1, 7) = ?", (month,)
        ).fetchone()
        names = ("customer", "active", *COUNTED, *HELD)
        rows = base.execute(
            f"SELECT {', '.join(names)} FROM sums WHERE month = ? AND (? = '' OR customer = ?) ORDER BY customer",  # noqa: S608
            (month, only, only),
        )
        found = {row[0]: _told(dict(zip(names, row, strict=True))) for row in rows}
        has = base.execute("SELECT 1 FROM sqlite_master WHERE name = 'realms'").fetchone()
        for name in _strangers(base, known) if known is not None and has else ():
            if name in found:
                found[f"{name}~"] = found.pop(name)
        found = {name: row for name, row in sorted(found.items()) if not only or name == only}
    return {"month": month, "days": days, "customers": found} if found else empty


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "active_users": row["active"],
        "sign_ins": {"imap": row["imap"], "pop3": row["pop3"]},
        "messages": {
            "in": row["came"],
            "in_octets": row["came_octets"],
            "submitted": row["submitted"],
            "submitted_octets": row["submitted_octets"],
            "delivered_to_mailboxes": row["delivered"],
            "sent_to_others": row["sent_on"],
        },
        "storage": {"mailboxes": row["mailboxes"], "octets": row["octets"], "over_90_percent": row["full"]},
    }


def text(said: dict[str, Any]) -> Iterator[str]:
    """A line for each customer, for people."""
    if not said["customers"]:
        yield f"Of {said['month']} nothing is known here."
        return
    yield f"Use of the mail service by customers, {said['month']} ({said['days']} days counted)"
    yield ""
    yield f"{'customer':24}{'mailboxes':>10}{'MiB':>12}{'active':>8}{'sign-ins':>10}{'in':>10}{'submitted':>10}"
    for name, one in said["customers"].items():
        held, messages = one["storage"], one["messages"]
        yield (
            f"{name:24}{held['mailboxes']:>10,}{held['octets'] / 2**20:>12,.1f}{one['active_users']:>8,}"
            f"{sum(one['sign_ins'].values()):>10,}{messages['in']:>10,}{messages['submitted']:>10,}"
        )


def logins(known: Customers, mail: Path) -> Iterator[str]:
    """Customers' logins that have a mailbox on this store: a folder in that of their realm."""
    for name in sorted(known.by_id):
        folder = mail / known.by_id[name].realm
        if safe_folder(folder):
            for entry in sorted(folder.iterdir()):
                if LOGIN.fullmatch(entry.name) and safe_folder(entry):
                    yield f"{entry.name}@{folder.name}"


def held(known: Customers, quotas: Iterable[tuple[str, Quota]], full: float) -> dict[str, tuple[int, int, int]]:
    """Of each customer: mailboxes, what they hold, and how many are filled above the part ``full``."""
    found: dict[str, tuple[int, int, int]] = {}
    for login, quota in quotas:
        if name := known.of(login):
            number, octets, over = found.get(name, (0, 0, 0))
            found[name] = (number + 1, octets + quota.used, over + (quota.part > full))
    return found


def storage_lines(host: str, held: Mapping[str, tuple[int, int, int]]) -> Iterator[str]:
    """For the log, some customers on each line: mailboxes, octets, and how many are nearly full."""
    line = f"storage-of host={host}"
    for name, row in sorted(held.items()):
        more = f" {name}={'/'.join(map(str, row))}"
        if len(line) + len(more) > _LONGEST:
            yield line
            line = f"storage-of host={host}"
        line += more
    if "=" in line.partition("=")[2]:
        yield line
