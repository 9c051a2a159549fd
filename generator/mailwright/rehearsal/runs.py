"""Runs of the lab on this machine: their names, their folders, and clearing up after dead ones.

A run's id is its process and that process's start time, so anybody can tell later whether it still lives. All
that a run leaves on the machine carries the id: containers as a label, network namespaces in their name, and
one folder.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

from mailwright.rehearsal.command import attempt, must

FOLDER = Path("/run/mailwright")
LABEL = "mailwright.run"
_ID = re.compile(r"([0-9]+)-([0-9]+)-[0-9]+")  # process, its start time, which lab of that process
_NAMESPACE = re.compile(r"mw-([0-9]+-[0-9]+-[0-9]+)-[a-z0-9]+")


def start_time(process: int) -> int | None:
    """When a process was started, in clock ticks since the machine was; None when there is none."""
    try:
        said = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(said.rpartition(")")[2].split()[19])  # field 22; the name before it may hold anything


def new_id(serial: int) -> str:
    """An id for the ``serial``-th lab of this process."""
    return f"{os.getpid()}-{start_time(os.getpid())}-{serial}"


def alive(run: str) -> bool:
    """Whether the process that made the run still lives."""
    parts = _ID.fullmatch(run)
    if parts is None:
        return False
    return start_time(int(parts[1])) == int(parts[2])


def namespace(run: str, short: str) -> str:
    return f"mw-{run}-{short}"


def folder(run: str) -> Path:
    return FOLDER / run


def keep(run: str) -> None:
    """Let the run outlive its process."""
    (folder(run) / "kept").touch()


def kept(run: str) -> bool:
    return (folder(run) / "kept").exists()


def known() -> tuple[str, ...]:
    """The ids of all runs of which something is left on this machine."""
    found: set[str] = set()
    if FOLDER.is_dir():
        found.update(path.name for path in FOLDER.iterdir())
    labels = f'{{{{index .Labels "{LABEL}"}}}}'
    listed = must(["podman", "ps", "-a", "--filter", f"label={LABEL}", "--format", labels])
    found.update(listed.split())
    found.update(run for name in _namespaces() if (run := _run_of(name)))
    return tuple(sorted(run for run in found if _ID.fullmatch(run)))


def sweep() -> tuple[str, ...]:
    """Remove what dead runs left, but for kept ones; returns their ids."""
    dead = tuple(run for run in known() if not alive(run) and not kept(run))
    for run in dead:
        remove(run)
    return dead


def remove(run: str) -> None:
    """Remove a run's containers, the processes in its namespaces, the namespaces and its folder.

    Does as much as it can: what is gone already is no error.
    """
    label = f"label={LABEL}={run}"
    containers = attempt(["podman", "ps", "-a", "-q", "--no-trunc", "--filter", label])[1].split()
    containers = [container for container in containers if re.fullmatch("[0-9a-f]{64}", container)]
    if containers:
        attempt(["podman", "rm", "--force", "--time", "0", "--volumes", *containers], timeout=120)
    for name in _namespaces():
        if _run_of(name) == run:
            _end_processes(name)
            attempt(["ip", "netns", "delete", name])
    shutil.rmtree(folder(run), ignore_errors=True)


def _namespaces() -> list[str]:
    place = Path("/run/netns")
    return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


def _run_of(name: str) -> str | None:
    parts = _NAMESPACE.fullmatch(name)
    return parts[1] if parts else None


def _end_processes(name: str) -> None:
    """End what still runs in a namespace of ours: an interrupted ansible-playbook, SSH's shared connections."""
    for strength in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + 2
        while True:
            found = attempt(["ip", "netns", "pids", name])[1].split()
            processes = [int(pid) for pid in found if pid.isdecimal() and int(pid) != os.getpid()]
            if not processes:
                return
            for process in processes:
                try:
                    os.kill(process, strength)
                except ProcessLookupError:
                    continue
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)


if __name__ == "__main__":
    for given in sys.argv[1:]:
        remove(given)
