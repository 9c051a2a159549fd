"""What the last build of a provider left: of each customer what it was made from, what came of it, and its names.

It is the one thing that the build of a customer reads of the others. Whether files are as they were is told as git
tells it: by what the file system says of them (``stamp``), and by their contents where that differs.
"""

from __future__ import annotations

import errno
import hashlib
import marshal
import os
import posixpath
import stat
import time
import zlib
from collections.abc import Iterable
from dataclasses import field
from datetime import date
from pathlib import Path

import msgspec
import msgspec.structs

from mailwright.findings import Finding, Place, Status
from mailwright.records import dataclass
from mailwright.source.files import MAX_FILE, drained

FILE = ".mailwright-index"
FORMAT = 7
QUIET = (Status.PASS, Status.ATTESTED)
"""Of findings that nobody need be told of, and that are not kept."""

_BETWEEN = "\0"
_SUM = 4
"""Octets at the end of the file by which a damaged one is told: what is in it is believed."""
_TICK = 20_000_000
"""Nanoseconds in which two changes of a file may have one time: file systems go by the clock's ticks."""
_COARSE = 2_000_000_000
"""The same where times are of whole seconds."""


class Inputs(msgspec.Struct, frozen=True, array_like=True):
    """Files that something was made from, and how they were then.

    names    from the provider's folder on
    stamp    what the file system said of them; empty: their contents have to be looked at
    content  SHA-256 of their names and contents; empty: they changed while they were read
    below    hash of what else it is made from: layers, platform, templates, program
    since    the first day and
    until    the last on which all is judged as on the day of the build; None: no end
    """

    names: tuple[str, ...]
    stamp: bytes
    content: bytes
    below: bytes
    since: date | None = None
    until: date | None = None

    def hold_on(self, today: date) -> bool:
        return (self.since is None or self.since <= today) and (self.until is None or today <= self.until)


class Outputs(msgspec.Struct, frozen=True, array_like=True):
    """Files that came of it. ``folder``: from the build's on; ``joined``: their names, from that folder on."""

    folder: str
    joined: str
    stamp: bytes

    @property
    def names(self) -> list[str]:
        return self.joined.split(_BETWEEN)


def outputs_of(folder: str, names: Iterable[str], stamp: bytes) -> Outputs:
    """One text is read in a tenth of the time of as many as there are files."""
    return Outputs(folder, _BETWEEN.join(names), stamp)


