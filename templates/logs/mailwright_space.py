#!/usr/bin/python3 -I
"""Nothing is sent that leaves no trace: where little space is left for the mail log, mail is not taken to be sent.

``serve`` answers Postfix (its policy protocol, on a socket of its own): 451 below the limit, so that the mail stays
with whoever sends it, and nothing to say above it. Postfix asks it about submissions and about what it relays, but
never about mail for the site's own people. When this server is away, Postfix says 451 by itself. A login that is
suspended (mailwright-account) gets 521, which ends its session, also where that was begun before.
``watch``, which a timer runs, tells the postmaster: at once, once a day while it lasts, and when it is over.

Looked at are the places that a line passes: the journal, rsyslog's queue, the log. Settings:
/etc/mailwright/space.json.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/mailwright/space.json")
SUSPENDED = Path("/etc/postfix/suspended")
STATE = Path("/run/mailwright-space-watch/told.json")
SOCKET = Path("/run/mailwright-space/policy")
AGAIN = 86400.0  # seconds after which the postmaster is told again
OVER = 1.1  # so many times the limit has to be free before it is over, lest it is said at each turn
MOST = 65536  # octets of a question

DUNNO = "DUNNO"
SUSPENSION = "521 5.7.1 This account is suspended, ask the service desk"
REFUSAL = "451 4.3.1 Too little space is left for the mail log, try again later"


@dataclass(frozen=True)
class Settings:
    free: int  # octets
    places: tuple[Path, ...]
    host: str
    domain: str
    asked: bool  # Postfix asks here whether there is room


def read_settings(path: Path = SETTINGS) -> Settings:
    said = json.loads(path.read_text(encoding="ascii"))
    return Settings(said["free"], tuple(map(Path, said["places"])), said["host"], said["domain"], said["asked"])


def free(place: Path) -> int:
    """Octets that whoever is not root may still write there. Raises OSError."""
    while not place.exists() and place != place.parent:
        place = place.parent
    seen = os.statvfs(place)
    return seen.f_bavail * seen.f_frsize


def low(settings: Settings, times: float = 1.0) -> list[str]:
    """The places that have less than the limit, in words. A place that cannot be looked at is one of them."""
    found = []
    for place in settings.places:
        try:
            left = free(place)
        except OSError as error:
            found.append(f"{place}: {error.strerror}")
            continue
        if left < settings.free * times:
            found.append(f"{place}: {amount(left)} free")
    return found


def amount(octets: int) -> str:
    """For people: ``123.4 MB``."""
    return f"{octets / 1e9:.2f} GB" if octets >= 1e9 else f"{octets / 1e6:.1f} MB"


# ---- answering Postfix


class Server:
    """Answers questions, each of which ends with an empty line; any number come by a connection."""

    def __init__(
        self,
        listening: socket.socket,
        is_low: Callable[[], bool],
        say: Callable[[str], None],
        is_suspended: Callable[[str], bool],
    ) -> None:
        self._listening = listening
        self._is_low = is_low
        self._is_suspended = is_suspended
        self._say = say
        self._was_low = False
        self._selector = selectors.DefaultSelector()
        self._asked: dict[socket.socket, bytearray] = {}
        listening.setblocking(False)
        self._selector.register(listening, selectors.EVENT_READ)

    def run(self) -> None:
        while True:
            self.turn(None)

    def turn(self, timeout: float | None) -> None:
        """What has come until now, or comes within ``timeout`` seconds."""
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._listening:
                self._greet()
            elif isinstance(key.fileobj, socket.socket):
                self._hear(key.fileobj)

    def _greet(self) -> None:
        try:
            client, _ = self._listening.accept()
        except OSError:
            return
        client.settimeout(1.0)  # an answer is a few octets; who does not take it is cut off
        self._asked[client] = bytearray()
        self._selector.register(client, selectors.EVENT_READ)

    def _hear(self, client: socket.socket) -> None:
        asked = self._asked[client]
        try:
            got = client.recv(4096)
            asked += got
            while (end := asked.find(b"\n\n")) >= 0:
                login = login_of(bytes(asked[: end + 1]))
                del asked[: end + 2]
                client.sendall(f"action={self.answer(login)}\n\n".encode("ascii"))
        except OSError:
            got = b""
        if not got or len(asked) > MOST:
            self._selector.unregister(client)
            del self._asked[client]
            client.close()

    def answer(self, login: str = "") -> str:
        if login and self._is_suspended(login):
            return SUSPENSION
        is_low = self._is_low()
        if is_low != self._was_low:
            self._was_low = is_low
            self._say(
                "too little space: mail is not taken to be sent" if is_low else "mail is taken to be sent again"
            )
        return REFUSAL if is_low else DUNNO


def login_of(question: bytes) -> str:
    """Who has signed in, of a question's lines ``name=value``; empty where nobody has."""
    for line in question.splitlines():
        name, _, value = line.partition(b"=")
        if name == b"sasl_username":
            return value.decode("utf-8", "replace").strip().lower()
    return ""


