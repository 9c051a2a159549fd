"""What was there before a transaction, written down so that it can be put back: after a failure, after a crash,
or by a timer when nobody confirms.

Stands alone (standard library only): the transaction leaves a copy of this file in the journal's folder, so that
``python3 -I restore.py FOLDER`` can undo it without Ansible.

A journal is a folder ``/var/lib/mailwright/<component>.journal``: ``old/<n>`` are copies of the files that are
about to change, ``journal.json`` says what they are. ``journal.json`` is written last, once all copies are on disk,
and removed first: while it exists, the transaction is open and can be undone; without it nothing has changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

STATE = Path("/var/lib/mailwright")
TEMPORARY = ".mailwright-new"
UNIT_FOLDERS = ("/etc/systemd/system/", "/etc/systemd/system.conf.d/")


def temporary(path: str) -> str:
    """The name beside ``path`` under which new content waits: hidden, so that no ``*.conf`` matches it."""
    folder, name = os.path.split(path)
    return f"{folder}/.{name}{TEMPORARY}"


def systemctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs systemctl; its words are in ``stdout``."""
    return subprocess.run(
        ["systemctl", "--no-ask-password", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )


@contextlib.contextmanager
def lock(state: Path = STATE) -> Iterator[None]:
    """One transaction at a time on a host; waits for the one before."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def sync_folder(folder: str | Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Writes a file of our own so that after a crash it is the old one or the new one, whole."""
    waiting = path.with_name(f".{path.name}{TEMPORARY}")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    waiting.replace(path)
    sync_folder(path.parent)


def copy_exactly(source: str, target: str) -> None:
    """Content, mode, owner, times and extended attributes; a symbolic link as a link."""
    status = os.lstat(source)
    shutil.copy2(source, target, follow_symlinks=False)
    os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(status.st_mode):
        Path(target).chmod(stat.S_IMODE(status.st_mode))  # chown clears set-id bits
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def begin(folder: Path, paths: Sequence[str], directories: Sequence[str], units: Sequence[dict[str, Any]]) -> None:
    """Writes down ``paths`` and ``directories`` as they are now (some may be absent), and how ``units`` stand.

    A unit is ``{"unit", "active", "enabled", "action", "undo", "retired"}``: its state before, what makes it read
    its files anew, an argv that takes back what its first start did, and whether the transaction disables it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "old").mkdir(mode=0o700, parents=True)
    entries: list[dict[str, Any]] = []
    for number, path in enumerate(paths):
        there = os.path.lexists(path)
        if there:
            copy_exactly(path, str(folder / "old" / str(number)))
        entries.append({"path": path, "old": str(number) if there else None})
    sync_folder(folder / "old")
    folders: list[dict[str, Any]] = []
    for path in directories:
        status = Path(path).stat() if Path(path).is_dir() else None
        folders.append({"path": path, "old": [status.st_uid, status.st_gid, status.st_mode] if status else None})
    write(folder / "journal.json", json.dumps({"files": entries, "directories": folders, "units": [*units]}))


def is_open(folder: Path) -> bool:
    return (folder / "journal.json").is_file()


def close(folder: Path) -> None:
    """The transaction stands (or has been undone): the journal goes."""
    (folder / "journal.json").unlink(missing_ok=True)
    if folder.is_dir():
        sync_folder(folder)
        shutil.rmtree(folder)


def restore(folder: Path) -> list[str]:
    """Puts back exactly what ``begin`` wrote down and lets the services read it. May be run again after a crash.

    Returns what systemctl said where a service could not be brought back; empty when all is as it was.
    """
    if not is_open(folder):
        close(folder)
        return []
    journal = json.loads((folder / "journal.json").read_text(encoding="utf-8"))
    for unit in journal["units"]:  # while the new unit file still says how to stop
        if not unit["active"]:
            systemctl("stop", unit["unit"])
            if unit["undo"]:
                subprocess.run(unit["undo"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
        if not unit["enabled"]:
            systemctl("disable", unit["unit"])
    for entry in reversed(journal["files"]):
        path, waiting = Path(entry["path"]), Path(temporary(entry["path"]))
        waiting.unlink(missing_ok=True)
        if entry["old"] is not None:
            copy_exactly(str(folder / "old" / entry["old"]), str(waiting))
            waiting.replace(path)
        else:
            path.unlink(missing_ok=True)
    for directory in reversed(journal["directories"]):
        if directory["old"]:
            owner, group, mode = directory["old"]
            os.chown(directory["path"], owner, group)
            Path(directory["path"]).chmod(stat.S_IMODE(mode))
        else:
            with contextlib.suppress(OSError):  # somebody else's file in it: it stays
                Path(directory["path"]).rmdir()
    if any(entry["path"].startswith(UNIT_FOLDERS) for entry in journal["files"]):
        systemctl("daemon-reload")
    words: list[str] = []
    for unit in journal["units"]:
        if unit.get("retired") and unit["enabled"]:  # it was being taken away
            systemctl("enable", unit["unit"])
        if unit["active"]:
            systemctl("reset-failed", unit["unit"])
            alive = systemctl("is-active", "--quiet", unit["unit"]).returncode == 0
            answer = systemctl(unit["action"] if alive and unit["action"] else "start", unit["unit"])
            if answer.returncode != 0:
                words.append(f"systemctl {unit['unit']}: {answer.stdout.strip()}")
    close(folder)
    return words


if __name__ == "__main__":
    with lock(Path(sys.argv[1]).parent):
        sys.exit("\n".join(restore(Path(sys.argv[1]))) or 0)
