#!/usr/bin/python3 -I
"""Seals each day's mail log, and says what of it was altered since, and where.

A log that was rotated (``mail.log-20261124``, also compressed) is no longer written. Its seal holds the digest of
the whole and of the seal before it, and beside it stands a short hash of each line. It is signed (Ed25519, openssl)
with a key that is made on this host and never leaves it. So an altered, removed, added or reordered line is found
with its number, and so is a day or a seal that is gone. Whoever is root on this host can sign anew: it should be
another host than the one whose log it is.

Settings: /etc/mailwright/seal.json. Key, and the newest seal of each host: /var/lib/mailwright-seal. Seals:
/var/log/mail/seals/<host>/. Verifying needs the logs, the seals and the public key alone, so it can be done with
copies anywhere.
"""

from __future__ import annotations

import argparse
import base64
import grp
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

SETTINGS = Path("/etc/mailwright/seal.json")
STATE = Path("/var/lib/mailwright-seal")
FOLDER = Path("/var/log/mail")
SEALS = "seals"
WIDTH = 4  # octets of a line's hash: enough to say where; that something differs, the whole digest says
SETTLED = 300  # seconds since a file was renamed and last written, after which rsyslog has let go of it
LATE = 2  # days without a seal that a late rotation may explain
AHEAD = 1  # days that a rotation may be ahead of us, such as at midnight; more is a clock that was wrong
LARGE = 100_000  # lines of a stretch that is told as a whole
MOST = 20  # changes of one file that are told one by one
WINDOWS = (400, 20_000)  # lines in which a place is sought where both agree again

Heads = dict[str, dict[str, Any]]


class UnusableError(Exception):
    """There is no key, no folder, or no answer: nothing can be said."""


# ---- what a seal is


@dataclass(frozen=True)
class Seal:
    """``fields`` is what is signed; ``signature`` is of its canonical form."""

    fields: dict[str, Any]
    signature: bytes

    @property
    def signed(self) -> bytes:
        return json.dumps(self.fields, sort_keys=True, separators=(",", ":")).encode("ascii")

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.signed).hexdigest()

    @property
    def day(self) -> date:
        return date.fromisoformat(self.fields["day"])

    @property
    def ends(self) -> date:
        """The day with which its time begins: that of a late rotation began when the last line was written."""
        return date.fromisoformat(self.fields["ends"])

    @property
    def serial(self) -> int:
        return int(self.fields["serial"])

    def text(self) -> str:
        told = {"seal": self.fields, "signature": base64.b64encode(self.signature).decode("ascii")}
        return json.dumps(told, sort_keys=True, indent=1) + "\n"


_FIELDS: dict[str, type] = {
    "host": str, "log": str, "day": str, "ends": str, "serial": int, "previous": str, "previous_day": str,
    "previous_ends": str, "lines": int, "octets": int, "sha256": str, "line_hashes": str, "days": int, "made": str,
}  # fmt: skip


def read_seal(path: Path) -> Seal:
    """Raises ValueError for what is no seal."""
    if not path.is_file():  # a pipe would keep us waiting
        raise ValueError(f"{path} is no file")
    try:
        said = json.loads(path.read_text(encoding="ascii"))
    except RecursionError as error:
        raise ValueError(f"{path} is nested too deeply") from error
    fields = said["seal"] if isinstance(said, dict) and isinstance(said.get("seal"), dict) else {}
    if {key: type(value) for key, value in fields.items()} != _FIELDS:
        raise ValueError(f"{path} is no seal")
    log = fields["log"]
    if log.startswith("/") or ".." in log.split("/"):
        raise ValueError(f"{path} is of no log")
    for key in ("day", "ends"):
        date.fromisoformat(fields[key])
    return Seal(fields, base64.b64decode(said["signature"], validate=True))


# ---- the logs


def rotated(folder: Path, log: str) -> dict[date, Path]:
    """The earlier days of a log; of one that is just being compressed, the file that is whole."""
    found: dict[date, Path] = {}
    current = folder / log
    for path in sorted(current.parent.glob(f"{current.name}-*")):
        match = re.fullmatch(re.escape(current.name) + r"-(\d{8})(\.gz)?", path.name)
        if match is None or not path.is_file():
            continue
        try:
            found.setdefault(date.fromisoformat(match[1]), path)
        except ValueError:
            continue
    return found


def opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


@dataclass(frozen=True)
class Scan:
    lines: int
    octets: int
    sha256: str
    hashes: bytes  # WIDTH octets for each line


def scan(path: Path) -> Scan:
    """Digest of the whole and hash of each line."""
    whole, hashes, octets = hashlib.sha256(), bytearray(), 0
    with opened(path) as lines:
        for line in lines:
            whole.update(line)
            hashes += hashlib.sha256(line).digest()[:WIDTH]
            octets += len(line)
    return Scan(len(hashes) // WIDTH, octets, whole.hexdigest(), bytes(hashes))


def digest_of(path: Path) -> str:
    whole = hashlib.sha256()
    with opened(path) as content:
        while block := content.read(1 << 20):
            whole.update(block)
    return whole.hexdigest()


# ---- signing


def openssl(*argv: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *argv], check=False, capture_output=True, timeout=60)


def sign(content: bytes, key: Path) -> bytes:
    with tempfile.TemporaryDirectory() as place:
        given, made = Path(place, "given"), Path(place, "made")
        given.write_bytes(content)
        done = openssl("pkeyutl", "-sign", "-inkey", str(key), "-rawin", "-in", str(given), "-out", str(made))
        if done.returncode != 0:
            raise UnusableError(f"openssl does not sign: {done.stderr.decode(errors='replace').strip()}")
        return made.read_bytes()


def is_signed(seal: Seal, key: Path) -> bool:
    with tempfile.TemporaryDirectory() as place:
        given, signature = Path(place, "given"), Path(place, "signature")
        given.write_bytes(seal.signed)
        signature.write_bytes(seal.signature)
        what = ("-rawin", "-in", str(given), "-sigfile", str(signature))
        return openssl("pkeyutl", "-verify", "-pubin", "-inkey", str(key), *what).returncode == 0