def suspended(login: str, path: Path = SUSPENDED) -> bool:
    """Whether the list has the login, as it is at this moment. A list that cannot be read suspends everybody."""
    try:
        return login in path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True


def serve(settings: Settings, path: Path) -> None:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        os.umask(0o177)
        listening.bind(str(path))
        listening.listen(128)
        ready()
        Server(listening, lambda: bool(low(settings)), lambda line: print(line, flush=True), suspended).run()


def ready() -> None:
    """Tell systemd that questions are answered from now on."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if where:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect("\0" + where[1:] if where.startswith("@") else where)
            notify.sendall(b"READY=1")


# ---- telling the postmaster


def watch(settings: Settings, state: Path, now: float, tell: Callable[[str, list[str]], None]) -> None:
    """``tell`` gets subject and lines of a message, when there is something to tell."""
    told = read_state(state)
    places = low(settings)
    if places:
        if told is None or not 0 <= now - told < AGAIN:
            tell(f"{settings.host}: too little space for the mail log", [*begun(settings, places)])
            state.write_text(json.dumps({"told": now}), encoding="ascii")
    elif told is not None and not low(settings, OVER):
        lines = [f"On {settings.host} there is room again wherever lines of the mail log go."]
        tell(f"{settings.host}: space for the mail log again", lines)
        state.unlink(missing_ok=True)


def begun(settings: Settings, places: list[str]) -> Iterator[str]:
    yield f"On {settings.host} {amount(settings.free)} have to stay free wherever lines of the mail log go:"
    yield ""
    yield from (f"  {place}" for place in places)
    yield ""
    if settings.asked:
        yield "Until there is room again, this host takes no mail to be sent or relayed: it answers 451, and the"
        yield "mail waits with whoever sends it. Mail for the site's own people is taken in as ever."
        yield ""
    yield "This is said once a day while it lasts, and once when it is over."


def read_state(state: Path) -> float | None:
    """When the postmaster was told last; None when all was well."""
    try:
        return float(json.loads(state.read_text(encoding="ascii"))["told"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def letter(domain: str, subject: str, lines: list[str]) -> str:
    head = [
        f"From: Postmaster <postmaster@{domain}>",
        f"To: <postmaster@{domain}>",
        f"Subject: {subject}",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
    ]
    return "\n".join([*head, "", *lines, ""])


def send(settings: Settings, subject: str, lines: list[str]) -> None:
    """By this host's own mail, which is never asked for space; and a line of the log."""
    print(subject, *(line.strip() for line in lines if line.startswith("  ")), sep="; ", flush=True)
    subprocess.run(
        ["/usr/sbin/sendmail", "-i", "-f", f"postmaster@{settings.domain}", "--", f"postmaster@{settings.domain}"],
        input=letter(settings.domain, subject, lines).encode("ascii"),
        check=True,
        timeout=60,
    )


def show(settings: Settings) -> int:
    """The figures; ends with 1 where too little is free."""
    for place in settings.places:
        print(f"{place}: {amount(free(place))} free, {amount(settings.free)} have to be")
    return 1 if low(settings) else 0


def ask(path: Path) -> int:
    """Ask the server as Postfix does, and print its answer."""
    question: dict[str, Any] = {
        "request": "smtpd_access_policy",
        "protocol_state": "RCPT",
        "protocol_name": "ESMTP",
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.settimeout(10)
        server.connect(str(path))
        server.sendall("".join(f"{key}={value}\n" for key, value in question.items()).encode("ascii") + b"\n")
        answer = bytearray()
        while not answer.endswith(b"\n\n"):
            got = server.recv(4096)
            if not got:
                raise OSError("the server hung up")
            answer += got
    print(answer.decode("ascii", "replace").strip())
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="mailwright-space", description="Space for the mail log.")
    commands = parser.add_subparsers(dest="name", required=True)
    serving = commands.add_parser("serve", help="answer Postfix (the service does)")
    asking = commands.add_parser("ask", help="ask as Postfix does, and print the answer")
    for each in (serving, asking):
        each.add_argument("--socket", type=Path, default=SOCKET)
    commands.add_parser("watch", help="tell the postmaster when it begins and ends (the timer does)")
    commands.add_parser("show", help="how much is free, and how much has to be")
    asked = parser.parse_args()
    try:
        if asked.name == "ask":
            return ask(asked.socket)
        settings = read_settings()
        if asked.name == "show":
            return show(settings)
        if asked.name == "watch":
            watch(settings, STATE, time.time(), lambda subject, lines: send(settings, subject, lines))
        else:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            serve(settings, asked.socket)
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        print(f"mailwright-space: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
