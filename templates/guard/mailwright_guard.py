#!/usr/bin/python3 -I
"""Slows and cuts off password guessing, per login and per address: Dovecot asks here before it looks at a password.

Dovecot's auth policy protocol over HTTP on loopback: ``allow`` is answered with a number of seconds to wait, or
with -1 (refuse); ``report`` tells how it ended. Submission is covered, since Postfix asks Dovecot.

A login's owner gets in from where it has succeeded lately, whoever guesses at it from elsewhere. What counts is
different wrong passwords: a telephone that tries an old one all day is one failure. An address from which too many
came, and where nobody has logged in lately, is a line of the mail log, and fail2ban bars it; no text of a client
stands in it. Counting is done here alone, so that a pardon is whole.

Settings: /etc/mailwright/guard.json. Keys, made on this host: /etc/mailwright/guard.keys, which Dovecot reads too.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import re
import secrets
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import OrderedDict, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/mailwright/guard.json")
KEYS = Path("/etc/mailwright/guard.keys")
FAMILIAR = "familiar.json"
HEADER = "X-Mailwright-Guard"

REFUSE = -1
# Seconds of waiting. Dovecot takes two after a failure, a store that it asks two more, and Postfix waits for ten.
LONGEST = 3
FREE = 3  # wrong passwords before anybody waits
MOST = 20  # different wrong passwords before whoever is not known there is refused
SHORT = 600.0  # seconds that a failure counts for its address, and for a login at a place that it knows
LONG = 3600.0  # seconds that a failure from elsewhere counts for its login
KNOWN_DAYS = 30  # a place is a login's own so long after it last succeeded there
BUSY_DAYS = 1  # an address behind which somebody reads mail is not barred as a whole
MOST_KEYS = 100_000  # logins and addresses with failures that are remembered; then the oldest go
MOST_BODY = 65536
MOST_LOGIN = 300  # signs of a login: no real one is longer, and what is remembered must not grow with what is sent

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def network(address: Address, length4: int, length6: int = 64) -> str:
    """The network around an address; one that is IPv4 in IPv6's clothes has been undressed (``plain``)."""
    return str(ip_network((address, length4 if address.version == 4 else length6), strict=False))


