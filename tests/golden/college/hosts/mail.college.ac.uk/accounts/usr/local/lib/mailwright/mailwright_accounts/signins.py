"""Lines of the mail log that tell of somebody who signed in, read as strictly as mailwright-trace reads lines."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

LOG = "/var/log/mail/mail.log"
# 2.3 says Login, 2.4 Logged in. The login's form is bound by auth_username_chars, so nothing else stands in <>.
DOVECOT = re.compile(
    r"(imap|pop3|managesieve)-login: (?:Login|Logged in): user=<([^<>\s,]+)>, "
    r"(?:method=\S+, )?rip=([0-9A-Fa-f.:]+), .*"
)
_LINE = re.compile(r"(\S+) \S+ dovecot(?:\[\d+\])?: (.*)")
# Whoever signs in can have words of their own in brackets, from headers of HTTP.
WEBMAIL = re.compile(
    r"(?:<[0-9A-Za-z,-]*> )?Successful login for (\S+) \(ID: \d+\) from ([0-9A-Fa-f.:]+)"
    r"(?: \(.*\))? in session [0-9A-Za-z,-]+"
)


def files(log: str) -> list[Path]:
    """The log and its earlier days, the newest first."""
    now = Path(log)
    earlier = now.parent.glob(f"{now.name}-*")
    named = sorted(earlier, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)
    return [*([now] if now.exists() else []), *named]


def opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def lines(path: Path) -> Iterator[bytes]:
    with opened(path) as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]


def last_sign_in(login: str, log: str = LOG) -> str:
    """When and how somebody signed in last, by the log that is kept; empty where that says nothing."""
    mark = f"user=<{login}>".encode()
    for path in files(log):
        last = ""
        for raw in lines(path):
            if mark not in raw:
                continue
            line = _LINE.fullmatch(raw.decode("utf-8", "replace"))
            found = DOVECOT.fullmatch(line[2]) if line else None
            if line and found and found[2] == login:
                last = f"{line[1]} {found[1]} from {found[3]}"
        if last:
            return last
    return ""
