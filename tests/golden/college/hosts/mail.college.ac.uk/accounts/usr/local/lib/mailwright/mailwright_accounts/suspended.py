"""Suspended logins: they sign in nowhere, what they have open is ended, and their mail is taken in and kept.

The list is host state, in one file for Dovecot, which asks it before it looks at a password, and one for the policy
server that Postfix asks at each recipient. The reasons are in the folder of state.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from mailwright_accounts.host import Places, ask, entries, read, write

_HEAD = """\
# REMOTE-1, RELAY-3: logins that are suspended. Found here, a login is refused, whatever its password is.
# This host's own state, written by mailwright-account; no apply touches it.
"""


@dataclass(frozen=True)
class Suspension:
    reason: str
    by: str
    since: str  # ISO 8601, UTC


def known(places: Places) -> dict[str, Suspension]:
    """What Dovecot's list says counts; a login that somebody put there by hand has no reason here."""
    said = json.loads(read(places.state / "suspended.json") or "{}")
    return {
        login: Suspension(**said[login]) if login in said else Suspension("", "", "")
        for login, _ in entries(places.suspended)
    }


def add(places: Places, login: str, reason: str, by: str) -> bool:
    """Whether it was not there. The caller holds the lock."""
    now = known(places)
    if login in now:
        return False
    since = datetime.now(UTC).isoformat(timespec="seconds")
    save(places, {**now, login: Suspension(reason, by, since)})
    return True


def take(places: Places, login: str) -> bool:
    """Whether it was there. The caller holds the lock."""
    now = known(places)
    if login not in now:
        return False
    save(places, {name: said for name, said in now.items() if name != login})
    return True


def save(places: Places, suspended: dict[str, Suspension]) -> None:
    """The mailer's list, Dovecot's and the reasons; made where they are not there yet."""
    names = sorted(suspended)
    if places.mailer.parent.is_dir():
        write(places.mailer, "".join(f"{login}\n" for login in names), "postfix", 0o640)
    lines = "".join(f"{login}:::::::nopassword=y\n" for login in names)
    write(places.suspended, _HEAD + lines, "dovecot", 0o640)
    said = {login: asdict(one) for login, one in sorted(suspended.items())}
    write(places.state / "suspended.json", json.dumps(said, indent=2) + "\n")


def end_sessions(login: str, proxies: bool, sleep: Callable[[float], None] = time.sleep) -> None:
    """End what the login has open at Dovecot. Twice: somebody may be signing in at this very moment."""
    for turn in range(2):
        sleep(1.1 if turn == 0 else 2.0)  # Dovecot looks at its lists once a second
        ask(["doveadm", "auth", "cache", "flush", login])
        ask(["doveadm", "kick", login])
        if proxies:
            ask(["doveadm", "proxy", "kick", login])


def queued(addresses: set[str]) -> list[str]:
    """Ids of messages in the mailer's queue whose sender is one of the addresses, those on hold left out."""
    status, words = ask(["postqueue", "-j"])
    if status != 0:
        return []
    found = []
    for line in words.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if message.get("queue_name") != "hold" and str(message.get("sender", "")).lower() in addresses:
            found.append(str(message["queue_id"]))
    return found


def addresses_of(places: Places, login: str) -> set[str]:
    """What the login sends as, by the mailer's table."""
    found = set()
    for line in read(places.at("/etc/postfix/senders")).splitlines():
        if line and not line.startswith(("#", " ", "\t")):
            address, *logins = line.replace(",", " ").split()
            if login in (name.lower() for name in logins):
                found.add(address.lower())
    if "@" in login:  # a customer's, whose fragment says it
        customer = places.passwords_of(login)[0].stem
        for line in read(places.at(f"/etc/mailwright/customers/{customer}.tables")).splitlines():
            kind, *fields = line.split(" ")
            if kind == "sender" and fields[1:] == [login]:
                found.add(fields[0])
    return found