def plain(text: object) -> Address | None:
    """The address, or None for what is none."""
    try:
        address = ip_address(str(text).partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


class Failures:
    """Different failures per key within a time, the oldest keys forgotten when there are too many."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._of: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()

    def count(self, key: str, now: float) -> int:
        found = self._of.get(key)
        if found is None:
            return 0
        while found and found[0][0] < now - self._seconds:
            found.popleft()
        if not found:
            del self._of[key]
        return len(found)

    def add(self, key: str, what: str, now: float) -> bool:
        """Note a failure. False when the same one is noted already."""
        self.count(key, now)
        found = self._of.setdefault(key, deque(maxlen=10 * MOST))
        self._of.move_to_end(key)
        if any(what == known for _, known in found):
            return False
        found.append((now, what))
        while len(self._of) > MOST_KEYS:
            self._of.popitem(last=False)
        return True

    def forget(self, key: str) -> None:
        self._of.pop(key, None)


class Guard:
    """What is remembered, and what follows from it.

    trusted  the site's own hosts, and whoever manages them
    waits    whether anybody waits here; a store that is asked about logins makes them wait itself
    """

    def __init__(
        self, trusted: tuple[Network, ...], secret: bytes, familiar: dict[str, int], *, waits: bool = True
    ) -> None:
        self._trusted = trusted
        self._longest = LONGEST if waits else 0
        self._secret = secret
        self.familiar = familiar  # what nobody can read → the day, since 1970, of the last success
        self.changed = False
        self._elsewhere = Failures(LONG)  # of a login, from places that it does not know
        self._at_home = Failures(SHORT)  # of a login at a place that it knows
        self._address = Failures(SHORT)  # from an address, for whatever login
        self._lock = threading.Lock()

    def allow(self, login: str, remote: object, password: str, now: float, day: int) -> tuple[int, str]:
        """Seconds to wait, or REFUSE; and the line to log, empty for none."""
        address = self._judged(remote)
        if address is None:
            return 0, ""
        with self._lock:
            if self._knows(login, address, day):
                wrong = self._at_home.count(self._home(login, address), now)
                return (REFUSE if wrong >= MOST else self._wait(wrong)), ""
            there = self._address.count(network(address, 32), now)
            wrong = max(self._elsewhere.count(login, now), there)
            if wrong < MOST:
                return self._wait(wrong), ""
            # What is refused was not looked at, and counts, so that somebody who goes on stays out.
            return REFUSE, self._note(login, address, password, now, day)

    def report(self, login: str, remote: object, password: str, success: bool, now: float, day: int) -> str:
        """How a login ended; the line to log, empty for none."""
        address = self._judged(remote)
        if address is None:
            return ""
        with self._lock:
            if success:
                for key in (self._home_key(login, address), self._busy_key(address)):
                    self.changed |= self.familiar.get(key) != day
                    self.familiar[key] = day
                return ""
            return self._note(login, address, password, now, day)

    def pardon(self, what: str) -> None:
        """Forget the failures of a login, or from an address."""
        address = plain(what)
        with self._lock:
            if address is None:
                self._elsewhere.forget(what.lower())
                for key in [key for key in self._at_home._of if key.rpartition(" ")[0] == what.lower()]:
                    self._at_home.forget(key)
            else:
                self._address.forget(network(address, 32))
                for key in [key for key in self._at_home._of if key.rpartition(" ")[2] == network(address, 24)]:
                    self._at_home.forget(key)

    def forget(self, remote: str, logins: tuple[str, ...] = ()) -> None:
        """Forget that anybody, or that these logins, ever succeeded from an address."""
        address = plain(remote)
        if address is None:
            return
        with self._lock:
            keys = [self._busy_key(address), *(self._home_key(login.lower(), address) for login in logins)]
            for key in keys:
                self.changed |= self.familiar.pop(key, None) is not None

    def show(self, what: str, now: float) -> dict[str, int]:
        """How many different failures count against a login, or an address."""
        address = plain(what)
        with self._lock:
            if address is None:
                return {"from elsewhere": self._elsewhere.count(what.lower(), now)}
            return {"from there": self._address.count(network(address, 32), now)}

    def tidy(self, day: int) -> None:
        """Forget places where nobody has succeeded for long."""
        with self._lock:
            old = [key for key, last in self.familiar.items() if last < day - KNOWN_DAYS]
            for key in old:
                del self.familiar[key]
            self.changed |= bool(old)

    def _note(self, login: str, address: Address, password: str, now: float, day: int) -> str:
        if self._knows(login, address, day):
            self._at_home.add(self._home(login, address), password, now)
        else:
            self._elsewhere.add(login, password, now)
        fresh = self._address.add(network(address, 32), f"{password} {login}", now)
        busy = self.familiar.get(self._busy_key(address), -BUSY_DAYS - 1) >= day - BUSY_DAYS
        many = fresh and self._address.count(network(address, 32), now) % MOST == 0
        return f"guessing from {address}" if many and not busy else ""

    def _judged(self, remote: object) -> Address | None:
        """None for the site's own hosts, which speak for many, and where it is not known who asks."""
        address = plain(remote)
        if address is None or address.is_loopback:
            return None
        return None if any(address in one for one in self._trusted if one.version == address.version) else address

    def _knows(self, login: str, address: Address, day: int) -> bool:
        return self.familiar.get(self._home_key(login, address), -KNOWN_DAYS - 1) >= day - KNOWN_DAYS

    def _home(self, login: str, address: Address) -> str:
        return f"{login} {network(address, 24)}"

    def _home_key(self, login: str, address: Address) -> str:
        return self._sealed(self._home(login, address))

    def _busy_key(self, address: Address) -> str:
        return self._sealed(network(address, 32))

    def _sealed(self, text: str) -> str:
        """Nobody who gets at the file can read in it who was where."""
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:24]

    def _wait(self, wrong: int) -> int:
        return min(self._longest, max(0, wrong - FREE + 1))


def read_keys(path: Path) -> tuple[str, str]:
    """The nonce and the key that Dovecot and the commands below show."""
    text = path.read_text(encoding="ascii")
    nonce = re.search(r"^auth_policy_hash_nonce = ([0-9a-f]{32})$", text, re.MULTILINE)
    key = re.search(rf"^auth_policy_server_api_header = {HEADER}: ([0-9a-f]{{32}})$", text, re.MULTILINE)
    if nonce is None or key is None:
        raise SystemExit(f"{path} is not as 'mailwright-guard keys' writes it: remove it, and say that again")
    return nonce[1], key[1]


def make_keys(path: Path, group: int) -> None:
    """Keys of this host, unless it has some. Nothing else knows them."""
    if path.exists():
        return
    text = (
        "# Made on this host. Dovecot and the guard read it; nobody else.\n"
        f"auth_policy_hash_nonce = {secrets.token_hex(16)}\n"
        f"auth_policy_server_api_header = {HEADER}: {secrets.token_hex(16)}\n"
    )
    waiting = path.with_name(f".{path.name}.new")
    waiting.unlink(missing_ok=True)
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    os.fchown(descriptor, 0, group)
    os.fchmod(descriptor, 0o640)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(text)
    waiting.replace(path)


