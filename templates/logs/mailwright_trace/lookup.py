"""Where a word stands in the logs, as they are now: by the index where it helps."""

from __future__ import annotations

import os
import sqlite3
import zlib
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .index import ENTRY, SEGMENT, VERSION, entries_of
from .texts import EVER, Log, Text, Token, head, number, pread, second

_SLACK = 3 * 3600  # seconds: lines of one block may have been written in summer time and in winter time


@dataclass(frozen=True)
class Found:
    """A raw line in which one of the words stands."""

    host: str
    file: str
    offset: int
    raw: bytes


class _Part:
    """A file on the disk, and what the index knows of it: ``end`` octets of its text."""

    def __init__(self, host: str, path: str, members: bytes, segments: list[tuple[int, int, bytes]]) -> None:
        self.host, self.path = host, path
        self.text = Text(path, members)
        self.segments = segments  # key, end, blocks
        self.end = segments[-1][1] if segments else 0
        self.rest: bytes | None = None


class Lookup:
    """The logs as they are now, and the index where it helps. ``notes``: what who reads an answer should know."""

    def __init__(self, place: str, logs: Iterable[Log]) -> None:
        self.logs = tuple(logs)
        self.notes: list[str] = []
        self.behind = 0
        self._blocks: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._base = self._open(place)
        self._version = 0
        self._parts: list[_Part] = []
        self._of_key: dict[int, tuple[_Part, bytes]] = {}
        self._renew()

    def _renew(self) -> None:
        """See what files there are, and what the index has of them."""
        for part in self._parts:
            part.text.close()
        self.behind = 0
        self._version = self._now()
        self._parts = list(self._match())
        self._of_key = {key: (part, blocks) for part in self._parts for key, _, blocks in part.segments}

    def _now(self) -> int:
        """Another number whenever the index was changed. It is not locked: that would hold up its timer."""
        return int(self._base.execute("PRAGMA data_version").fetchone()[0]) if self._base else 0

    def _open(self, place: str) -> sqlite3.Connection | None:
        if not Path(place).exists():
            self.notes.append("There is no index yet: all logs are read, which takes its time.")
            return None
        try:
            base = sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=20)
            if base.execute("SELECT version FROM about").fetchone() == (VERSION,):
                return base
            why = "of another version"
        except sqlite3.Error as error:
            why = str(error)
        self.notes.append(f"The index cannot be used ({why}): all logs are read, which takes its time.")
        return None

    def _match(self) -> Iterator[_Part]:
        rows = {}
        segments: dict[int, list[tuple[int, int, int, bytes]]] = {}
        if self._base:
            try:
                for ident, host, device, inode, first, members in self._base.execute(
                    "SELECT id, host, device, inode, head, members FROM files"
                ):
                    rows[device, inode] = (ident, host, first, members)
                for key, ident, start, end, blocks in self._base.execute(
                    "SELECT id, file, start, end, blocks FROM segments ORDER BY file, number"
                ):
                    segments.setdefault(ident, []).append((key, start, end, blocks))
            except sqlite3.Error as error:
                self.notes.append(f"The index is damaged ({error}): all logs are read, which takes its time.")
                self._base, rows, segments = None, {}, {}
        for log in self.logs:
            for path in log.files():
                try:
                    facts = Path(path).stat()
                    part = _Part(log.host, path, b"", [])
                except FileNotFoundError:
                    continue
                row = rows.get((facts.st_dev, facts.st_ino))
                if row and row[1:3] == (log.host, head(part.text)):
                    mine, reached = [], 0
                    for key, start, end, blocks in segments.get(row[0], []):
                        if start != reached or (not part.text.packed and end > facts.st_size):
                            break
                        mine.append((key, end, blocks))
                        reached = end
                    part.text.close()
                    part = _Part(log.host, path, row[3], mine)
                self.behind += (
                    max(facts.st_size * (8 if part.text.packed else 1) - part.end, 0)
                    if not (part.text.packed and part.end)
                    else 0
                )
                yield part

    def kept(self) -> tuple[str, str] | None:
        """The first and the last time that the logs have."""
        times = []
        for part in self._parts:
            first = part.text.read(0, 4096).partition(b" ")[0]
            times.append((second(first, EVER), first.decode("ascii", "replace")))
            last = self._last(part)
            times.append((second(last, EVER), last.decode("ascii", "replace")))
        times = [one for one in times if one[0] != EVER]
        return (min(times)[1], max(times)[1]) if times else None

    def _last(self, part: _Part) -> bytes:
        if part.text.packed:
            return b""
        size = os.fstat(part.text.file).st_size
        lines = pread(part.text.file, max(size - 65536, 0), 65536).rstrip(b"\n").rsplit(b"\n", 1)
        return lines[-1].partition(b" ")[0]

    def find(self, wanted: Iterable[Token], since: float = 0.0, until: float = float("inf")) -> list[Found]:
        """Every line in which one of the words stands, each once; of the time between (seconds), and around it."""
        words = tuple(sorted(set(wanted)))
        found: dict[tuple[str, int], Found] = {}
        places = self._places(words, since, until)
        while self._version != self._now():
            self._renew()
            places = self._places(words, since, until)
        for part in self._parts:
            for block_start, size, crc in sorted(places.get(part.path, ())):
                block = self._block(part, block_start, size)
                if zlib.crc32(block) != crc:
                    self._distrust(part)
                    break
                _scan(part, block_start, block, words, found)
            if part.end == 0 or not part.text.packed:
                _scan_rest(part, words, found)
        return sorted(found.values(), key=lambda one: (one.file, one.offset))

    def _places(self, words: tuple[Token, ...], since: float, until: float) -> dict[str, set[tuple[int, int, int]]]:
        places: dict[str, set[tuple[int, int, int]]] = {}
        if self._base is None:
            return places
        for word in words:
            value = number(word)
            bucket = value >> 56
            keys = [(key << 8) | bucket for key in self._of_key]
            for at in range(0, len(keys), 500):
                some = keys[at : at + 500]
                query = f"SELECT key, data FROM postings WHERE key IN ({','.join('?' * len(some))})"  # noqa: S608
                try:
                    rows = [(key, entries_of(data)) for key, data in self._base.execute(query, some)]
                except sqlite3.Error as error:
                    self.notes.append(f"The index is damaged ({error}): all logs were read.")
                    for part in self._parts:
                        part.end = 0
                    self._of_key.clear()
                    return {}
                for key, entries in rows:
                    first = bisect_left(entries, value)
                    part, blocks = self._of_key[key >> 8]
                    while first < len(entries) and entries[first] & ~0xFF == value:
                        place = self._entry(part, key >> 8, blocks, entries[first] & 0xFF, since, until)
                        if place:
                            places.setdefault(part.path, set()).add(place)
                        first += 1
        return places

    def _entry(
        self, part: _Part, key: int, blocks: bytes, which: int, since: float, until: float
    ) -> tuple[int, int, int] | None:
        count = len(blocks) // ENTRY.size
        if which >= count:
            return None
        start, crc, first, last = ENTRY.unpack_from(blocks, which * ENTRY.size)
        if last + _SLACK < since or first - _SLACK > until:
            return None
        if which + 1 < count:
            end = ENTRY.unpack_from(blocks, (which + 1) * ENTRY.size)[0]
        else:
            end = next(one[1] for one in part.segments if one[0] == key)
        return start, end - start, crc

    def _block(self, part: _Part, start: int, size: int) -> bytes:
        key = (part.path, start)
        if key not in self._blocks:
            self._blocks[key] = part.text.read(start, size)
            if len(self._blocks) > 1000:
                self._blocks.popitem(last=False)
        return self._blocks[key]

    def _distrust(self, part: _Part) -> None:
        self.notes.append(f"{part.path} is not what it was when it was indexed: it was read whole.")
        for key, _, _ in part.segments:
            self._of_key.pop(key, None)
        part.segments, part.end, part.rest = [], 0, None


