"""Opening the files that a description consists of, so that no kind of file can stop the program."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from mailwright.findings import Findings, Place

LFS = b"version https://git-lfs.github.com/spec/"
"""With what a file begins that stands for another one, which git LFS keeps."""

MERGE = re.compile(r"(?:<{7}|>{7}|\|{7}) |={7}\r?$")
"""A line by which git marks what it could not merge."""

UNMERGED = "Keep what is right between <<<<<<< and >>>>>>>, and take the lines with the marks out."

MAX_FILE = 256 * 1024 * 1024
"""Bytes of any one file; a table of 100,000 people has ten million."""

_PIECE = 64 * 1024


@contextmanager
def opened(path: Path, findings: Findings, where: Place | None = None) -> Iterator[BufferedReader | None]:
    """The regular file at ``path`` for reading, or None with a finding at ``where`` (default: the file itself).

    A pipe or a device is refused without waiting for it, and so is a file of more than MAX_FILE bytes.
    """
    descriptor, _size = _opened(path, findings, where or Place(str(path), 1, 1))
    if descriptor is None:
        yield None
        return
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _opened(path: Path, findings: Findings, where: Place) -> tuple[int | None, int]:
    """Its descriptor and size, as of ``opened``."""
    try:
        # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        findings.error("source.no-file", f"there is no file {path}", where, "Check the path, or write the file.")
        return None, 0
    except PermissionError:
        findings.error("source.unreadable", f"{path} may not be read by you", where, "Change its mode.")
        return None, 0
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        findings.error("source.unreadable", f"{path} cannot be read: {why}", where)
        return None, 0
    found = os.fstat(descriptor)
    mode = found.st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
        findings.error("source.not-a-file", f"{path} is {what}, not a file", where, "Name the file itself.")
        return None, 0
    if found.st_size > MAX_FILE:
        os.close(descriptor)
        message = f"{path} is larger than {MAX_FILE:,} bytes"
        findings.error("source.too-large", message, where, "Take out what no description needs.")
        return None, 0
    findings.files.add(str(path))
    return descriptor, found.st_size


def below(path: Path, folder: Path, findings: Findings, where: Place) -> bool:
    """Whether ``path`` is in ``folder`` or below it when every link on the way is followed; else a finding.

    What a description consists of may be shown on its site's pages, so a link must not bring in another file of
    the machine where it is read.
    """
    if not _links(path, folder):
        return True
    real, base = Path(os.path.realpath(path)), Path(os.path.realpath(folder))
    if real.is_relative_to(base):
        return True
    message = f"a symbolic link on the way to {path} leads out of {folder}"
    findings.error("source.outside", message, where, "Put the file itself there in place of the link.")
    return False


def _links(path: Path, folder: Path) -> bool:
    """Whether there may be a link on the way from the folder to the path; asked first, since it is fast."""
    try:
        parts = path.relative_to(folder).parts
    except ValueError:
        return True
    here = str(folder)
    for part in parts:
        here = f"{here}/{part}"
        if part == ".." or os.path.islink(here):  # noqa: PTH114 - it is fast
            return True
    return False


def content(path: Path, limit: int, findings: Findings, where: Place | None = None) -> bytes | None:
    """All of a regular file of at most ``limit`` bytes, or None with a finding."""
    descriptor, size = _opened(path, findings, where or Place(str(path), 1, 1))
    if descriptor is None:
        return None
    try:
        read = drained(descriptor, size, limit + 1)
    finally:
        os.close(descriptor)
    if len(read) > limit:
        findings.error(
            "source.too-large",
            f"{path} is larger than {limit} bytes",
            where or Place(str(path), 1, 1),
            "Put the people into a CSV file, which may be larger.",
        )
        return None
    return read


def drained(descriptor: int, size: int, limit: int) -> bytes:
    """What an open file still has, at most ``limit`` bytes. ``size``: what it is said to have, or less.

    No more memory is asked for than that takes, since there are thousands of small files. Raises OSError.
    """
    read = os.read(descriptor, min(size + 1, limit))
    while read and len(read) < limit and (more := os.read(descriptor, min(_PIECE, limit - len(read)))):
        read += more
    return read
