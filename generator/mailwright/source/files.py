"""Opening the files that a description consists of, so that no kind of file can stop the program."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from mailwright.findings import Findings, Place


@contextmanager
def opened(path: Path, findings: Findings, where: Place | None = None) -> Iterator[BufferedReader | None]:
    """The regular file at ``path`` for reading, or None with a finding at ``where`` (default: the file itself).

    A pipe or a device is refused without waiting for it.
    """
    where = where or Place(str(path), 1, 1)
    try:
        # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        findings.error("source.no-file", f"there is no file {path}", where, "Check the path, or write the file.")
        yield None
        return
    except PermissionError:
        findings.error("source.unreadable", f"{path} may not be read by you", where, "Change its mode.")
        yield None
        return
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        findings.error("source.unreadable", f"{path} cannot be read: {why}", where)
        yield None
        return
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
        findings.error("source.not-a-file", f"{path} is {what}, not a file", where, "Name the file itself.")
        yield None
        return
    with os.fdopen(descriptor, "rb") as file:
        yield file


def content(path: Path, limit: int, findings: Findings, where: Place | None = None) -> bytes | None:
    """All of a regular file of at most ``limit`` bytes, or None with a finding."""
    with opened(path, findings, where) as file:
        if file is None:
            return None
        read = file.read(limit + 1)
    if len(read) > limit:
        findings.error(
            "source.too-large",
            f"{path} is larger than {limit} bytes",
            where or Place(str(path), 1, 1),
            "Put the people into a CSV file, which may have any size.",
        )
        return None
    return read
