"""Day after day of rotating and sealing, in seconds: run in a container with the rendered files of a host.

The clock stays, so the world grows older instead: each morning the dates of files, in their names too, and of
logrotate's memory go back by as many days as have passed. Prints, for each morning, the day and how old the oldest
and the youngest lost line are, and the same of seals; ``as sealed`` where all could be verified.

Argument: how many days pass before each morning: ``120x1 1x300`` for 120 single days and a long absence.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import date, timedelta
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

FOLDER, LOG = Path("/var/log/mail"), Path("/var/log/mail/mail.log")
MEMORY = Path("/var/lib/logrotate/status")
VIEW, STATE = Path("/srv/mail"), Path("/srv/state")
BIRTH = date(2026, 1, 1)
DAY = 86400

loader = SourceFileLoader("mailwright_seal", "/usr/local/sbin/mailwright-seal")
spec = spec_from_loader("mailwright_seal", loader)
assert spec
seal = module_from_spec(spec)
sys.modules["mailwright_seal"] = seal
loader.exec_module(seal)


def grow_older(days: int) -> None:
    for path in sorted(FOLDER.glob("mail.log-*")):  # the oldest first, so that none takes another's name
        born = date.fromisoformat(path.name[9:17]) - timedelta(days=days)
        path.rename(path.with_name(f"mail.log-{born:%Y%m%d}{path.name[17:]}"))
    for path in FOLDER.glob("mail.log*"):
        seen = path.stat()
        os.utime(path, (seen.st_atime - days * DAY, seen.st_mtime - days * DAY))
    before = date.today() - timedelta(days=days)
    MEMORY.parent.mkdir(exist_ok=True)
    said = f'logrotate state -- version 2\n"{LOG}" {before.year}-{before.month}-{before.day}-0:0:0\n'
    MEMORY.write_text(said, encoding="ascii")


def write(day: int) -> None:
    """The last line of a day, a minute before the next one begins."""
    with LOG.open("a", encoding="ascii") as log:
        log.write(f"day {day}\n")
    late = time.time() + DAY - 60
    os.utime(LOG, (late, late))


def lines() -> set[int]:
    """The days of which lines are there."""
    found: set[int] = set()
    for path in FOLDER.glob("mail.log*"):
        with seal.opened(path) as content:
            found |= {int(line.split()[1]) for line in content}
    return found


def sealed(now: int, written: set[int]) -> tuple[set[int], bool]:
    """Seals what there is under the dates of the simulated days; the days of the seals, and whether all is well."""
    for path in VIEW.glob("mail.log*"):
        path.unlink()
    for path in FOLDER.glob("mail.log-*"):
        age = (date.today() - date.fromisoformat(path.name[9:17])).days
        (VIEW / f"mail.log-{BIRTH + timedelta(days=now - age):%Y%m%d}{path.name[17:]}").symlink_to(path)
    today = BIRTH + timedelta(days=now)
    list(seal.Sealer(VIEW, STATE, os.getgid(), 0).run(LOG_ROW, today))
    # A seal is named by the morning on which the last day before it was put away.
    mornings = {(date.fromisoformat(path.stem) - BIRTH).days for path in VIEW.glob("seals/*/*.seal")}
    days = {max(day for day in written if day < morning) for morning in mornings}
    well = True
    if now % 39 == 0:
        heads = seal.read_heads(VIEW / "seals" / "heads.json")
        report = seal.Verifier(VIEW, STATE / "key.pub", heads, today).host(LOG_ROW.host, LOG_ROW.name)
        well = not report.faults
        for fault in report.faults:
            print(fault, file=sys.stderr)
    return days, well


def span(there: set[int], now: int, written: set[int]) -> list[int]:
    """The age of the oldest that is there, and of the youngest that is not."""
    return [now - min(there, default=now), min((now - day for day in written - there), default=-1)]


settings = json.loads(Path("/etc/mailwright/seal.json").read_text(encoding="ascii"))
LOG_ROW = seal.Log(**settings["logs"][0])


def main() -> None:
    VIEW.mkdir()
    if time.time() % DAY > DAY - 120:
        time.sleep(121)  # the real date must not change on the way
    now, written = 0, {0}
    write(0)
    for part in sys.argv[1].split():
        count, _, days = part.partition("x")
        for _ in range(int(count)):
            grow_older(int(days))
            now += int(days)
            done = subprocess.run(
                ["logrotate", "--state", str(MEMORY), "/etc/logrotate.d/mailwright"],
                check=False,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
            seals, well = sealed(now, written)
            ages = (*span(lines(), now, written), *span(seals, now, written))
            print(now, *ages, "as" if well else "NOT as", "sealed")
            write(now)
            written.add(now)


main()