class Said(msgspec.Struct, frozen=True, array_like=True):
    """What somebody claims, and where.

    claims   names that nobody else may have
    secrets  paths on the control machine
    keys     SHA-256 of public keys that sign its mail
    """

    claims: tuple[tuple[str, Place], ...] = ()
    secrets: tuple[tuple[str, Place], ...] = ()
    keys: tuple[tuple[str, Place], ...] = ()

    def packed(self) -> bytes:
        return _ENCODER.encode(self)


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A customer, or a platform, as it was built last.

    file      the description, from the provider's folder on
    platform  of a customer on shared hosts; empty: hosts of its own
    profiles  that it names
    leaving   last days of service, of mail and of logs, where the customer leaves
    packed    what it claims (``Said``): read when it is asked for, since of thousands hardly any is
    outputs   None: it was never built
    row       of a customer: its line in customers.json; of a platform: where its files name requirements
    findings  of the last try, without what passed; files are named from the provider's folder on
    good      whether the last try could be built; what there is of an earlier one stays all the same
    """

    id: str
    file: str
    platform: str
    profiles: tuple[str, ...]
    inputs: Inputs
    outputs: Outputs | None
    packed: bytes = b""
    leaving: tuple[date, date, date] | None = None
    row: bytes = b""
    findings: tuple[Finding, ...] = ()
    good: bool = True

    @property
    def said(self) -> Said:
        return _SAID.decode(self.packed) if self.packed else Said()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _place in self.said.claims)

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(posixpath.normpath(path) for path, _place in self.said.secrets)


@dataclass(slots=True)
class Index:
    """``undisputed``: the names that the provider called wide, where nothing was to be said of what all of them
    claim; else empty."""

    customers: dict[str, Entry] = field(default_factory=dict)
    platforms: dict[str, Entry] = field(default_factory=dict)
    undisputed: bytes = b""
    format: int = FORMAT


_ENCODER = msgspec.msgpack.Encoder()
_SAID = msgspec.msgpack.Decoder(Said)
_DECODER = msgspec.msgpack.Decoder(Index)


def load(out: Path) -> Index:
    """The index of the builds in ``out``; an empty one where there is none that this version reads, or a
    damaged one, so that all is made again."""
    try:
        data = memoryview((out / FILE).read_bytes())
        if _sum(data[:-_SUM]) != data[-_SUM:]:
            return Index()
        index = _DECODER.decode(data[:-_SUM])
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError, ValueError):
        return Index()
    return index if index.format == FORMAT else Index()


def dump(index: Index) -> bytes:
    data = _ENCODER.encode(index)
    return data + _sum(data)


def _sum(data: bytes | memoryview) -> bytes:
    return zlib.crc32(data).to_bytes(_SUM, "big")


def of_inputs(folder: str, names: Iterable[str]) -> tuple[bytes, int]:
    """The stamp of files below ``folder``, and the newest time among theirs, in nanoseconds. Raises OSError."""
    told: list[int] = []
    newest = 0
    for name in names:
        status = os.lstat(f"{folder}/{name}")
        if stat.S_ISLNK(status.st_mode):
            told += (status.st_mtime_ns, status.st_ino)  # another link is another file, whatever it leads to
            newest = max(newest, status.st_mtime_ns, status.st_ctime_ns)
            status = os.stat(f"{folder}/{name}")  # noqa: PTH116 - Path makes it three times as long
        told += (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)
        newest = max(newest, status.st_mtime_ns, status.st_ctime_ns)
    return _digest(told), newest


def of_outputs(paths: Iterable[str]) -> bytes:
    """The stamp of files that a build wrote; empty where one is missing."""
    return _of_outputs(map(os.lstat, paths))


def of_folder(outputs: Outputs, out: str) -> bytes:
    """The same of outputs where they are: looked for from their folder on, which saves the way there."""
    try:
        folder = os.open(f"{out}/{outputs.folder}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return _of_outputs(os.stat(name, dir_fd=folder, follow_symlinks=False) for name in outputs.names)
    finally:
        os.close(folder)


def _of_outputs(looks: Iterable[os.stat_result]) -> bytes:
    """Without the time of change of the inode: putting a folder in place of another changes it."""
    try:
        told = [(one.st_size, one.st_mtime_ns, one.st_ino, one.st_mode) for one in looks]
    except OSError:
        return b""
    return _digest(told)


def _digest(told: list[int] | list[tuple[int, int, int, int]]) -> bytes:
    """What is kept of them. No other version reads it, so it may be what takes the least time to make."""
    return hashlib.blake2b(marshal.dumps(told, 2), digest_size=16).digest()


def content(folder: str, names: Iterable[str]) -> bytes:
    """SHA-256 of the names and contents of files, and of where a link leads. Raises OSError."""
    digest = hashlib.sha256()
    for name in names:
        path = f"{folder}/{name}"
        if os.path.islink(path):  # noqa: PTH114 - it is fast
            digest.update(f"{os.readlink(path)}\0".encode("utf-8", "surrogateescape"))  # noqa: PTH115
        data = octets(path)
        digest.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        digest.update(data)
    return digest.digest()


def octets(path: str) -> bytes:
    """What is in a file that a reader has accepted. Raises OSError where it has become one that readers refuse: a
    pipe or a device, for which nobody waits, or a file larger than MAX_FILE."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        return drained(descriptor, status.st_size, MAX_FILE)
    finally:
        os.close(descriptor)


def taken(folder: str, names: tuple[str, ...], below: bytes, began: int) -> Inputs:
    """Of files that were read since ``began`` (``time.time_ns``).

    What changed while or just before it was read may have changed again within the same tick of the clock, and
    nobody could tell: it is looked at again the next time.
    """
    try:
        stamp, newest = of_inputs(folder, names)
        found = content(folder, names)
    except OSError:
        return Inputs(names, b"", b"", below)
    if newest >= began - (_COARSE if newest % 1_000_000_000 == 0 else _TICK):
        return Inputs(names, b"", b"" if newest >= began else found, below)
    return Inputs(names, stamp, found, below)


def looked_at(inputs: Inputs, folder: str) -> Inputs | None:
    """The inputs, when the files are what they were, with the stamp that they have now; else None."""
    began = time.time_ns()
    try:
        stamp, newest = of_inputs(folder, inputs.names)
        if stamp == inputs.stamp:
            return inputs
        if not inputs.content or content(folder, inputs.names) != inputs.content:
            return None
    except OSError:
        return None
    settled = newest < began - (_COARSE if newest % 1_000_000_000 == 0 else _TICK)
    return msgspec.structs.replace(inputs, stamp=stamp if settled else b"")


def settle(file: Path) -> None:
    """Waits until a change of what was just written beside ``file`` would have another time. Touches the file."""
    os.utime(file)
    time.sleep((_COARSE if file.stat().st_mtime_ns % 1_000_000_000 == 0 else _TICK) / 1e9)
