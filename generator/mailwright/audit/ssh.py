"""Commands on the site's hosts by the system's ``ssh`` (``audit.model.Shell``)."""

from __future__ import annotations

import os
import selectors
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from mailwright.audit.model import UnavailableError
from mailwright.formats.visible import visible

_CONNECT = 15.0  # seconds to reach a host and be let in
_LATE = 5.0  # seconds that ssh may take besides the command
_AT_ONCE = 6  # commands on one host; sshd lets ten through one connection (MaxSessions)

_OPTIONS = (
    "BatchMode=yes",
    "ConnectTimeout=10",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "RequestTTY=no",
    "RemoteCommand=none",
    "PermitLocalCommand=no",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "LogLevel=ERROR",
)


class NoSshError(OSError):
    """There is no ``ssh`` on this machine."""


@dataclass(slots=True)
class _Road:
    """The way to a host. ``opened`` is None while nobody has tried it; ``trouble`` says why it is closed."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    turns: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(_AT_ONCE))
    opened: bool = False
    trouble: str = ""


class SshShell:
    """A context manager: one connection to each host is shared by all commands, and ended at the end.

    here    hosts that are this machine: their commands need no ssh
    config  a configuration of ssh; None: the user's own and the system's. Where it names no user, it is root
    """

    def __init__(self, hosts: Collection[str], here: Collection[str] = (), config: Path | None = None) -> None:
        self._here = frozenset(here)
        self._config = config
        self._roads = {host: _Road() for host in hosts}
        self._folder = Path()

    def __enter__(self) -> Self:
        if shutil.which("ssh") is None and not self._here.issuperset(self._roads):
            raise NoSshError("ssh is not installed")
        self._folder = Path(tempfile.mkdtemp(prefix="mw-"))
        (self._folder / "config").write_text(_configuration(self._config), encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for host, road in self._roads.items():
            if road.opened:
                _call([*self._ssh(), "-O", "exit", "--", host], _LATE)
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:
        """(exit status, output and error); status 124 when it was not done after ``timeout`` seconds.

        No word of ``argv`` is read by a shell there as anything but a word. Raises UnavailableError when the host
        cannot be reached.
        """
        # timeout(1) ends the command on the host itself, which ending ssh alone would not.
        words = ["timeout", "--kill-after=2", f"{timeout:g}", *argv]
        if host in self._here:
            return _call(words, timeout + _LATE)
        road = self._roads[host]
        self._open(host, road)
        with road.turns:
            status, said = _call([*self._ssh(), "-T", "--", host, shlex.join(words)], timeout + _LATE)
        if status == 255:  # ssh's own
            raise UnavailableError(f"ssh to {host}: {_last(said) or 'the connection broke'}")
        return status, said

    def talk(self, host: str, *argv: str, given: bytes, timeout: float, most: int) -> tuple[int, bytes]:
        """As ``run``, with ``given`` on the command's standard input; what it says comes back as octets.

        Raises UnavailableError too where it says more than ``most`` octets: nobody knows whether such a host will
        ever come to an end.
        """
        words = ["timeout", "--kill-after=2", f"{timeout:g}", *argv]
        if host in self._here:
            status, said = self._converse(words, given, timeout + _LATE, most)
        else:
            road = self._roads[host]
            self._open(host, road)
            with road.turns:
                argv_ = [*self._ssh(), "-T", "--", host, shlex.join(words)]
                status, said = self._converse(argv_, given, timeout + _LATE, most)
            if status == 255:  # ssh's own
                raise UnavailableError(f"ssh to {host}: {_last(_text(said)) or 'the connection broke'}")
        if len(said) > most:
            raise UnavailableError(f"{host} says more than {most} octets")
        return status, said

    def _converse(self, argv: Sequence[str], given: bytes, timeout: float, most: int) -> tuple[int, bytes]:
        """Reads no more than one octet over ``most``, and no longer than ``timeout``."""
        end = time.monotonic() + timeout
        said = bytearray()
        with tempfile.TemporaryFile(dir=self._folder) as source:
            source.write(given)
            source.seek(0)
            try:
                process = subprocess.Popen(
                    argv,
                    stdin=source,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "LC_ALL": "C.UTF-8"},
                )
            except OSError as error:
                return 127, str(error).encode()
        with process, selectors.DefaultSelector() as ready:
            heard = cast("IO[bytes]", process.stdout)
            ready.register(heard, selectors.EVENT_READ)
            while len(said) <= most:
                if not ready.select(max(0.0, end - time.monotonic())):
                    process.kill()
                    return 124, bytes(said)
                got = os.read(heard.fileno(), min(65536, most + 1 - len(said)))
                if not got:
                    break
                said += got
            try:
                if len(said) <= most:
                    return process.wait(max(0.0, end - time.monotonic())), bytes(said)
            except subprocess.TimeoutExpired:
                pass
            process.kill()
        return 124, bytes(said)

    def _open(self, host: str, road: _Road) -> None:
        """The connection that all commands share; what came of it is remembered."""
        with road.lock:
            if not road.opened and not road.trouble:
                # In the background once it is let in; it keeps no pipe of ours open.
                argv = [*self._ssh(), "-o", "ControlMaster=yes", "-o", "ControlPersist=600", "-N", "-f", "--", host]
                status, said = self._call_to_file(argv)
                road.opened = status == 0
                road.trouble = "" if road.opened else _last(said) or f"ended with {status}"
        if road.trouble:
            raise UnavailableError(f"ssh to {host}: {road.trouble}")

    def _call_to_file(self, argv: Sequence[str]) -> tuple[int, str]:
        with tempfile.TemporaryFile(dir=self._folder) as said:
            try:
                done = subprocess.run(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    timeout=_CONNECT,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return 124, f"not let in after {_CONNECT:.0f} s"
            said.seek(0)
            return done.returncode, said.read(4096).decode("utf-8", "replace")

    def _ssh(self) -> list[str]:
        options = [word for option in _OPTIONS for word in ("-o", option)]
        return ["ssh", "-F", str(self._folder / "config"), *options, "-o", f"ControlPath={self._folder}/%C"]


def _configuration(config: Path | None) -> str:
    """What is said first counts, so that the user's own words go before ours."""
    included = [str(config.resolve())] if config is not None else ["~/.ssh/config", "/etc/ssh/ssh_config"]
    lines = [f"Include {_quoted(name)}" for name in included]
    return "\n".join([*lines, "Match all", "  User root", ""])


def _quoted(path: str) -> str:
    """As one argument of ssh_config(5). Raises ValueError for what cannot be written there."""
    if any(character in path for character in '"\n*?[\\'):
        raise ValueError(f"ssh cannot include a file of the name {visible(path)}")
    return f'"{path}"'


def _call(argv: Sequence[str], timeout: float) -> tuple[int, str]:
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return 124, (error.output or b"").decode("utf-8", "replace")
    except OSError as error:
        return 127, str(error)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace")


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return visible(lines[-1])[:200] if lines else ""
