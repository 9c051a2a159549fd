"""Asking a service's checker, making it read its files, and talking with it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.mailwright_files import matches
from ansible.module_utils.mailwright_journal import systemctl

SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": SEARCH, "LC_ALL": "C.UTF-8"}
ENABLED = frozenset({"enabled", "enabled-runtime", "static", "alias", "indirect", "generated", "transient"})

# The line that ends an answer. What stands before it (250-SIZE, * CAPABILITY ...) belongs to the same answer.
LAST_LINE = {
    "smtp": re.compile(r"\d{3}( |$)"),
    "imap": re.compile(r"(\* (OK|BYE|PREAUTH)|\+|[a-z]\d+ (OK|NO|BAD))"),
    "pop3": re.compile(r"(\+OK|-ERR)"),
    "managesieve": re.compile(r"(OK|NO|BYE)\b"),
    "auth": re.compile(r"(DONE|OK|FAIL|CONT)\b"),  # Dovecot's own, on the socket of a mailer
}


class ServiceError(Exception):
    """A service, its checker or a dialogue said no; the message holds its words."""


class WrongAnswerError(ServiceError):
    """The service runs and answers, but not as it must."""


@dataclass(frozen=True)
class Unit:
    """A systemd unit that shall be enabled and running.

    paths       reads its files anew when one of these (shell patterns) changed; empty: any
    restart_on  needs a restart, not a reload, when one of these changed
    action      how it is told otherwise: reload, restart, or none
    alive       argv that ends with 0 when it really runs (Debian 12's postfix.service is active with no master)
    undo        argv that takes back what the first start did, where stopping the unit does not
    if_running  belongs to another component, which starts it: it is told of the change when it runs
    """

    unit: str
    paths: tuple[str, ...] = ()
    restart_on: tuple[str, ...] = ()
    action: str = "reload"
    alive: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    if_running: bool = False

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Unit:
        return cls(
            entry["unit"],
            tuple(entry.get("paths") or ()),
            tuple(entry.get("restart_on") or ()),
            entry.get("action") or "reload",
            tuple(entry.get("alive") or ()),
            tuple(entry.get("undo") or ()),
            bool(entry.get("if_running")),
        )

    def action_for(self, paths: Sequence[str]) -> str:
        """``reload``, ``restart`` or nothing, after these paths changed."""
        if not any(matches(path, self.paths or ("*",)) for path in paths) or self.action == "none":
            return ""
        return "restart" if any(matches(path, self.restart_on) for path in paths) else self.action


@dataclass(frozen=True)
class State:
    active: bool
    enabled: bool


def parse_states(units: Sequence[str], shown: str) -> dict[str, State]:
    """From ``systemctl show``: blocks in the order that was asked for, divided by an empty line."""
    states = {}
    for unit, block in zip(units, shown.strip().split("\n\n"), strict=True):
        values = dict(line.split("=", 1) for line in block.splitlines())
        states[unit] = State(
            values["ActiveState"] in ("active", "reloading", "activating"), values["UnitFileState"] in ENABLED
        )
    return states


def states(units: Sequence[Unit]) -> dict[str, State]:
    """How the units stand. A unit that does not exist is neither active nor enabled."""
    if not units:
        return {}
    names = [unit.unit for unit in units]
    shown = systemctl("show", "--property=ActiveState,UnitFileState", *names).stdout
    found = parse_states(names, shown)
    for unit in units:
        if unit.alive and found[unit.unit].active:
            found[unit.unit] = State(command(unit.alive, 30).returncode == 0, found[unit.unit].enabled)
    return found


def command(argv: Sequence[str], timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Runs ``argv`` without a shell, in the C locale; both outputs are in ``stdout``."""
    return subprocess.run(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=timeout,
        env=ENVIRONMENT,
    )


def on_terminal(argv: Sequence[str], timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """As ``command``, at a terminal, without which Debian 12's ``postfix check`` complains to the log alone."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=ENVIRONMENT, close_fds=True
        ) as process:
            os.close(theirs)
            said = bytearray()
            deadline = time.monotonic() + timeout
            while time.monotonic() < deadline and select.select([ours], [], [], deadline - time.monotonic())[0]:
                try:
                    said += os.read(ours, 65536)
                except OSError:  # EIO: the last process at the terminal has ended
                    break
            else:
                process.kill()
                raise subprocess.TimeoutExpired(argv, timeout)
            return subprocess.CompletedProcess(
                argv, process.wait(), said.decode("utf-8", "replace").replace("\r\n", "\n")
            )
    finally:
        os.close(ours)


def ask(entry: Mapping[str, Any], stage: str = "") -> None:
    """Runs a checker: ``argv`` must end with 0, say what matches ``expect`` and nothing that matches ``refuse``.

    ``{stage}`` in argv is the folder of the staged tree; ``terminal``: run it at one.
    Raises ServiceError with the checker's words.
    """
    argv = [argument.replace("{stage}", stage) for argument in entry["argv"]]
    try:
        answer = on_terminal(argv) if entry.get("terminal") else command(argv)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceError(f"{' '.join(argv)}: {error}") from error
    words = answer.stdout.replace(stage, "") if stage else answer.stdout
    why = ""
    if answer.returncode != 0:
        why = f"ended with {answer.returncode}"
    elif entry.get("expect") and not re.search(entry["expect"], words, re.MULTILINE):
        why = f"did not say what matches {entry['expect']!r}"
    elif entry.get("refuse") and re.search(entry["refuse"], words, re.MULTILINE):
        why = "has a complaint"
    if why:
        shown = " ".join(argv).replace(stage, "") if stage else " ".join(argv)
        raise ServiceError(f"{shown}: {why}\n{words.strip()[-3000:]}")


QUIET = 60.0
"""Seconds in which whoever holds the lock of a file is to be done; what holds it takes seconds."""


@contextlib.contextmanager
def quiet(lock: str) -> Iterator[None]:
    """While nobody else writes to what the lock is for; where there is no lock, nobody does. Raises ServiceError
    when somebody does not come to an end."""
    if not lock or not Path(lock).exists():
        yield
        return
    with Path(lock).open("a", encoding="utf-8") as held:
        end = time.monotonic() + QUIET
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise ServiceError(
                        f"{lock} has been held for {QUIET:.0f} s by something else that writes to the same "
                        f"file; fuser -v {lock} says what. Run it again when that is done"
                    ) from None
                time.sleep(0.2)
        yield


def installed(entry: Mapping[str, Any]) -> bool:
    return shutil.which(entry["argv"][0], path=SEARCH) is not None


def act(unit: Unit, state: State, action: str) -> bool:
    """Enables and starts the unit where it is not, or tells it to read its files. True when something was done."""
    done = False
    if not state.enabled:
        _must(unit.unit, "enable")
        done = True
    if not state.active:
        systemctl("reset-failed", unit.unit)
        # restart: what claims to be active but does not live would not be touched by a start
        _must(unit.unit, "restart")
        done = True
    elif action:
        _must(unit.unit, action)
        done = True
    return done


def retire(unit: str) -> None:
    """Stops the unit and lets it not start by itself again, with a package's upgrade or at boot either."""
    _must(unit, "stop")
    systemctl("reset-failed", unit)
    _must(unit, "disable")


def _must(unit: str, verb: str) -> None:
    try:
        answer = systemctl(verb, unit)
    except subprocess.TimeoutExpired as error:
        raise ServiceError(f"systemctl {verb} {unit}: no end after {error.timeout} s") from error
    if answer.returncode != 0:
        raise ServiceError(f"systemctl {verb} {unit}: {answer.stdout.strip()}")


def journal_words(units: Sequence[Unit], since: float) -> str:
    """What the units logged since then (seconds since the epoch), at most the last 25 lines."""
    if not units:
        return ""
    # postfix@-.service speaks for postfix.service
    patterns = [f"--unit={unit.unit.rpartition('.')[0]}*" for unit in units]
    argv = [
        "journalctl",
        "--quiet",
        "--no-pager",
        "--output=cat",
        "--lines=25",
        f"--since=@{int(since)}",
        *patterns,
    ]
    return command(argv, 30).stdout.strip()


_WRONG = 15.0


def hold(entry: Mapping[str, Any], patience: float) -> str:
    """Talks with a service as ``entry`` says, again and again until it goes well or ``patience`` (seconds) is over.

    A service that answers wrongly is given 15 seconds at the most, because others hear those answers too.
    Returns the transcript. Raises ServiceError with the last one.
    """
    began = time.monotonic()
    pause = 0.1
    while True:
        try:
            if entry.get("argv"):
                ask(entry)
                return ""
            return _talk(entry)
        except (ServiceError, OSError) as error:
            limit = min(patience, _WRONG) if isinstance(error, WrongAnswerError) else patience
            if time.monotonic() - began >= limit:
                raise ServiceError(f"{entry['name']} does not answer as it must:\n{error}") from error
            time.sleep(pause)
            pause = min(2 * pause, 2.0)


def _talk(entry: Mapping[str, Any]) -> str:
    """One attempt. ``lines``: ``> text`` is sent, ``< pattern`` must match a line of the answer, ``tls``."""
    last_line = LAST_LINE[entry["protocol"]]
    line_end = b"\n" if entry["protocol"] == "auth" else b"\r\n"
    transcript: list[str] = []
    where = entry.get("socket") or f"{entry.get('address') or '127.0.0.1'} port {entry.get('port')}"
    try:
        connection = _connect(entry)
    except OSError as error:
        raise ServiceError(f"{where}: {error}") from error
    try:
        reader = connection.makefile("rb")
        for line in entry["lines"]:
            transcript.append(f"  {line}")
            if line == "tls":
                connection = _tls(connection)
                reader = connection.makefile("rb")
            elif line.startswith("> "):
                connection.sendall(line[2:].encode() + line_end)
            elif line.startswith("< "):
                answer = _answer(reader, last_line)
                transcript[-1:] = [f"  {said}" for said in answer]
                if not re.search(f"^(?:{line[2:]})", "\n".join(answer), re.MULTILINE):
                    raise WrongAnswerError(
                        f"{where}: expected {line[2:]!r} in the last answer of\n" + "\n".join(transcript)
                    )
            else:
                raise ServiceError(f"not a line of a dialogue: {line!r}")
    except (OSError, EOFError) as error:
        raise ServiceError(f"{where}: {error or 'closed'} after\n" + "\n".join(transcript)) from error
    finally:
        connection.close()
    return "\n".join(transcript)


def _answer(reader: Any, last_line: re.Pattern[str]) -> list[str]:
    lines: list[str] = []
    while not lines or not last_line.match(lines[-1]):
        raw = reader.readline(65536)
        if not raw:
            raise EOFError(f"the service closed the connection after {lines}")
        lines.append(raw.decode("utf-8", "replace").rstrip("\r\n"))
        if len(lines) > 1000:
            raise EOFError("no end of the answer after 1,000 lines")
    return lines


def _connect(entry: Mapping[str, Any]) -> socket.socket:
    connection: socket.socket
    if entry.get("socket"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(10)
        connection.connect(entry["socket"])
        return connection
    connection = socket.create_connection((entry.get("address") or "127.0.0.1", entry["port"]), timeout=10)
    return _tls(connection) if entry.get("tls") else connection


def _tls(connection: socket.socket) -> socket.socket:
    """Inside the host, to itself: whether TLS works is asked; whose certificate it is, the role tls has checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection)
