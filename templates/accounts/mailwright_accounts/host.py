"""What this host is, its files that are state, and how they are written: whole, and one at a time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import stat
import subprocess
import sys
import syslog
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/mailwright/accounts.json")
LOGIN = re.compile(r"[a-z0-9][a-z0-9._+&='-]{0,62}")
_REALM = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")


class AccountError(Exception):
    """What could not be done, in words for whoever asked. ``status``: what the command ends with."""

    def __init__(self, words: str, status: int = 1) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True)
class Settings:
    """From the site's description. ``passwords``: here, or directory; ``people``: tables, or directory."""

    host: str
    store: bool
    submission: bool
    stores: tuple[str, ...]
    submissions: tuple[str, ...]
    passwords: str
    people: str
    grace: int  # days
    length: int  # of a new password, characters
    clients: tuple[str, ...]  # networks whose addresses may ask the password server


@dataclass(frozen=True)
class Places:
    """Where things are; another root in tests."""

    root: Path = Path("/")

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    @property
    def logins(self) -> Path:
        return self.at("/etc/dovecot/logins")

    @property
    def users(self) -> Path:
        return self.at("/etc/dovecot/users")

    @property
    def passwords(self) -> Path:
        return self.at("/etc/dovecot/passwords")

    @property
    def customers(self) -> Path:
        """What the assembler (mailwright-customers) writes for Dovecot, and customers' passwords."""
        return self.at("/etc/dovecot/customers")

    def people(self, domain: str) -> Path:
        """The logins and addresses in a customer's domain."""
        return self.customers / f"{domain}.people"

    def passwords_of(self, login: str) -> tuple[Path, str]:
        """The file that has the login's password, and what it is called there: a customer's have no realm in it."""
        name, _, realm = login.partition("@")
        if not realm:
            return self.passwords, login
        return (self.customers / f"{realm}.passwords").resolve(), name  # a link to the customer's own

    def folder_of(self, login: str) -> Path:
        """Where the mail of a login is."""
        name, _, realm = login.partition("@")
        return self.mail / realm / name if realm else self.mail / login

    @property
    def suspended(self) -> Path:
        return self.at("/etc/dovecot/suspended")

    @property
    def mailer(self) -> Path:
        """The same logins, for the mailer's policy server, one a line."""
        return self.at("/etc/postfix/suspended")

    @property
    def mail(self) -> Path:
        return self.at("/var/vmail")

    @property
    def state(self) -> Path:
        return self.at("/var/lib/mailwright-accounts")


def read_settings(path: Path = SETTINGS) -> Settings:
    said = json.loads(path.read_text(encoding="utf-8"))
    made: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
    }
    return Settings(**made)


def login_of(text: str) -> str:
    """A login in the form in which all files have it. Raises AccountError for what cannot be one."""
    login = text.strip().lower()
    name, at, realm = login.partition("@")
    if not LOGIN.fullmatch(name) or (at and not _REALM.fullmatch(realm)):
        raise AccountError(f"{text!r} cannot be a login", 2)
    return login


@contextlib.contextmanager
def locked(places: Places) -> Iterator[None]:
    """One act at a time; another one waits for its turn."""
    places.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (places.state / "lock").open("a", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write(path: Path, text: str, group: str = "", mode: int = 0o600) -> None:
    """The whole file or none of it. Who compares times in whole seconds (Dovecot) sees that it is another one."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            if group and os.geteuid() == 0:
                import grp

                os.fchown(file.fileno(), 0, grp.getgrnam(group).gr_gid)
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            before = path.stat().st_mtime if path.exists() else 0.0
            now = max(time.time(), float(int(before) + 1))
            os.utime(file.fileno(), (now, now))
            os.fsync(file.fileno())
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def read(path: Path) -> str:
    """Its text; nothing where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def fields_of(line: str) -> tuple[str, dict[str, str]]:
    """The login of a passwd-file's line, and its extra fields."""
    login, *_, extra = line.split(":") if ":" in line else (line, "")
    return login.strip().lower(), dict(field.partition("=")[::2] for field in extra.split())


def entries(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for line in read(path).splitlines():
        if line.strip() and not line.startswith("#"):
            yield fields_of(line)


def who() -> str:
    """Who acts: the one who became root, by what sudo and the login session say."""
    for name in ("SUDO_USER", "DOAS_USER"):
        if os.environ.get(name):
            return os.environ[name][:64]
    try:
        said = Path("/proc/self/loginuid").read_text(encoding="ascii").strip()
        if said not in ("", "4294967295"):
            import pwd

            return pwd.getpwuid(int(said)).pw_name
    except (OSError, ValueError, KeyError):
        pass
    return "root" if os.geteuid() == 0 else f"uid {os.geteuid()}"


def note(act: str, login: str, by: str, more: str = "") -> None:
    """AUDIT-1: a line of the log of authorisations (facility authpriv). No password ever comes here."""
    clean = "".join(sign if sign.isprintable() else "?" for sign in f"{act} login={login} by={by}{more}")
    syslog.openlog("mailwright-account", syslog.LOG_PID, syslog.LOG_AUTHPRIV)
    syslog.syslog(syslog.LOG_NOTICE, clean)
    syslog.closelog()


def ask(argv: Iterable[str], given: str = "", seconds: float = 60.0) -> tuple[int, str]:
    """What a command ends with and prints; 127 where it is not there, 124 when it takes too long."""
    try:
        done = subprocess.run(
            list(argv), input=given, capture_output=True, text=True, check=False, timeout=seconds, errors="replace"
        )
    except FileNotFoundError:
        return 127, ""
    except subprocess.TimeoutExpired:
        return 124, ""
    return done.returncode, done.stdout


def safe_folder(path: Path) -> bool:
    """A folder itself, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def warn(words: str) -> None:
    print(f"mailwright: {words}", file=sys.stderr)
