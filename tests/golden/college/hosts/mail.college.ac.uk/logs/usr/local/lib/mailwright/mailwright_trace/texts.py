"""The logs as text: which files there are, what is in a compressed one, and the words by which lines are found."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

MEMBER = struct.Struct("<QQ")  # of a member of a gzip file: where it begins in the text, and in the file
EVER = 0xFFFFFFFF
CHUNK = 1 << 20

Token = bytes
"""A kind (q, m, r or s), a colon, and the word as it stands in the log."""


@dataclass(frozen=True)
class Log:
    """A log and its earlier days: all lines in them are of this host."""

    host: str
    path: str

    def files(self) -> list[str]:
        """The log and its rotated files, the oldest first. Raises PermissionError."""
        folder, _, name = self.path.rpartition("/")
        older = re.compile(re.escape(name) + r"(?:-\d{8}(?:-\d+)?|\.\d+)(?:\.gz)?")
        try:
            every = [one.name for one in Path(folder).iterdir()]
        except FileNotFoundError:
            return []
        found = [*sorted(one for one in every if older.fullmatch(one)), *([name] if name in every else [])]
        paths = [f"{folder}/{one}" for one in found]
        # While it is being compressed a day is there twice.
        return [path for path in paths if stat.S_ISREG(os.lstat(path).st_mode) and not _made_of(path, paths)]


def _made_of(path: str, paths: list[str]) -> bool:
    return path.endswith(".gz") and path[:-3] in paths


_STARTS = re.compile(rb"\]: ([0-9A-Za-z]{6,25}): (?:to=<([^>\n]*)>(?:, orig_to=<([^>\n]*)>)?|message-id=([^\n]*))?")
_OTHERS = (
    (b"q:", re.compile(rb"queued as ([0-9A-Za-z]{6,25})")),
    (b"q:", re.compile(rb"forwarded as ([0-9A-Za-z]{6,25})")),
    (b"q:", re.compile(rb"notification: ([0-9A-Za-z]{6,25})")),
    (b"s:", re.compile(rb"status=sent \(250 2\.0\.0 <[^\n]*> ([0-9A-Za-z+/=:]+) Saved")),
    (b"s:", re.compile(rb"lmtp\([^)\n]*\)<\d+><([^>\n]*)>: ")),
    (b"r:", re.compile(rb"forwarded to <([^>\n]*)>")),
    (b"r:", re.compile(rb" response to <([^>\n]*)>")),
)


def queue_token(queue_id: str) -> Token:
    return b"q:" + queue_id.encode()


def session_token(session: str) -> Token:
    return b"s:" + session.encode()


def message_token(message_id: str) -> Token:
    return b"m:" + bare(message_id).encode("utf-8", "replace")


def bare(message_id: str) -> str:
    """A Message-ID without what some write after it, and with the brackets that others leave away."""
    found = re.match(r"\s*(<[^>]*>)", message_id)
    return found[1] if found else message_id.strip()


def recipient_token(address: str) -> Token:
    return b"r:" + address.partition(">")[0].lower().encode("utf-8", "replace")


def tokens(text: bytes) -> set[Token]:
    """All words of a block by which it can be found."""
    found: set[Token] = set()
    add = found.add
    for queue_id, to, orig_to, message_id in _STARTS.findall(text):
        add(b"q:" + queue_id)
        if to:
            add(b"r:" + to.lower())
            if orig_to:
                add(b"r:" + orig_to.lower())
        elif message_id:
            # as ``bare`` has it
            end = message_id.find(b">") if message_id.startswith(b"<") else -1
            add(b"m:" + (message_id[: end + 1] if end >= 0 else message_id.strip()))
    for kind, pattern in _OTHERS:
        if kind == b"r:":
            found.update(kind + word.lower() for word in pattern.findall(text))
        else:
            found.update(kind + word for word in pattern.findall(text))
    return found


def number(token: Token) -> int:
    """The upper 56 bits stand for the word; the lower 8 are left for the block's number."""
    return int.from_bytes(hashlib.blake2b(token, digest_size=8).digest(), "big") & ~0xFF


class MovedError(OSError):
    """Another file has the name now: the logs are being rotated."""


class DamagedError(Exception):
    """A compressed file is not whole: its text from some octet on is not known."""


