"""Places to look from, and commands on hosts under test."""

from __future__ import annotations

import ctypes
import os
import selectors
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import field
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from mailwright.audit.model import Where
from mailwright.records import dataclass
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

    @contextmanager
    def listen(self, *ports: int) -> Iterator[None]:
        """Somebody here takes connections to these ports, and hangs up. Others may listen on the same ones."""
        with ExitStack() as stack:
            with self.enter():
                servers = [
                    stack.enter_context(_server(str(address), port)) for address in self.addresses for port in ports
                ]
            stop, stopped = socket.socketpair()
            taking = threading.Thread(target=_take, args=(servers, stopped), name=f"listening {self.name}")
            taking.start()
            try:
                yield
            finally:
                stop.close()
                taking.join()
                stopped.close()

    def command_prefix(self) -> tuple[str, ...]:
        """Put before a command, it runs here, with the lab's names."""
        into = ("nsenter", f"--net={self.path}", "unshare", "--mount")
        return (*into, "sh", "-c", _WITH_NAMES, "lab", str(self.names))


_ENVIRONMENT = ("HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
_NOT_RUNNING = 125  # as podman has it


@dataclass(frozen=True, slots=True)
class PodmanShell:
    """Commands on hosts, as root (``audit.model.Shell``). ``containers``: host → its container.

    They are run in the namespaces of a container's first process: podman itself works a tenth of a second for each.
    """

    containers: Mapping[str, str]
    _first: dict[str, _Process] = field(default_factory=dict, repr=False, compare=False)

    def run(self, host: str, *argv: str, timeout: float = 90.0) -> tuple[int, str]:
        """(exit status, output and error); status 124 when it was not done after ``timeout`` seconds."""
        first = self._first.get(host)
        if first is None or not first.lives:
            first = self._first[host] = _Process.of(self.containers[host])
            if not first.lives:
                return _NOT_RUNNING, f"{host} is not running"
        into = ("nsenter", "--all", "--root", "--wd", f"--target={first.number}", "env", "-i", *_ENVIRONMENT)
        # timeout(1) ends the command on the host itself, which ending nsenter alone would not.
        return attempt([*into, "timeout", "--kill-after=2", f"{timeout:g}", *argv], timeout=timeout + 10)


@dataclass(frozen=True, slots=True)
class _Process:
    """The first process of a container: its number here, and the tick in which it began. A number alone may be
    another's one day, in whose namespaces nothing may be run."""

    number: int
    began: str

    @classmethod
    def of(cls, container: str) -> _Process:
        status, said = attempt(["podman", "inspect", "--format", "{{.State.Pid}}", container])
        number = int(said) if status == 0 else 0
        return cls(number, _began(number))

    @property
    def lives(self) -> bool:
        return self.number > 0 and self.began != "" and _began(self.number) == self.began


def _began(number: int) -> str:
    """Field 22 of proc(5)'s stat; empty for a process that is not there."""
    try:
        return (
            Path(f"/proc/{number}/stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()[19]
        )
    except OSError:
        return ""


def _server(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, reuse_port=True)


def _take(servers: Iterable[socket.socket], stopped: socket.socket) -> None:
    """Take connections and close them, until the other end of ``stopped`` is closed."""
    with selectors.DefaultSelector() as selector:
        selector.register(stopped, selectors.EVENT_READ)
        for server in servers:
            server.setblocking(False)
            selector.register(server, selectors.EVENT_READ, server)
        while True:
            for key, _ in selector.select():
                if key.data is None:
                    return
                try:
                    key.data.accept()[0].close()
                except OSError:  # the client is gone already
                    continue


def _setns(descriptor: int) -> None:
    if _libc().setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