def _scan(
    part: _Part, start: int, block: bytes, words: tuple[Token, ...], found: dict[tuple[str, int], Found]
) -> None:
    """Notes the lines of a block that hold one of the words."""
    lower = block.lower() if any(word.startswith(b"r:") for word in words) else b""
    for word in words:
        text, plain = (lower, word[2:]) if word.startswith(b"r:") else (block, word[2:])
        at = text.find(plain)
        while at >= 0:
            begin = block.rfind(b"\n", 0, at) + 1
            end = block.find(b"\n", at)
            end = len(block) if end < 0 else end
            found[part.path, start + begin] = Found(part.host, part.path, start + begin, block[begin:end])
            at = text.find(plain, end)


def _scan_rest(part: _Part, words: tuple[Token, ...], found: dict[tuple[str, int], Found]) -> None:
    """The same for what the index does not have; what is little is read once."""
    if part.rest is not None:
        _scan(part, part.end, part.rest, words, found)
        return
    at, waiting, kept = part.end, b"", bytearray()
    for piece in part.text.stream(part.end):
        data = waiting + piece
        cut = data.rfind(b"\n") + 1
        _scan(part, at, data[:cut], words, found)
        if len(kept) <= 4 * SEGMENT:
            kept += data[:cut]
        at, waiting = at + cut, data[cut:]
    if len(kept) <= 4 * SEGMENT:
        part.rest = bytes(kept)
