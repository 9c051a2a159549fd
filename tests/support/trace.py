"""mailwright-trace as it lands on hosts, and logs for it: those of real hosts, and some with forged words."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

from mailwright import resources

REAL = Path(__file__).parent / "trace_logs"
"""What three hosts of a lab wrote about some messages: a submission host (Debian 12), a mailer and a store (13)."""

SMTP, MAIL, STORE = "smtp.college.ac.uk", "mail.college.ac.uk", "store1.college.ac.uk"
HOSTS = {
    SMTP: ["198.51.100.27", "2001:db8:c011::27"],
    MAIL: ["198.51.100.25", "2001:db8:c011::25"],
    STORE: ["198.51.100.31", "2001:db8:c011::31"],
}
BEGIN = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def part(name: str) -> ModuleType:
    """A module of the program."""
    folder = str(resources.folder("templates") / "logs")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(f"mailwright_trace.{name}")


def settings(folder: Path) -> Path:
    """The settings file of logs in ``folder``/<host>/mail.log."""
    logs = [{"host": host, "path": str(folder / host / "mail.log")} for host in HOSTS]
    said = {"host": MAIL, "index": str(folder / "index" / "index"), "logs": logs, "hosts": HOSTS, "readers": "root"}
    (folder / "index").mkdir(exist_ok=True)
    (folder / "trace.json").write_text(json.dumps(said), encoding="utf-8")
    return folder / "trace.json"


def write(folder: Path, lines: Mapping[str, Iterable[str]], begin: datetime = BEGIN) -> Path:
    """Logs of hosts (``postfix/smtpd[1]: text`` a line, a second apart); the settings file that names them."""
    for host in HOSTS:
        place = folder / host / "mail.log"
        place.parent.mkdir(parents=True, exist_ok=True)
        made = [
            f"{(begin + timedelta(seconds=at)).isoformat(timespec='microseconds')} {host} {line}\n"
            for at, line in enumerate(lines.get(host, ()))
        ]
        place.write_bytes("".join(made).encode())
    return settings(folder)


def trail(given: Path):  # type: ignore[no-untyped-def]
    """The trail through the logs of a settings file."""
    said = json.loads(given.read_text())
    logs = [part("texts").Log(one["host"], one["path"]) for one in said["logs"]]
    return part("trail").Trail(part("lookup").Lookup(said["index"], logs), said["hosts"])


def index(given: Path):  # type: ignore[no-untyped-def]
    """Bring the index of a settings file up to date."""
    said = json.loads(given.read_text())
    logs = [part("texts").Log(one["host"], one["path"]) for one in said["logs"]]
    return part("index").update(said["index"], logs, 1)
