"""Whom the description has, where their mail is, and what this host knows of each."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mailwright_accounts.host import AccountError, Places, Settings, ask, entries, login_of, read

_NO_USER = 67  # EX_NOUSER of sysexits.h, which doveadm ends with


@dataclass(frozen=True)
class Person:
    """``keeper``: the store that keeps the mail and the password; empty for an automatic sender."""

    login: str
    keeper: str

    def password_is_here(self, settings: Settings) -> bool:
        if settings.passwords != "here" and self.keeper:
            return False
        return self.keeper == settings.host or (not self.keeper and settings.submission)


def described(settings: Settings, places: Places) -> dict[str, Person]:
    """Who may sign in, by the list of logins; where people are in a directory alone, automatic senders."""
    found = {}
    for login, fields in entries(places.logins):
        if "@" in login:  # SUPPORT-1: an address that is taken for its login
            continue
        automatic = "nologin" in fields
        found[login] = Person(login, "" if automatic else fields.get("store", settings.host))
    return found


def of_customer(settings: Settings, places: Places, realm: str) -> dict[str, Person]:
    """The logins of a customer of shared hosts, by the list that was assembled."""
    return {
        name: Person(name, "" if "nologin" in fields else settings.host)
        for name, fields in entries(places.people(realm))
        if "/" not in name and "user" not in fields
    }


def named(places: Places, text: str) -> str:
    """The login that is meant by it or by its published address (SUPPORT-1). Raises AccountError for neither."""
    if "@" in text:
        for name, fields in entries(places.logins):
            if name == text.strip().lower() and "user" in fields:
                return login_of(fields["user"])
        login = login_of(text)
        here = places.people(login.partition("@")[2])
        if not here.is_file():
            raise AccountError(f"{text!r} cannot be a login", 2)
        return next((fields.get("user", login) for name, fields in entries(here) if name == login), login)
    return login_of(text)


def find(settings: Settings, places: Places, login: str) -> Person | None:
    """Somebody whom the description has, or the directory. Raises AccountError when the directory says nothing."""
    realm = login.partition("@")[2]
    if realm:
        return of_customer(settings, places, realm).get(login)
    person = described(settings, places).get(login)
    if person is not None or settings.people == "tables":
        return person
    if not settings.store:
        return Person(login, "?")  # a host without mailboxes does not ask who is there
    status, words = ask(["doveadm", "-f", "flow", "user", "-f", "home", login])
    if status == 0:
        return Person(login, settings.host if words.strip() else "?")
    if status == _NO_USER:
        return None
    raise AccountError("the directory does not answer who is there", 75)


def need(settings: Settings, places: Places, login: str) -> Person:
    """Raises AccountError for a login that is not described."""
    person = find(settings, places, login)
    if person is None:
        raise AccountError(
            f"{login} is not described. Who exists is said in the site's description: add them to people.csv (or "
            "the directory), build and apply; then come back",
            3,
        )
    return person


@dataclass(frozen=True)
class Quota:
    used: int  # octets
    limit: int  # octets; 0: none

    @property
    def part(self) -> float:
        return self.used / self.limit if self.limit else 0.0


def quotas(logins: list[str]) -> dict[str, Quota]:
    """Of mailboxes of this store. One that Dovecot says nothing about is not in it."""
    found = {}
    for login in logins:
        status, words = ask(["doveadm", "-f", "tab", "quota", "get", "-u", login])
        if status == 0 and (quota := parse_quota(words)) is not None:
            found[login] = quota
    return found


def parse_quota(table: str) -> Quota | None:
    """Of what ``doveadm -f tab quota get`` prints: kilobytes, ``-`` where there is no limit."""
    lines = [line.split("\t") for line in table.splitlines()]
    if not lines:
        return None
    names = [name.lower() for name in lines[0]]
    for line in lines[1:]:
        row = dict(zip(names, line, strict=False))
        if row.get("type") == "STORAGE" and (quota := _quota(row)) is not None:
            return quota
    return None


def quotas_of(logins: Iterable[str]) -> Iterator[tuple[str, Quota]]:
    """The same of many, from one run of doveadm, which is given them in a file."""
    with tempfile.NamedTemporaryFile("w", encoding="ascii", suffix=".logins") as file:
        some = False
        for login in logins:
            file.write(f"{login}\n")
            some = True
        file.flush()
        if not some:
            return
        with subprocess.Popen(
            ["doveadm", "-f", "tab", "quota", "get", "-F", file.name],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # one that it cannot look up is not in what it prints
            text=True,
            errors="replace",
        ) as asked:
            names: list[str] = []
            for line in asked.stdout or ():
                cells = line.rstrip("\n").split("\t")
                names = names or [name.lower() for name in cells]
                row = dict(zip(names, cells, strict=False))
                if row.get("type") == "STORAGE" and (quota := _quota(row)) is not None:
                    yield row.get("username", ""), quota


def _quota(row: dict[str, str]) -> Quota | None:
    if not re.fullmatch(r"\d+", row.get("value", "")):
        return None
    limit = row.get("limit", "-")
    return Quota(int(row["value"]) * 1024, int(limit) * 1024 if limit.isdigit() else 0)


def has_password(places: Places, login: str) -> bool:
    path, called = places.passwords_of(login)
    return any(name == called for name, _ in _password_lines(path))


def _password_lines(path: Path) -> list[tuple[str, str]]:
    return [
        (line.partition(":")[0].strip().lower(), line)
        for line in read(path).splitlines()
        if line.strip() and not line.startswith("#")
    ]
