"""What the machine can do: is there all that a lab needs, and which flags does its podman want?"""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Sequence
from pathlib import Path

from mailwright.rehearsal.errors import LabError

# command → Debian package that brings it
TOOLS = (
    ("podman", "podman"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("nsenter", "util-linux"),
    ("unshare", "util-linux"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
)
BUILD_TOOLS = (("mmdebstrap", "mmdebstrap"),)

# podman lowers these before it starts a container, so asking for more fails even where ulimit says more.
_MOST_FILES = 65536
_MOST_PROCESSES = 32768


def check(tools: Sequence[tuple[str, str]] = TOOLS) -> None:
    """Raise LabError when this machine cannot run a lab: not root, no IPv6, or a tool is missing."""
    if os.geteuid() != 0:
        raise LabError(
            "Test hosts need root: containers run systemd and have networks of their own.",
            "Run the same command with sudo.",
        )
    check_tools(tools)
    if not Path("/proc/net/if_inet6").exists():
        raise LabError(
            "This machine's kernel has IPv6 switched off, and half of the tests go over IPv6.",
            "Start the machine without ipv6.disable=1.",
        )


def check_tools(tools: Sequence[tuple[str, str]]) -> None:
    """Raise LabError that names the Debian packages of all ``tools`` that are not on PATH."""
    missing = sorted({package for command, package in tools if shutil.which(command) is None})
    if missing:
        raise LabError(
            f"Not installed: {', '.join(missing)}.",
            f"apt-get install --no-install-recommends {' '.join(missing)}",
        )


def check_space(folder: Path, needed: int) -> None:
    """Raise LabError when there are fewer than ``needed`` bytes free where ``folder`` is or will be."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise LabError(
            f"Too little space in {folder}: {free // 2**20} MiB are free, {needed // 2**20} MiB are needed.",
            "Make room, or remove old images with `podman image prune`.",
        )


def podman(cgroup: Path = Path("/sys/fs/cgroup")) -> tuple[str, ...]:
    """The podman command with the runtime that serves here: crun refuses cgroup v1 and hybrid mode."""
    if (cgroup / "cgroup.controllers").exists():
        return ("podman",)
    if shutil.which("runc") is None:
        raise LabError(
            "This machine has control groups version 1, which needs the runtime runc.",
            "apt-get install --no-install-recommends runc",
        )
    return ("podman", "--runtime", "runc")


def limits() -> tuple[str, ...]:
    """``--ulimit`` flags that ask for no more than the machine may give: else a container does not start."""
    files = _at_most(resource.getrlimit(resource.RLIMIT_NOFILE)[1], _MOST_FILES)
    processes = _at_most(resource.getrlimit(resource.RLIMIT_NPROC)[1], _MOST_PROCESSES)
    return ("--ulimit", f"nofile={files}:{files}", "--ulimit", f"nproc={processes}:{processes}")


def _at_most(hard: int, most: int) -> int:
    return most if hard == resource.RLIM_INFINITY else min(hard, most)
