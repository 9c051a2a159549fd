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
from .texts import EVER, Log, MovedError, Text, Token, head, number, pread, second

_SLACK = 3 * 3600  # seconds: lines of one block may have been written in summer time and in winter time


_Row = tuple[int, str, int, int, bytes, bytes, str]
"""Of a file: its number, host, size, time of change, the hash of its head, where one can begin to read it, and
after what it is damaged."""

_Segment = tuple[int, int, int, bytes]
"""Its number, where it begins and ends, and its blocks."""


@dataclass(frozen=True)
class Found:
    """A raw line in which one of the words stands."""

    host: str
    file: str
    offset: int
    raw: bytes


class _Part:
    """A file on the disk, and what the index knows of it: ``end`` octets of its text."""

    def __init__(self, host: str, text: Text, segments: list[tuple[int, int, bytes]]) -> None:
        self.host, self.path = host, text.path
        self.text = text
        self.segments = segments  # key, end, blocks
        self.end = segments[-1][1] if segments else 0
        self.rest: bytes | None = None


class Lookup:
    """The logs as they are now, and the index where it helps. ``notes``: what who reads an answer should know.
    ``damaged``: not all of what was asked for could be read."""

    def __init__(self, place: str, logs: Iterable[Log]) -> None:
        self.logs = tuple(logs)
        self.notes: list[str] = []
        self.damaged = False
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
        self._blocks.clear()
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
        rows, segments = self._known()
        for log in self.logs:
            for path in log.files():
                try:
                    facts = Path(path).stat()
                    yield self._part(log.host, path, facts, rows.get((facts.st_dev, facts.st_ino)), segments)
                except (FileNotFoundError, MovedError):  # rotated meanwhile: it is another of the files
                    continue

    def _known(self) -> tuple[dict[tuple[int, int], _Row], dict[int, list[_Segment]]]:
        """What the index has: its files, by device and inode, and their segments."""
        rows: dict[tuple[int, int], _Row] = {}
        segments: dict[int, list[_Segment]] = {}
        if self._base is None:
            return rows, segments
        try:
            for ident, host, device, inode, *known in self._base.execute(
                "SELECT id, host, device, inode, size, changed, head, members, damaged FROM files"
            ):
                size, changed, first, members, damaged = known
                rows[device, inode] = (ident, host, size, changed, first, members, damaged)
            for ident, *segment in self._base.execute(
                "SELECT file, id, start, end, blocks FROM segments ORDER BY file, number"
            ):
                segments.setdefault(ident, []).append((segment[0], segment[1], segment[2], segment[3]))
        except sqlite3.Error as error:
            self.notes.append(f"The index is damaged ({error}): all logs are read, which takes its time.")
            self._base = None
            return {}, {}
        return rows, segments

    def _part(
        self, host: str, path: str, facts: os.stat_result, row: _Row | None, segments: dict[int, list[_Segment]]
    ) -> _Part:
        text = Text(path, row[5] if row else b"", facts.st_ino)
        mine: list[tuple[int, int, bytes]] = []
        if row and row[1] == host:
            same = row[2:4] == (facts.st_size, facts.st_mtime_ns)
            if same or (not text.packed and head(text) == row[4]):
                reached = 0
                for key, start, end, blocks in segments.get(row[0], []):
                    if start != reached or (not text.packed and end > facts.st_size):
                        break
                    mine.append((key, end, blocks))
                    reached = end
                text.damaged = row[6]
                self._tell_damage(text)
            text.close()
        part = _Part(host, text, mine)
        if text.packed:
            self.behind += 0 if mine else facts.st_size * 8  # about what is in it
        else:
            self.behind += facts.st_size - part.end
        return part

    def _tell_damage(self, text: Text) -> None:
        if text.damaged:
            self.damaged = True
            note = f"{text.path} is damaged after {text.damaged}: what stood there is not known."
            self.notes += [note] if note not in self.notes else []

    def kept(self) -> tuple[str, str] | None:
        """The first and the last time that the logs have."""
        times: list[tuple[int, str]] = []
        for host in dict.fromkeys(part.host for part in self._parts):
            mine = [part for part in self._parts if part.host == host]
            for part in (*mine[:2], *mine[-2:]):
                try:
                    words = (part.text.read(0, 4096), self._last(part))
                except (FileNotFoundError, MovedError):
                    continue
                part.text.close()
                for word in words:
                    stamp = word.partition(b" ")[0]
                    times.append((second(stamp, EVER), stamp.decode("ascii", "replace")))
        times = [one for one in times if one[0] != EVER]
        return (min(times)[1], max(times)[1]) if times else None

    def _last(self, part: _Part) -> bytes:
        """The last line of a file that is not compressed."""
        if part.text.packed:
            return b""
        size = os.fstat(part.text.file).st_size
        return pread(part.text.file, max(size - 65536, 0), 65536).rstrip(b"\n").rpartition(b"\n")[2]

    def find(self, wanted: Iterable[Token], since: float = 0.0, until: float = float("inf")) -> list[Found]:
        """Every line in which one of the words stands, each once; of the time between (seconds), and around it.

        Raises MovedError when the logs are rotated all the while.
        """
        words = tuple(sorted(set(wanted)))
        for attempt in range(3):
            try:
                return self._find(words, since, until)
            except (FileNotFoundError, MovedError):
                if attempt == 2:
                    raise
                self._renew()
        return []

    def _find(self, words: tuple[Token, ...], since: float, until: float) -> list[Found]:
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
                self._tell_damage(part.text)
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
    part.text.close()
