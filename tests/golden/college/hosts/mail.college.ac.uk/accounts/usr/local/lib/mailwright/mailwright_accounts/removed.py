"""Logins that have left the description: their mail stays for a time of grace, and is then deleted.

Nothing is deleted of a login that is described, here or on another store; nor when the directory does not answer.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import date, timedelta

from mailwright_accounts import people, suspended
from mailwright_accounts.host import LOGIN, AccountError, Places, Settings, note, read, safe_folder, write
from mailwright_accounts.passwords import drop

SHARED = "/etc/mailwright/customers.json"
FRAGMENTS = "/etc/mailwright/customers"
REALMS = "/var/lib/mailwright-customers/realms.json"
SERVED = "/var/lib/mailwright-customers/customers.json"

REALM = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}")
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")  # of a customer

NOTICE = 7
"""Days for which a customer is known to be over before its mail is deleted."""

MOST_AT_ONCE = 0.3  # of the mailboxes here; more is asked about
FEW = 10


@dataclass(frozen=True)
class Gone:
    login: str
    since: date
    until: date  # on that day its mail is deleted

    def row(self) -> dict[str, str]:
        return {"login": self.login, "since": self.since.isoformat(), "until": self.until.isoformat()}


def mailboxes(places: Places) -> list[str]:
    """Logins whose mail is here. What was set aside, or is being deleted, is in hidden folders; and a folder with
    the name of a customer's realm is no login's. Raises AccountError where it cannot be told which those are."""
    if not places.mail.is_dir():
        return []
    others = realms(places)
    return sorted(
        entry.name
        for entry in places.mail.iterdir()
        if LOGIN.fullmatch(entry.name) and entry.name not in others and safe_folder(entry)
    )


def realms(places: Places) -> frozenset[str]:
    """Those that have, or had, mail in a folder of their own: of customers on hosts that several share (SCALE-2).

    A customer that the host has no more is in the list still, since its mail may be here. Raises AccountError where
    hosts are shared and there is no such list, or none that can be read: whose mail it is would be guessed.
    """
    return frozenset(_realms(places))


def _realms(places: Places) -> dict[str, dict[str, str]]:
    """Realm → ``customer``, and in ``over`` the last day for which its mail is kept; else nothing."""
    try:
        text = places.at(REALMS).read_text(encoding="utf-8")
    except FileNotFoundError:
        fragments = places.at(FRAGMENTS)
        if not places.at(SHARED).exists() or not fragments.is_dir() or not any(fragments.iterdir()):
            return {}  # no customer has been here yet
        raise AccountError(
            "the list of customers' realms is not there: nothing is taken to have left", 75
        ) from None
    try:
        return {
            str(realm): {"customer": str(row.get("customer", "")), "over": str(row["over"] or "")}
            for realm, row in json.loads(text)["realms"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AccountError(f"{REALMS} cannot be read ({error}): nothing is taken to have left", 75) from None


@dataclass(frozen=True)
class _Served:
    """A customer that the host knows, and is not over. ``ends``: nobody signs in any more (state ``closed``)."""

    realm: str
    ends: bool


def _served(places: Places) -> dict[str, _Served]:
    """Customer → what is served of it. Raises AccountError where it cannot be told."""
    try:
        return {
            str(name): _Served(str(row["realm"]), row.get("state") == "closed")
            for name, row in json.loads(places.at(SERVED).read_text(encoding="utf-8"))["customers"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AccountError(f"{SERVED} cannot be read ({error}): no customer is taken to be over", 75) from None


def let_go(places: Places, today: date) -> list[str]:
    """Delete the mail of customers whose time is over by this host's clock, and that have been known to be for
    ``NOTICE`` days: a year that was mistyped can be put right. Returns their realms. The caller holds the lock.

    That a customer is gone from the list of those who are served deletes nothing (SCALE-2), and nothing is deleted
    of a realm with which that list says somebody is served, whatever else is said of it.
    """
    said = json.loads(read(places.state / "over.json") or "{}")
    known = _realms(places)
    past = {realm for realm, row in known.items() if _is_past(row["over"], today) and REALM.fullmatch(realm)}
    served = _served(places) if past else {}
    kept = {
        one.realm
        for name, one in served.items()
        if not one.ends or known.get(one.realm, {}).get("customer") != name
    }
    since = {realm: date.fromisoformat(said.get(realm, today.isoformat())) for realm in sorted(past - kept)}
    for realm in since.keys() - said.keys():
        note("over", realm, "leaving", f" since {known[realm]['over']}; its mail is deleted in {NOTICE} days")
    text = json.dumps({realm: day.isoformat() for realm, day in since.items()}, indent=2)
    write(places.state / "over.json", text + "\n")
    gone = []
    for realm, day in since.items():
        folder, going = places.mail / realm, places.mail / f".deleted.{realm}"
        if today - day < timedelta(days=NOTICE):
            continue
        customer = known[realm]["customer"]
        reused = customer in served and served[customer].realm != realm
        _forget(places, realm, "" if reused else customer)
        if safe_folder(going):  # of a run that was interrupted
            shutil.rmtree(going)
        if safe_folder(folder):
            folder.rename(going)
            note("purged", realm, "leaving")
            gone.append(realm)
            shutil.rmtree(going)
    return gone


def _forget(places: Places, realm: str, customer: str) -> None:
    """The passwords of a customer, and suspensions in its realm: whether there was mail here or not, and each time,
    since what came to an end before that was done is done again."""
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", customer):
        (places.customers / f"{customer}.passwords").unlink(missing_ok=True)
    out = suspended.known(places)
    if any(login.endswith(f"@{realm}") for login in out):
        suspended.save(places, {login: why for login, why in out.items() if not login.endswith(f"@{realm}")})


def _is_past(day: str, today: date) -> bool:
    try:
        return date.fromisoformat(day) < today
    except ValueError:
        return False


def look(settings: Settings, places: Places, today: date) -> list[Gone]:
    """Those whose mail is here and who are described no more. One who is new among them begins today."""
    since = _since(places)
    return [
        Gone(login, day := since.get(login, today), day + timedelta(days=settings.grace))
        for login in mailboxes(places)
        if people.find(settings, places, login) is None
    ]


def sweep(
    settings: Settings, places: Places, today: date, most: float = MOST_AT_ONCE
) -> tuple[list[Gone], list[str]]:
    """Note who has left and who has come back, and delete the mail of those whose grace is over.

    Returns who is gone now, and whose mail was deleted. Raises AccountError, with nothing deleted, where that would
    be more than ``most`` of all. The caller holds the lock.
    """
    before = set(_since(places))
    if settings.people == "tables" and not places.logins.is_file():
        raise AccountError("the list of logins is not there: nothing is taken to have left", 75)
    gone = look(settings, places, today)
    for one in gone:
        if one.login not in before:
            note("left", one.login, "description", f" mail is kept until {one.until}")
            suspended.end_sessions(one.login, False, lambda _seconds: None)
    for login in before - {one.login for one in gone}:
        note("came back", login, "description")
    _remember(places, gone)
    due = [one for one in gone if one.until <= today]
    if len(due) > FEW and len(due) > most * len(mailboxes(places)):
        raise AccountError(
            f"the grace of {len(due)} logins is over, more than {most:.0%} of all mailboxes; nothing was deleted. "
            "Look at `mailwright-account removed`, and say `mailwright-account sweep --yes` if that is right",
            4,
        )
    for one in due:
        purge(places, one.login, "timer")
    rest = [one for one in gone if one not in due]
    _remember(places, rest)
    return rest, [one.login for one in due]


def purge(places: Places, login: str, by: str) -> None:
    """Delete a login's mail, password and suspension. The caller holds the lock and knows that it may."""
    if login in realms(places):
        raise AccountError(f"{login} is a customer's realm: its folder has the mail of all of its people", 3)
    folder, going = places.folder_of(login), places.mail / f".deleted.{login}"
    if going.exists():  # of a run that was interrupted
        shutil.rmtree(going)
    if safe_folder(folder):
        folder.rename(going)
    drop(places, login)
    suspended.take(places, login)
    since = _since(places)
    since.pop(login, None)
    _write(places, since)
    note("purged", login, by)
    if going.exists():
        shutil.rmtree(going)


def _since(places: Places) -> dict[str, date]:
    said = json.loads(read(places.state / "removed.json") or "{}")
    return {login: date.fromisoformat(day) for login, day in said.items()}


def _remember(places: Places, gone: list[Gone]) -> None:
    _write(places, {one.login: one.since for one in gone})


def _write(places: Places, since: dict[str, date]) -> None:
    said = {login: day.isoformat() for login, day in sorted(since.items())}
    write(places.state / "removed.json", json.dumps(said, indent=2) + "\n")
