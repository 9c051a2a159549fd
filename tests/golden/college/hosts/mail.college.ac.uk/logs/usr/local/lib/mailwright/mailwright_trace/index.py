"""The index of the logs: in which block of which file a queue id, a Message-ID, a recipient or a session stands.

It holds numbers made of these words (a hash) and the places, no words. It is never the truth: a block that it names
is read from the log and each line in it parsed; a block that is not what it was is told apart by a checksum, and
its file is read whole. What the index does not have yet is read as it is.

A log's text is cut into segments of 16 MiB, these into blocks of about 72 KiB, at the ends of lines. The last
segment of a file that grows is made anew each time.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import struct
import time
import zlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

from .texts import (
    CHUNK,
    EVER,
    MEMBER,
    DamagedError,
    Log,
    MovedError,
    Text,
    head,
    last_known,
    number,
    second,
    tokens,
    unpacked,
)

SEGMENT = 16 << 20
BLOCK = 72 << 10
VERSION = 2
ENTRY = struct.Struct("<QIII")  # of a block: where it begins, its checksum, its first and its last second


@dataclass(frozen=True)
class Segment:
    """A part of a file, as it goes into the index."""

    number: int
    start: int
    end: int
    blocks: bytes
    buckets: list[tuple[int, bytes]]


def segment(number_: int, start: int, text: bytes) -> Segment:
    """``text``: whole lines, that begin at ``start`` of the file's text."""
    entries: list[int] = []
    blocks = []
    at, which = 0, 0
    while at < len(text):
        cut = text.find(b"\n", at + BLOCK - 1)
        end = len(text) if cut < 0 else cut + 1
        block = text[at:end]
        lines = block.split(b"\n")
        lines.pop()
        blocks.append(ENTRY.pack(start + at, zlib.crc32(block), second(min(lines), 0), second(max(lines), EVER)))
        entries += [number(token) | which for token in tokens(block)]
        at, which = end, which + 1
    entries.sort()
    buckets = []
    begun = 0
    for bucket in range(256):
        ended = bisect_left(entries, (bucket + 1) << 56, begun)
        if ended > begun:
            buckets.append((bucket, _sealed(array("Q", entries[begun:ended]))))
        begun = ended
    return Segment(number_, start, start + len(text), b"".join(blocks), buckets)


Job = tuple[str, int, int]
"""A file's path and inode, and which of its segments (of a compressed file, all)."""


def _plain(text: Text, which: int) -> list[Segment]:
    """The segment of that number of a plain file: the whole lines that begin in its 16 MiB."""
    start, length = which * SEGMENT, SEGMENT
    if which:  # a line that began before is another segment's
        start, length = start - 1, length + 1
    data = text.read(start, length)
    if which:
        first = data.find(b"\n") + 1
        if not first:
            return []
        data, start = data[first:], start + first
    while data and not data.endswith(b"\n") and (more := text.read(start + len(data), BLOCK)):
        cut = more.find(b"\n") + 1
        data += more[:cut] if cut else more
    data = data[: data.rfind(b"\n") + 1]
    return [segment(which, start, data)] if data else []


def _compressed(text: Text) -> tuple[list[Segment], bytes, str]:
    """All segments of a compressed file, where one can begin to read it, and after what it is damaged, if it is."""
    found: list[Segment] = []
    members: list[bytes] = []
    waiting, start, at, last, piece, damaged = bytearray(), 0, 0, -1, b"", ""

    def take() -> None:
        nonlocal start
        cut = waiting.rfind(b"\n") + 1
        for begin, end in _cuts(waiting, cut):
            found.append(segment(len(found), start, bytes(waiting[begin:end])))
            start += end - begin
        del waiting[:cut]

    try:
        for begun, piece in unpacked(text.file, 0, 4 * CHUNK):
            if begun != last:
                members.append(MEMBER.pack(at, begun))
                last = begun
            at += len(piece)
            waiting += piece
            if len(waiting) >= SEGMENT:
                take()
    except DamagedError:
        damaged = last_known(piece, at)
    take()
    return found, b"".join(members), damaged


def _cuts(data: bytearray, end: int) -> Iterator[tuple[int, int]]:
    """Parts of whole lines, none much longer than a segment."""
    at = 0
    while at < end:
        cut = data.find(b"\n", at + SEGMENT - 1, end)
        after = end if cut < 0 else cut + 1
        yield at, after
        at = after


Made = tuple[str, bool, list[Segment], bytes, str]
"""The path, whether it could be done, and what was made: segments, members, damage."""


def _work(job: Job) -> Made:
    path, inode, which = job
    text = Text(path, inode=inode)
    try:
        if text.packed:
            return (path, True, *_compressed(text))
        return path, True, _plain(text, which), b"", ""
    except (FileNotFoundError, MovedError):  # rotated meanwhile: the next run finds it as it is then
        return path, False, [], b"", ""
    finally:
        text.close()