def load(path: Path) -> dict[str, int]:
    """What was known when the guard last ended; nothing when the file cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return {str(key): day for key, day in found.items() if isinstance(day, int)} if isinstance(found, dict) else {}


def save(guard: Guard, path: Path) -> None:
    """Keep what is known, where it has changed."""
    if not guard.changed:
        return
    guard.changed = False
    waiting = path.with_suffix(".new")
    waiting.write_text(json.dumps(dict(guard.familiar)), encoding="ascii")
    waiting.replace(path)


class Handler(BaseHTTPRequestHandler):
    """One connection of Dovecot's, or of the commands below."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MOST_BODY:
            self.close_connection = True
            self._answer(413, {})
            return
        body = self.rfile.read(int(length))
        if not hmac.compare_digest(self.headers.get(HEADER, "").encode(), self.server.key.encode()):
            self._answer(403, {})
            return
        try:
            asked = json.loads(body)
            command = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["command"][0]
            answer = self._command(command, asked)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._answer(400, {})
            return
        self._answer(200, answer)

    def _command(self, command: str, asked: dict[str, Any]) -> dict[str, Any]:
        guard, now, day = self.server.guard, time.monotonic(), int(time.time() // 86400)
        login, remote = str(asked.get("login") or "")[:MOST_LOGIN].lower(), asked.get("remote")
        password = str(asked.get("pwhash") or "")
        line = ""
        status: int = 0
        shown: dict[str, int] = {}
        if command == "allow":
            status, line = guard.allow(login, remote, password, now, day)
        elif command == "report":
            # What was refused here was counted here. A login that goes on to another store is judged there, and
            # a server that is out of order is nobody's wrong password.
            silent = asked.get("policy_reject") or asked.get("fail_type") in ("policy", "internal")
            if not silent and not (asked["success"] and asked.get("proxied")):
                line = guard.report(login, remote, password, bool(asked["success"]), now, day)
        elif command == "pardon":
            guard.pardon(str(asked["what"]))
        elif command == "forget":
            guard.forget(str(asked["what"]), tuple(map(str, asked.get("logins", ()))))
        elif command == "show":
            shown = guard.show(str(asked["what"]), now)
        else:
            raise KeyError(command)
        if line:
            say(line)
        return {"status": status, "msg": "", **shown}

    def _answer(self, code: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: logins stand in Dovecot's log."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, guard: Guard, key: str) -> None:
        self.guard = guard
        self.key = key
        super().__init__(("127.0.0.1", port), Handler)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def ready() -> None:
    """Tell systemd that questions are answered from now on."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if where:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect("\0" + where[1:] if where.startswith("@") else where)
            notify.sendall(b"READY=1")


def serve(settings: dict[str, Any]) -> None:
    nonce, key = read_keys(KEYS)
    state = Path(os.environ.get("STATE_DIRECTORY", "/var/lib/mailwright-guard")) / FAMILIAR
    trusted = tuple(ip_network(prefix) for prefix in settings["trusted"])
    guard = Guard(trusted, nonce.encode(), load(state), waits=bool(settings["waits"]))
    server = Server(int(settings["port"]), guard, key)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ready()
    while not done.wait(300):
        guard.tidy(int(time.time() // 86400))
        save(guard, state)
    server.shutdown()
    save(guard, state)


def command(settings: dict[str, Any], name: str, **asked: object) -> None:
    """Ask the guard that runs on this host, and print what it says."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{settings['port']}/?command={name}",
        json.dumps(asked).encode(),
        {HEADER: read_keys(KEYS)[1], "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as answer:
            found = json.load(answer)
    except urllib.error.URLError as error:
        raise SystemExit(f"the guard does not answer: {error}") from error
    for key, value in found.items():
        if key not in ("status", "msg"):
            print(f"{value} different wrong passwords {key}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="mailwright-guard", description="Password guessing on this mail host.")
    commands = parser.add_subparsers(dest="name", required=True)
    commands.add_parser("serve", help="answer Dovecot (the service does)")
    commands.add_parser("keys", help="make this host's keys, unless it has some")
    show = commands.add_parser("show", help="what counts against a login or an address")
    show.add_argument("what")
    pardon = commands.add_parser("pardon", help="forget the failures of logins, or from addresses")
    pardon.add_argument("what", nargs="+")
    forget = commands.add_parser("forget", help="forget that logins succeeded from an address (a stolen password)")
    forget.add_argument("what", metavar="address")
    forget.add_argument("logins", nargs="*")
    asked = parser.parse_args()
    if asked.name == "keys":
        import grp

        make_keys(KEYS, grp.getgrnam("mailwright-guard").gr_gid)
        return
    settings = json.loads(SETTINGS.read_text(encoding="ascii"))
    if asked.name == "serve":
        serve(settings)
    elif asked.name == "forget":
        command(settings, "forget", what=asked.what, logins=asked.logins)
    elif asked.name == "pardon":
        for what in asked.what:
            command(settings, "pardon", what=what)
    else:
        command(settings, "show", what=asked.what)


if __name__ == "__main__":
    main()
