"""Writes a project into a folder: only what changed, all or nothing as far as a file system allows it."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from pathlib import Path

from mailwright.build import manifest
from mailwright.build.tree import Output, Tree, safe
from mailwright.records import dataclass


class WriteRefusedError(Exception):
    """The folder is not one that mailwright may write into. The message says why."""


@dataclass(frozen=True, slots=True)
class Written:
    """Paths by what became of them; the rest was the same already."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        return not (self.added or self.changed or self.removed)


def write(tree: Tree, folder: Path) -> Written:
    """Makes ``folder`` hold the tree.

    Files that an earlier build left and this one does not have are removed; files that no build wrote stay.
    New contents are written beside the folder first, so that a full disk leaves the old project as it was.
    Raises WriteRefusedError for a folder that holds something else than a project of ours, OSError.
    """
    written = compare(tree, folder)
    if written.nothing:
        return written
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".mailwright-", dir=folder.parent))
    try:
        stage(tree, staging, written)
        put(staging, folder, written)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return written


def compare(tree: Tree, folder: Path) -> Written:
    """What ``write`` would do. Raises as it does; nothing is written."""
    before = _earlier(folder)
    if not folder.exists():
        return Written(tuple(sorted(map(safe, tree))), (), ())
    added: list[str] = []
    changed: list[str] = []
    for path, output in sorted(tree.items()):
        _no_link_on_the_way(folder, safe(path))
        target = folder / path
        if not target.exists():
            added.append(path)
        elif not _same(target, output):
            changed.append(path)
    removed = sorted(path for path in before - tree.keys() if (folder / path).is_file())
    for path in removed:
        _no_link_on_the_way(folder, path)
    return Written(tuple(added), tuple(changed), tuple(removed))


def stage(tree: Tree, staging: Path, written: Written) -> None:
    """Writes what is new to the folder ``staging``."""
    new = (*written.added, *written.changed)
    for parent in sorted({(staging / path).parent for path in new}):
        parent.mkdir(parents=True, exist_ok=True)
    for path in new:
        staged = staging / path
        staged.write_bytes(tree[path].data)
        staged.chmod(tree[path].mode)


def put(staging: Path, folder: Path, written: Written) -> None:
    """Moves what was staged into the folder, and takes out what is no more."""
    if not folder.exists():
        staging.chmod(0o777 & ~_umask())  # mkdtemp keeps others out
        staging.rename(folder)  # the whole project appears at once
        return
    for path in written.removed:
        (folder / path).unlink()
        _remove_empty(folder, (folder / path).parent)
    # The manifest last: until then it is the old one, which knows what may be removed. Where there is none it
    # comes first, so that a folder which was left half written is known for ours.
    new = (*written.added, *written.changed)
    renewed = (folder / manifest.NAME).exists()
    for path in sorted(new, key=lambda path: ((path == manifest.NAME) is renewed, path)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (staging / path).replace(folder / path)


def _umask() -> int:
    now = os.umask(0o077)
    os.umask(now)
    return now


def _earlier(folder: Path) -> set[str]:
    """Paths that the earlier build wrote. Raises WriteRefusedError when there is something else in the folder."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise WriteRefusedError(f"{folder} is not a folder")
    if not folder.exists() or not any(folder.iterdir()):
        return set()
    try:
        found = json.loads((folder / manifest.NAME).read_bytes())
        files = found["files"]
        if "mailwright" not in found or not isinstance(files, dict):
            raise WriteRefusedError(f"{folder} has a {manifest.NAME} that mailwright did not write")
        return {safe(path) for path in files} | {manifest.NAME}
    except FileNotFoundError:
        raise WriteRefusedError(
            f"{folder} is not empty and has no {manifest.NAME}: it was not made by mailwright"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise WriteRefusedError(f"{folder} has a {manifest.NAME} that mailwright did not write") from None


def _no_link_on_the_way(folder: Path, path: str) -> None:
    for parent in (folder / path, *(folder / path).parents):
        if parent == folder:
            return
        if parent.is_symlink():
            raise WriteRefusedError(f"{parent} is a symbolic link; mailwright makes none and follows none")


def _same(target: Path, output: Output) -> bool:
    status = target.stat()
    if status.st_size != len(output.data) or stat.S_IMODE(status.st_mode) != output.mode:
        return False
    return target.read_bytes() == output.data


def _remove_empty(folder: Path, parent: Path) -> None:
    while parent != folder and not os.listdir(parent):  # noqa: PTH208 - the emptiness alone is asked for
        parent.rmdir()
        parent = parent.parent