_OURS = ("locked", "full", "I/O", "readonly", "unable to open")
"""Words of errors after which the index is as good as it was."""

_SCHEMA = """
CREATE TABLE about (version INTEGER, checked INTEGER);
CREATE TABLE files (id INTEGER PRIMARY KEY, host TEXT, path TEXT UNIQUE, device INTEGER, inode INTEGER,
  size INTEGER, changed INTEGER, head BLOB, members BLOB, complete INTEGER, damaged TEXT DEFAULT '');
CREATE TABLE segments (id INTEGER PRIMARY KEY, file INTEGER, number INTEGER, start INTEGER, end INTEGER,
  blocks BLOB, UNIQUE (file, number));
CREATE TABLE postings (key INTEGER PRIMARY KEY, data BLOB);
"""


@dataclass(frozen=True)
class Updated:
    """What a run of the indexer did, in octets of text."""

    read: int
    files: int
    forgotten: int
    rebuilt: bool


def update(place: str, logs: Iterable[Log], jobs: int = 0) -> Updated:
    """Bring the index up to what is in the logs now. Whoever may write the index's folder can do it.

    Raises OSError, sqlite3.Error when the index cannot be written.
    """
    known = tuple(logs)
    with Path(f"{place}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one at a time
        return _updated_or_made(place, known, jobs or os.cpu_count() or 1)


def _updated_or_made(place: str, known: tuple[Log, ...], jobs: int) -> Updated:
    try:
        return _updated(place, known, jobs, False)
    except sqlite3.DatabaseError as error:
        if any(word in str(error) for word in _OURS):
            raise
    for end in ("", "-journal"):
        Path(place + end).unlink(missing_ok=True)
    return _updated(place, known, jobs, True)


def _updated(place: str, logs: tuple[Log, ...], jobs: int, rebuilt: bool) -> Updated:
    base = _open_to_write(place)
    try:
        return _update(base, logs, jobs, rebuilt)
    finally:
        base.close()


def _open_to_write(place: str) -> sqlite3.Connection:
    made = not Path(place).exists()
    base = sqlite3.connect(place, timeout=60, isolation_level=None)
    try:
        if made:
            Path(place).chmod(0o640)
            if os.geteuid() == 0:
                os.chown(place, 0, Path(place).parent.stat().st_gid)
            base.execute("PRAGMA auto_vacuum = FULL")
        base.execute("PRAGMA secure_delete = ON")
        base.execute("PRAGMA synchronous = NORMAL")
        base.execute("PRAGMA cache_size = -65536")
        if made:
            base.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
            base.execute("INSERT INTO about VALUES (?, 0)", (VERSION,))
        version, checked = base.execute("SELECT version, checked FROM about").fetchone() or (0, 0)
        if version != VERSION:
            raise sqlite3.DatabaseError("another version's")
        if abs(time.time() - checked) > 86400:
            _check(base)
    except sqlite3.Error:
        base.close()
        raise
    return base


def _check(base: sqlite3.Connection) -> None:
    """Once a day, whether the index is whole. Raises sqlite3.DatabaseError."""
    if base.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("damaged")
    for (data,) in base.execute("SELECT data FROM postings"):
        entries_of(data)
    base.execute("UPDATE about SET checked = ?", (int(time.time()),))


def _sealed(entries: array[int]) -> bytes:
    data = entries.tobytes()
    return zlib.crc32(data).to_bytes(4, "big") + data


def entries_of(data: bytes) -> array[int]:
    """Raises sqlite3.DatabaseError for what is not as it was written."""
    entries = array("Q")
    if len(data) % 8 != 4 or zlib.crc32(data[4:]).to_bytes(4, "big") != data[:4]:
        raise sqlite3.DatabaseError("damaged")
    entries.frombytes(data[4:])
    return entries


def _update(base: sqlite3.Connection, logs: tuple[Log, ...], jobs: int, rebuilt: bool) -> Updated:
    there = {path: log for log in logs for path in log.files()}
    known = {
        (device, inode): (ident, path)
        for ident, path, device, inode in base.execute("SELECT id, path, device, inode FROM files")
    }
    stats = {path: Path(path).stat() for path in there}
    work: list[Job] = []
    idents: dict[str, int] = {}
    base.execute("BEGIN IMMEDIATE")
    base.execute("UPDATE files SET path = 'was ' || id")  # the names have changed round, it may be
    kept = set()
    for path, log in there.items():
        facts = stats[path]
        text = Text(path)
        try:
            first = head(text)
            ident, _ = known.get((facts.st_dev, facts.st_ino), (0, ""))
            row = (
                ident
                and base.execute(
                    "SELECT host, size, changed, head, complete FROM files WHERE id = ?", (ident,)
                ).fetchone()
            )
            if row and (row[0], row[3]) == (log.host, first) and _grown(base, ident, text, facts, row):
                fresh = (facts.st_size, facts.st_mtime_ns) == (row[1], row[2]) and row[4]
            else:
                if row:
                    _forget(base, ident)
                ident = base.execute(
                    "INSERT INTO files (host, path, device, inode, head, members, complete) VALUES (?,?,?,?,?,?,0)",
                    (log.host, path, facts.st_dev, facts.st_ino, first, b""),
                ).lastrowid
                fresh = False
        finally:
            text.close()
        base.execute(
            "UPDATE files SET path = ?, size = ?, changed = ?, complete = ? WHERE id = ?",
            (path, facts.st_size, facts.st_mtime_ns, int(fresh), ident),
        )
        kept.add(ident)
        idents[path] = ident
        if not fresh:
            work += _wanted(base, ident, path, facts)
    gone = [ident for ident, _ in known.values() if ident not in kept]
    for ident in gone:
        _forget(base, ident)
    base.execute("COMMIT")
    read, skipped = 0, set()
    left = Counter(path for path, _, _ in work)
    for path, done, found, members, damaged in _side_by_side(work, jobs):
        base.execute("BEGIN IMMEDIATE")
        if damaged:
            base.execute("UPDATE files SET damaged = ? WHERE id = ?", (damaged, idents[path]))
        read += _write(base, idents[path], found, members)
        left[path] -= 1
        if not done:
            skipped.add(path)
        if not left[path] and path not in skipped:
            base.execute("UPDATE files SET complete = 1 WHERE id = ?", (idents[path],))
        base.execute("COMMIT")
    return Updated(read, len(left), len(gone), rebuilt)


def _grown(
    base: sqlite3.Connection, ident: int, text: Text, facts: os.stat_result, row: tuple[str, int, int, bytes, int]
) -> bool:
    """The file is what it was, with lines added perhaps: its last known block is as it was."""
    if text.packed:
        return (facts.st_size, facts.st_mtime_ns) == (row[1], row[2])
    last = base.execute(
        "SELECT blocks, end FROM segments WHERE file = ? ORDER BY number DESC LIMIT 1", (ident,)
    ).fetchone()
    if last is None:
        return True
    start, crc, _, _ = ENTRY.unpack_from(last[0], len(last[0]) - ENTRY.size)
    end = int(last[1])
    return facts.st_size >= end and zlib.crc32(text.read(start, end - start)) == crc


def _wanted(base: sqlite3.Connection, ident: int, path: str, facts: os.stat_result) -> list[Job]:
    if path.endswith(".gz"):
        return [(path, facts.st_ino, 0)]
    done = {
        which
        for which, end in base.execute("SELECT number, end FROM segments WHERE file = ?", (ident,))
        if end >= (which + 1) * SEGMENT
    }
    return [(path, facts.st_ino, which) for which in range(-(-facts.st_size // SEGMENT)) if which not in done]


def _side_by_side(work: list[Job], jobs: int) -> Iterator[Made]:
    if jobs < 2 or len(work) < 2:
        yield from map(_work, work)
        return
    with Pool(min(jobs, len(work))) as pool:
        yield from pool.imap_unordered(_work, work)


def _write(base: sqlite3.Connection, ident: int, found: list[Segment], members: bytes) -> int:
    if members:
        base.execute("UPDATE files SET members = ? WHERE id = ?", (members, ident))
    for one in found:
        old = base.execute("SELECT id FROM segments WHERE file = ? AND number = ?", (ident, one.number)).fetchone()
        if old:
            _drop(base, old[0])
        key = base.execute(
            "INSERT INTO segments (file, number, start, end, blocks) VALUES (?,?,?,?,?)",
            (ident, one.number, one.start, one.end, one.blocks),
        ).lastrowid
        base.executemany(
            "INSERT INTO postings VALUES (?,?)", ((((key or 0) << 8) | at, data) for at, data in one.buckets)
        )
    return sum(one.end - one.start for one in found)


def _drop(base: sqlite3.Connection, key: int) -> None:
    base.execute("DELETE FROM postings WHERE key BETWEEN ? AND ?", (key << 8, (key << 8) | 255))
    base.execute("DELETE FROM segments WHERE id = ?", (key,))


def _forget(base: sqlite3.Connection, ident: int) -> None:
    for (key,) in base.execute("SELECT id FROM segments WHERE file = ?", (ident,)).fetchall():
        _drop(base, key)
    base.execute("DELETE FROM files WHERE id = ?", (ident,))
