"""A customer's folder beside the one that it is to replace: what is there appears whole, or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mailwright.build.tree import Tree
from mailwright.build.writer import Written, compare

_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_HERE = -100  # AT_FDCWD


def stage(tree: Tree, target: Path, staging: Path) -> Written:
    """Makes ``staging`` the folder that is to be at ``target``; nothing is made where the target is that already.

    Files that stay as they are, and files there that no build wrote, are the same files under a second name.
    Raises WriteRefusedError for a folder of somebody else, OSError.
    """
    written = compare(tree, target)
    if written.nothing:
        return written
    new = {*written.added, *written.changed}
    made: set[str] = set()
    for path, output in tree.items():
        file = _place(path, staging, made)
        if path in new:
            _write(file, output.data, output.mode)
        else:
            _link(f"{target}/{path}", file)
    if target.exists():
        for path in others(target, {*tree, *written.removed}):
            _link(f"{target}/{path}", _place(path, staging, made))
    return written


def put(staging: Path, target: Path) -> None:
    """The staged folder takes the target's place; what was there, if anything, is then in ``staging``."""
    try:
        staging.rename(target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    else:
        return
    if _exchange()(_HERE, os.fsencode(staging), _HERE, os.fsencode(target), _EXCHANGE) == 0:
        return
    # Where the system cannot: for a moment there is nothing.
    aside = staging.with_name(staging.name + ".old")
    target.rename(aside)
    staging.rename(target)
    aside.rename(staging)


@cache
def _exchange() -> ctypes._NamedFuncPointer:
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        function = libc.renameat2
    except AttributeError:
        return lambda *_arguments: -1  # type: ignore[return-value]
    function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return function


def _place(path: str, staging: Path, made: set[str]) -> str:
    """Where a file is staged, in a folder that is there; ``made`` are those."""
    parent = path.rpartition("/")[0]
    if parent not in made:
        os.makedirs(f"{staging}/{parent}", exist_ok=True)  # noqa: PTH103 - ten thousand customers have 200,000 files
        made.add(parent)
    return f"{staging}/{path}"


def _write(file: str, data: bytes, mode: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:  # by the umask, say
            os.fchmod(descriptor, mode)
    except OSError as error:
        error.filename = error.filename or file
        raise
    finally:
        os.close(descriptor)


def _link(old: str, new: str) -> None:
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV):
            raise
        shutil.copy2(old, new, follow_symlinks=False)


def others(folder: Path, ours: set[str]) -> Iterator[str]:
    """Paths of what is in the folder besides ``ours``."""
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(f"{parent}/{name}")]  # noqa: PTH114
        for name in (*files, *links):
            path = os.path.relpath(f"{parent}/{name}", folder)
            if path not in ours:
                yield path
