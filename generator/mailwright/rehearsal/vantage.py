"""Places to look from, and commands on hosts under test."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from mailwright.audit.model import Where
from mailwright.rehearsal.command import attempt

_CLONE_NEWNET = 0x40000000

# The machine's own name service would ask the real network. Inside, names are the lab's: what is listed first,
# then the lab's resolver; both in a mount namespace that ends with the command.
_WITH_NAMES = """\
mount --bind "$1/hosts" /etc/hosts && mount --bind "$1/resolv.conf" /etc/resolv.conf && shift && exec "$@"
"""


@dataclass(frozen=True, slots=True)
class NamespaceVantage:
    """A network namespace that a thread can stand in (``audit.model.Vantage``).

    path   the namespace
    names  folder with the lab's ``hosts`` and ``resolv.conf``, for commands
    """

    name: Where
    addresses: tuple[IPv4Address | IPv6Address, ...]
    path: Path
    names: Path

    @contextmanager
    def enter(self) -> Iterator[None]:
        """The calling thread's new sockets start in this namespace; other threads stay where they are."""
        before = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            there = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                _setns(there)
            finally:
                os.close(there)
            try:
                yield
            finally:
                _setns(before)
        finally:
            os.close(before)

    def command_prefix(self) -> tuple[str, ...]:
        """Put before a command, it runs here, with the lab's names."""
        into = ("nsenter", f"--net={self.path}", "unshare", "--mount")
        return (*into, "sh", "-c", _WITH_NAMES, "lab", str(self.names))


@dataclass(frozen=True, slots=True)
class PodmanShell:
    """Commands on hosts, as root (``audit.model.Shell``). ``containers``: host → its container."""

    containers: Mapping[str, str]

    def run(self, host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:
        """(exit status, output and error); status 124 when it was not done after ``timeout`` seconds."""
        # timeout(1) ends the command on the host itself, which ending podman alone would not.
        inside = ("timeout", "--kill-after=2", f"{timeout:g}", *argv)
        return attempt(["podman", "exec", self.containers[host], *inside], timeout=timeout + 10)


def _setns(descriptor: int) -> None:
    if _libc().setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