class Text:
    """The text of a log file, compressed or not, which is opened when it is read.

    members  where one can begin to read a compressed one
    inode    of the file that is meant; 0: whichever has the name
    damaged  after what, where it was found not to be whole
    """

    def __init__(self, path: str, members: bytes = b"", inode: int = 0) -> None:
        self.path = path
        self.packed = path.endswith(".gz")
        self._members = members
        self._inode = inode
        self._file = -1
        self.damaged = ""

    @property
    def file(self) -> int:
        """Raises FileNotFoundError, MovedError."""
        if self._file < 0:
            file = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            if self._inode and os.fstat(file).st_ino != self._inode:
                os.close(file)
                raise MovedError(f"{self.path} was rotated")
            self._file = file
        return self._file

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def read(self, start: int, length: int) -> bytes:
        """So many bytes of the text from ``start`` on; fewer at its end, or where a file is damaged."""
        if not self.packed:
            return pread(self.file, start, length)
        begin, place = self._member(start)
        parts, have = [], 0
        try:
            for _, piece in unpacked(self.file, place, max(length, 4096)):
                here = piece[max(start - begin, 0) :]
                begin += len(piece)
                parts.append(here)
                have += len(here)
                if have >= length:
                    break
        except DamagedError:
            pass  # who reads the whole tells
        return b"".join(parts)[:length]

    def _member(self, start: int) -> tuple[int, int]:
        """Where the last member at or before ``start`` begins, in the text and in the file."""
        low, high = 0, len(self._members) // MEMBER.size
        while low < high:
            middle = (low + high) // 2
            if MEMBER.unpack_from(self._members, middle * MEMBER.size)[0] <= start:
                low = middle + 1
            else:
                high = middle
        begin, place = MEMBER.unpack_from(self._members, (low - 1) * MEMBER.size) if low else (0, 0)
        return int(begin), int(place)

    def stream(self, start: int) -> Iterator[bytes]:
        """The text from ``start`` to the end, in pieces."""
        if self.packed:
            begin, piece = 0, b""
            try:
                for _, piece in unpacked(self.file, 0, 4 * CHUNK):
                    if begin + len(piece) > start:
                        yield piece[max(start - begin, 0) :]
                    begin += len(piece)
            except DamagedError:
                self.damaged = last_known(piece, begin)
            return
        while piece := pread(self.file, start, 4 * CHUNK):
            start += len(piece)
            yield piece


def pread(file: int, start: int, length: int) -> bytes:
    parts = []
    while length > 0 and (piece := os.pread(file, length, start)):
        parts.append(piece)
        start += len(piece)
        length -= len(piece)
    return b"".join(parts)


def unpacked(file: int, place: int, most: int) -> Iterator[tuple[int, bytes]]:
    """Pieces of the text from a member of a gzip file on: (where its member begins in the file, piece).

    ``most``: octets of text in a piece. Raises DamagedError where it is damaged, or ends too early.
    """
    engine, begun, waiting, inside = zlib.decompressobj(31), place, b"", True
    while True:
        if not waiting:
            waiting = pread(file, place, max(most // 4, 4096))
            place += len(waiting)
            if not waiting and inside:
                raise DamagedError
            if not waiting:
                return
        try:
            piece = engine.decompress(waiting, most)
        except zlib.error as error:
            raise DamagedError from error
        inside = not engine.eof
        if piece:
            yield begun, piece
        if engine.eof:
            waiting = engine.unused_data
            begun = place - len(waiting)
            engine = zlib.decompressobj(31)
        else:
            waiting = engine.unconsumed_tail


def last_known(piece: bytes, octets: int) -> str:
    """Up to where a damaged file is known: its last piece, and so many octets of its text in all."""
    stamp = piece[: max(piece.rfind(b"\n"), 0)].rpartition(b"\n")[2].partition(b" ")[0]
    return stamp.decode("ascii") if second(stamp, EVER) != EVER else f"{octets} octets of its text"


def head(text: Text) -> bytes:
    """Tells a file from another: its first line."""
    first = text.read(0, 4096)
    return hashlib.blake2b(first[: first.find(b"\n") + 1] or first, digest_size=16).digest()


def second(line: bytes, otherwise: int) -> int:
    try:
        return int(datetime.fromisoformat(line.partition(b" ")[0].decode("ascii")).timestamp())
    except (ValueError, OverflowError):
        return otherwise