def make_key(state: Path) -> None:
    """This host's key and its public part, unless it has them. Nothing else ever has the first."""
    state.mkdir(mode=0o755, parents=True, exist_ok=True)
    private, public = state / "key.pem", state / "key.pub"
    if not private.exists():
        waiting = state / ".key.pem.new"
        waiting.unlink(missing_ok=True)
        os.close(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        done = openssl("genpkey", "-algorithm", "ed25519", "-out", str(waiting))
        if done.returncode != 0:
            raise UnusableError(f"openssl makes no key: {done.stderr.decode(errors='replace').strip()}")
        waiting.chmod(0o600)
        waiting.replace(private)
    if not public.exists():
        done = openssl("pkey", "-in", str(private), "-pubout")
        if done.returncode != 0:
            raise UnusableError(f"{private} is no key: {done.stderr.decode(errors='replace').strip()}")
        write(public, done.stdout, 0o644)


def write(path: Path, content: bytes, mode: int = 0o640, group: int = -1) -> None:
    """The whole file or none of it."""
    waiting = path.with_name(f".{path.name}.new")
    with waiting.open("wb") as file:
        os.fchmod(file.fileno(), mode)
        if group >= 0:
            os.fchown(file.fileno(), -1, group)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(path)


# ---- sealing


@dataclass(frozen=True)
class Log:
    """A log of the settings: ``name`` is its path below the folder."""

    host: str
    name: str
    days: int


class Sealer:
    """Seals what is there to be sealed, and takes away the seals of what is gone in its time."""

    def __init__(self, folder: Path, state: Path, group: int, settled: float) -> None:
        self._folder = folder
        self._state = state
        self._group = group
        self._settled = settled
        # What is sealed beside the real logs, such as a copy for a test, has a chain of its own.
        self._heads = state / "heads.json" if folder == FOLDER else folder / SEALS / "heads.json"
        self.troubles: list[str] = []  # what could not be sealed, and why

    def run(self, log: Log, today: date) -> Iterator[str]:
        """A line for each seal that is made. Raises UnusableError, OSError: what is left waits for the next run."""
        make_key(self._state)
        place = self._folder / SEALS / log.host
        for each in (self._folder / SEALS, place):
            if not each.exists():
                each.mkdir(mode=0o750)
                os.chown(each, -1, self._group)
                each.chmod(0o750)
        heads = read_heads(self._heads)
        head = self._newest(place, heads.get(log.host))
        if head and (date.fromisoformat(head["day"]) - today).days > AHEAD:
            self.troubles.append(
                f"{log.host}: the newest seal is of {head['day']}, and today is {today}: nothing is sealed. Is this"
                f" clock right, it was ahead then: give the logs of days to come their right dates, move {place}"
                f" aside, take {log.host} out of {self._heads}, and seal: the chain is begun anew"
            )
        for day, path in sorted(rotated(self._folder, log.name).items()):
            if head and day <= date.fromisoformat(head["day"]):
                continue
            if (day - today).days > AHEAD:
                self.troubles.append(
                    f"{path}: is of {day}, and today is {today}: not sealed."
                    " Give it its right date, or move it aside"
                )
                continue
            if not self._is_settled(path):
                break  # its turn comes before that of the next day
            try:
                seen = scan(path)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:  # it will not be whole again
                self.troubles.append(f"{path}: is damaged, and not sealed; later days are: {error}")
                continue
            except OSError as error:  # but this may have been for once
                raise UnusableError(f"{path}: {error}") from error
            seal = self._seal(log, day, path, seen, head)
            head = _head(seal)
            write(self._heads, json.dumps({**heads, log.host: head}, indent=1).encode("ascii"), 0o644)
            heads[log.host] = head
            yield f"{log.host} {day}: {seal.fields['lines']} lines are sealed"
        self._tidy(log, place, today)

    def _newest(self, place: Path, head: dict[str, Any] | None) -> dict[str, Any] | None:
        """The head that is noted, and what was sealed after it by a run that was cut off."""
        for path in sorted(place.glob("*.seal")):
            try:
                seal = read_seal(path)
            except (ValueError, KeyError, TypeError):
                continue
            follows = head is None or (seal.fields["previous"], seal.serial) == (head["sha256"], head["serial"] + 1)
            if follows and is_signed(seal, self._state / "key.pub"):
                head = _head(seal)
        return head

    def _is_settled(self, path: Path) -> bool:
        seen = path.stat()
        # What was touched in days to come was touched by a clock that was wrong.
        now = time.time()
        return min(abs(now - seen.st_mtime), abs(now - seen.st_ctime)) >= self._settled

    def _seal(self, log: Log, day: date, path: Path, seen: Scan, head: dict[str, Any] | None) -> Seal:
        written = date.fromtimestamp(path.stat().st_mtime)
        fields = {
            "host": log.host,
            "log": log.name,
            "day": day.isoformat(),
            "ends": min(day, written + timedelta(days=1)).isoformat(),
            "serial": head["serial"] + 1 if head else 1,
            "previous": head["sha256"] if head else "",
            "previous_day": head["day"] if head else "",
            "previous_ends": head["ends"] if head else "",
            "lines": seen.lines,
            "octets": seen.octets,
            "sha256": seen.sha256,
            "line_hashes": hashlib.sha256(seen.hashes).hexdigest(),
            "days": log.days,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        seal = Seal(fields, sign(Seal(fields, b"").signed, self._state / "key.pem"))
        place = self._folder / SEALS / log.host
        write(place / f"{day:%Y%m%d}.lines", seen.hashes, group=self._group)
        write(place / f"{day:%Y%m%d}.seal", seal.text().encode("ascii"), group=self._group)
        return seal

    def _tidy(self, log: Log, place: Path, today: date) -> None:
        """A seal goes when its log is gone, and that was time."""
        there = rotated(self._folder, log.name)
        for path in sorted(place.glob("*.seal")):
            try:
                seal = read_seal(path)
            except (ValueError, KeyError, TypeError):
                continue  # verifying tells
            if seal.day not in there and (today - seal.ends).days >= log.days:
                path.with_suffix(".lines").unlink(missing_ok=True)
                path.unlink()


_HEAD: dict[str, type] = {"serial": int, "day": str, "ends": str, "sha256": str}


def _head(seal: Seal) -> dict[str, Any]:
    return {
        "serial": seal.serial,
        "day": seal.day.isoformat(),
        "ends": seal.ends.isoformat(),
        "sha256": seal.digest,
    }


def read_heads(path: Path) -> Heads:
    """Raises UnusableError for what is not as it was written; none there are before the first seal."""
    try:
        found = json.loads(path.read_text(encoding="ascii"))
        for head in found.values():
            if {key: type(value) for key, value in head.items()} != _HEAD:
                raise ValueError("it holds what is no head")
            date.fromisoformat(head["day"])
            date.fromisoformat(head["ends"])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise UnusableError(
            f"{path} cannot be read: {error}; moved aside, it is made anew from the seals"
        ) from error
    return dict(found)


# ---- where two logs differ


@dataclass(frozen=True)
class Change:
    """``kind`` is altered, removed, added or reordered. Lines are counted from 1.

    line     of the log as it was sealed; of an added line, of the log as it is
    last     the last one of a run
    now      of a reordered line: where it is
    """

    kind: str
    line: int
    last: int
    now: int = 0

    def __str__(self) -> str:
        lines = f"line {self.line}" if self.line == self.last else f"lines {self.line} to {self.last}"
        if self.kind == "reordered":
            return f"{lines}: reordered, now from line {self.now} on"
        return f"{lines}: {self.kind}"


def changes(sealed: bytes, found: bytes) -> list[Change]:
    """What was done to the lines of these hashes, so that they became those."""
    before, after = memoryview(sealed).cast("I"), memoryview(found).cast("I")
    gone: dict[int, int] = {}  # line as it was sealed → its hash
    come: dict[int, int] = {}  # line as it is → its hash
    pairs: dict[int, int] = {}  # in one place: as it was → as it is
    whole = []
    for begin, end, start, stop in _unequal(sealed, found):
        if max(end - begin, stop - start) > LARGE:
            kind = "removed" if start == stop else "added" if begin == end else "altered"
            whole.append(Change(kind, begin + 1, max(end, begin + 1)))
            continue
        gone |= {line: before[line] for line in range(begin, end)}
        come |= {line: after[line] for line in range(start, stop)}
        pairs |= dict(zip(range(begin, end), range(start, stop), strict=False))
    moved: dict[int, int] = {}
    places: dict[int, list[int]] = {}
    for line, mark in reversed(come.items()):
        places.setdefault(mark, []).append(line)
    for line, mark in gone.items():
        if places.get(mark):
            moved[line] = places[mark].pop()
    arrived = set(moved.values())
    altered = {line: now for line, now in pairs.items() if line not in moved and now not in arrived}
    told = [
        *whole,
        *(Change("reordered", first, last, moved[first - 1] + 1) for first, last in _runs(moved, moved)),
    ]
    told += [Change("altered", *run) for run in _runs(altered, altered)]
    told += [
        Change("removed", *run) for run in _runs({line: line for line in gone.keys() - moved - altered.keys()})
    ]
    new = come.keys() - arrived - set(altered.values())
    told += [Change("added", *run) for run in _runs({line: line for line in new})]
    return sorted(told, key=lambda one: (one.line, one.kind))


def _runs(lines: dict[int, int], places: dict[int, int] | None = None) -> Iterator[tuple[int, int]]:
    """First and last, from 1, of lines that follow one another, and whose places do."""
    first = last = -1
    for line in sorted(lines):
        if first >= 0 and line == last + 1 and (places is None or places[line] == places[last] + 1):
            last = line
            continue
        if first >= 0:
            yield first + 1, last + 1
        first = last = line
    if first >= 0:
        yield first + 1, last + 1


def _unequal(sealed: bytes, found: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Stretches of lines of the one, in place of which the other has those."""
    lines, now = len(sealed) // WIDTH, len(found) // WIDTH
    i = j = 0
    while True:
        same = _common(sealed, i, found, j)
        i, j = i + same, j + same
        if i == lines and j == now:
            return
        for window in WINDOWS:
            ends = i + window >= lines and j + window >= now
            one = memoryview(sealed).cast("I")[i : i + window].tolist()
            other = memoryview(found).cast("I")[j : j + window].tolist()
            told = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
            while not ends and told and told[-1][0] != "equal":
                told.pop()
            if told:
                break
        else:  # nothing agrees any more
            yield i, lines, j, now
            return
        yield from ((i + a, i + b, j + c, j + d) for kind, a, b, c, d in told if kind != "equal")
        i, j = i + told[-1][2], j + told[-1][4]


def _common(one: bytes, i: int, other: bytes, j: int) -> int:
    """How many lines are the same from these two on."""
    most = min(len(one) // WIDTH - i, len(other) // WIDTH - j)
    same = 0
    step = 1 << 14
    while same < most:
        step = min(step, most - same)
        begin, start = (i + same) * WIDTH, (j + same) * WIDTH
        if one[begin : begin + step * WIDTH] == other[start : start + step * WIDTH]:
            same += step
        elif step == 1:
            break
        else:
            step //= 2
    return same


# ---- verifying


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was sealed. ``line``: see Change; 0 where it is not about a line."""

    host: str
    day: str
    kind: str
    message: str
    line: int = 0
    last: int = 0


@dataclass
class Report:
    """What was found of one host's log: so many days are sealed, from ``first`` to ``last``; so many were read."""

    host: str
    sealed: int = 0
    read: int = 0
    first: str = ""
    last: str = ""
    faults: list[Fault] = field(default_factory=list)

    def told(self) -> set[str]:
        """Days of which something is told already."""
        return {fault.day for fault in self.faults}

    def fault(self, day: date | str, kind: str, message: str, line: int = 0, last: int = 0) -> None:
        self.faults.append(Fault(self.host, str(day), kind, message, line, last))


@dataclass(frozen=True)
class Verifier:
    """``on``: as of this day. ``since``: earlier days are not read, only their seals."""

    folder: Path
    key: Path
    heads: Heads
    on: date
    since: date | None = None

    def host(self, host: str, log: str = "") -> Report:
        """``log``: its name below the folder, where the settings say it; else the seals do."""
        report = Report(host)
        seals = self._seals(report)
        if seals:
            report.sealed, report.first, report.last = len(seals), str(seals[0].day), str(seals[-1].day)
            log = seals[-1].fields["log"]
        there = rotated(self.folder, log) if log else {}
        agreed = seals[-1].fields["days"] if seals else 0
        if seals:
            self._begin(report, seals[0], there, agreed)
        for one, other in pairwise(seals):
            self._link(report, one, other, there)
        for seal in seals:
            if self.since is None or seal.day >= self.since:
                self._content(report, seal, there.get(seal.day), agreed)
        self._end(report, seals, there)
        return report

    def _seals(self, report: Report) -> list[Seal]:
        found: list[Seal] = []
        unsigned: list[Seal] = []
        for path in sorted((self.folder / SEALS / report.host).glob("*.seal")):
            try:
                seal = read_seal(path)
            except (ValueError, KeyError, TypeError) as error:
                report.fault(_day(path.stem), "altered-seal", f"the seal cannot be read: {error}")
                continue
            if (seal.fields["host"], f"{seal.day:%Y%m%d}") != (report.host, path.stem):
                of = f"{seal.fields['host']}, {seal.day}"
                report.fault(_day(path.stem), "altered-seal", f"the seal is another one: of {of}")
                continue
            (found if is_signed(seal, self.key) else unsigned).append(seal)
        for seal in unsigned if found else unsigned[:1]:
            all_of_them = "" if found else f"; nor is any of the {len(unsigned)} others"
            what = f"the seal is not signed with this key, or was altered{all_of_them if len(unsigned) > 1 else ''}"
            report.fault(seal.day, "wrong-signature", what)
        return found

    def _begin(self, report: Report, first: Seal, there: dict[date, Path], agreed: int) -> None:
        """What is before the first seal has had its time, or there was nothing."""
        told = report.told()
        early = [day for day in sorted(there) if day < first.day and str(day) not in told]
        for day in early:
            kind = "missing-seal" if first.serial > 1 else "unsealed"
            report.fault(day, kind, "the log of this day has no seal, and those of later days have")
        before = first.fields["previous_day"]
        gone = first.serial > 1 and not early and before not in told
        if gone and (self.on - date.fromisoformat(first.fields["previous_ends"])).days < agreed:
            report.fault(before, "missing-day", "this day is gone, seal and log, before its time")

    def _link(self, report: Report, one: Seal, other: Seal, there: dict[date, Path]) -> None:
        told = {day for day in report.told() if str(one.day) < day < str(other.day)}
        bare = [day for day in sorted(there) if one.day < day < other.day and str(day) not in told]
        gap = other.serial - one.serial - 1
        for day in bare:
            kind = "missing-seal" if gap > 0 else "unsealed"
            report.fault(day, kind, "the log of this day has no seal, and those before and after it have")
        rest = gap - len(bare) - len(told)
        if rest > 0:
            between = f"after {one.day} and before {other.day}"
            what = f"{rest} day(s) {between} are gone, seal and log"
            report.fault(other.fields["previous_day"], "missing-day", what)
        elif gap < 0 or (gap == 0 and other.fields["previous"] != one.digest):
            report.fault(other.day, "altered-seal", f"the seal does not follow that of {one.day}")

    def _content(self, report: Report, seal: Seal, path: Path | None, agreed: int) -> None:
        if path is None:
            if (self.on - seal.ends).days < agreed:
                report.fault(seal.day, "missing-day", f"the log is gone, {seal.fields['lines']} lines")
            return
        report.read += 1
        stored = self.folder / SEALS / report.host / f"{seal.day:%Y%m%d}.lines"
        hashes = stored.read_bytes() if stored.is_file() else b""
        where = hashlib.sha256(hashes).hexdigest() == seal.fields["line_hashes"]
        if not where:
            report.fault(seal.day, "altered-seal", "the hashes of its lines are gone or were altered")
        try:
            if digest_of(path) == seal.fields["sha256"]:
                return
            seen = scan(path)
        except (OSError, EOFError, zlib.error) as error:
            report.fault(seal.day, "altered", f"the log cannot be read: {error}")
            return
        found = changes(hashes, seen.hashes) if where else []
        if not found:
            sealed = f"{seal.fields['lines']} lines of {seal.fields['octets']} octets in all"
            report.fault(seal.day, "altered", f"not as sealed ({sealed}, now {seen.lines} of {seen.octets})")
        for change in found[:MOST]:
            report.fault(seal.day, change.kind, str(change), change.line, change.last)
        if len(found) > MOST:
            report.fault(seal.day, "altered", f"and {len(found) - MOST} more places", found[MOST].line)

    def _end(self, report: Report, seals: list[Seal], there: dict[date, Path]) -> None:
        head, told = self.heads.get(report.host), report.told()
        last, serial = (seals[-1].day, seals[-1].serial) if seals else (date.min, 0)
        newer = [day for day in sorted(there) if day > last and str(day) not in told]
        if head and head["serial"] > serial and head["day"] not in told:
            kind = "missing-seal" if date.fromisoformat(head["day"]) in there else "missing-day"
            report.fault(head["day"], kind, "the newest seal, which was made here, is gone")
            newer = [day for day in newer if str(day) != head["day"]]
        if seals and (last - self.on).days > AHEAD:
            what = f"this day is to come, as of {self.on}: a clock was wrong, and nothing has been sealed since"
            report.fault(last, "future-seal", what)
        for day in newer:
            if (self.on - day).days > LATE:
                report.fault(day, "unsealed", "the log of this day was not sealed")
        if seals and (self.on - last).days > LATE and str(last) not in told:
            report.fault(last, "no-newer", f"nothing newer is sealed, as of {self.on}")


def _day(stem: str) -> str:
    try:
        return str(date.fromisoformat(stem))
    except ValueError:
        return stem


# ---- commands


def settings(path: Path = SETTINGS) -> tuple[list[Log], str]:
    """The logs that this host seals, and the group of their readers; none elsewhere."""
    if not path.exists():
        return [], ""
    said = json.loads(path.read_text(encoding="ascii"))
    return [Log(**row) for row in said["logs"]], str(said["readers"])


def seal_all(folder: Path, state: Path, today: date, settled: float) -> int:
    logs, readers = settings()
    if not logs:
        raise UnusableError(f"{SETTINGS} names no log")
    sealer = Sealer(folder, state, grp.getgrnam(readers).gr_gid, settled)
    for log in logs:
        try:
            for line in sealer.run(log, today):
                print(line)
        except (UnusableError, OSError, ValueError) as error:  # the others are sealed all the same
            sealer.troubles.append(f"{log.host}: {error}")
    for trouble in sealer.troubles:
        print(f"mailwright-seal: {trouble}", file=sys.stderr)
    return 2 if sealer.troubles else 0


def verify(asked: argparse.Namespace) -> int:
    folder, key = Path(asked.folder), Path(asked.key or STATE / "key.pub")
    if not folder.is_dir():
        raise UnusableError(f"{folder} is no folder")
    if not key.is_file() or openssl("pkey", "-pubin", "-in", str(key), "-noout").returncode != 0:
        raise UnusableError(f"{key} is no public key; give one with --key (mailwright-seal key prints it)")
    heads = read_heads(STATE / "heads.json" if folder == FOLDER else folder / SEALS / "heads.json")
    known = {log.host: log.name for log in settings()[0]}
    hosts = {path.name for path in (folder / SEALS).glob("*") if path.is_dir()} | set(heads)
    hosts |= set(known) if folder == FOLDER else set()
    if asked.host:
        if asked.host not in hosts:
            raise UnusableError(f"nothing of {asked.host} is sealed here")
        hosts = {asked.host}
    if not hosts:
        raise UnusableError(f"nothing is sealed in {folder}")
    verifier = Verifier(folder, key, heads, asked.on, asked.since)
    reports = [verifier.host(host, known.get(host, "")) for host in sorted(hosts)]
    well = not any(report.faults for report in reports)
    if asked.json:
        print(
            json.dumps({"ok": well, "on": str(asked.on), "hosts": [asdict(report) for report in reports]}, indent=1)
        )
    else:
        for report in reports:
            show(report)
    return 0 if well else 1


def show(report: Report) -> None:
    days = (
        f"{report.sealed} day(s) sealed, {report.first} to {report.last}" if report.sealed else "nothing sealed yet"
    )
    print(f"{report.host}: {days}; {report.read} read, {'as sealed' if not report.faults else 'NOT AS SEALED'}")
    for fault in report.faults:
        print(f"  {fault.day}: {fault.kind}: {fault.message}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="mailwright-seal", description="Seals of the mail logs of each day.")
    commands = parser.add_subparsers(dest="name", required=True)
    seal = commands.add_parser("seal", help="seal what was rotated (the timer does)")
    seal.add_argument("--state", default=str(STATE), help="where the key is, such as a new one for a trial")
    seal.add_argument("--settled", type=float, default=SETTLED, help="seconds since a log was last touched")
    verifying = commands.add_parser(
        "verify",
        help="say what is not as it was sealed, and where",
        epilog="Ends with 0 when all is as sealed, 1 when not, 2 when nothing can be said.",
    )
    verifying.add_argument("--host", help="of this host alone")
    verifying.add_argument("--since", type=date.fromisoformat, metavar="DAY", help="read the logs from this day on")
    verifying.add_argument("--key", metavar="FILE", help="public key; without it this host's own")
    verifying.add_argument("--json", action="store_true")
    for each in (seal, verifying):
        each.add_argument("--folder", default=str(FOLDER), help="where logs and seals are, such as a copy of them")
        each.add_argument(
            "--on",
            type=date.fromisoformat,
            default=date.today(),
            metavar="DAY",
            help="as of this day (2026-11-24), such as the one on which a copy was made",
        )
    commands.add_parser("key", help="print the public key, with which seals can be verified elsewhere")
    asked = parser.parse_args()
    try:
        if asked.name == "seal":
            return seal_all(Path(asked.folder), Path(asked.state), asked.on, asked.settled)
        if asked.name == "verify":
            return verify(asked)
        if os.geteuid() == 0:
            make_key(STATE)
        print((STATE / "key.pub").read_text(encoding="ascii"), end="")
    except (UnusableError, OSError, ValueError, KeyError) as error:
        print(f"mailwright-seal: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
