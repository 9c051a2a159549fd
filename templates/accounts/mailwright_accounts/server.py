"""The password server: people change their own password, in the words of poppassd, over TLS (WEB-2).

Each line of a client has an answer: 200 it is done, 300 go on, 500 it is not. The old password is Dovecot's to
judge, with its delays and the guard behind it; the new one is judged here. Only webmail's host may come. Passwords
are in no line of the log.

    200 ready          USER km217
    300 password?      PASS the old one
    200 new password?  NEWPASS the new one
    200 changed        QUIT
"""

from __future__ import annotations

import argparse
import base64
import ipaddress
import os
import signal
import socket
import socketserver
import ssl
import sys
import threading
import time
from pathlib import Path

from mailwright_accounts import passwords, people, suspended
from mailwright_accounts.host import (
    SETTINGS,
    AccountError,
    Places,
    Settings,
    locked,
    note,
    read_settings,
)

PORT = 9106
AUTH = "/run/dovecot/mailwright-passwords"
PATIENCE = 60.0  # seconds for a line
VERDICT = 30.0  # seconds that Dovecot has: its guard may make a guesser wait
MOST_LINE = 2048  # octets
MOST_AT_ONCE = 32  # clients
SETTLED = 1.1  # seconds after which Dovecot, which looks at the file once a second, goes by the new one
TRIES = 3  # wrong passwords, after which the client is cut off


class AwayError(Exception):
    """Dovecot did not say whether a password is right."""


def right(login: str, password: str, client: str, path: str = AUTH) -> bool:
    """Ask Dovecot (its authentication protocol, version 1). Raises AwayError."""
    said = base64.b64encode(f"\0{login}\0{password}".encode()).decode("ascii")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(VERDICT)
            peer.connect(path)
            stream = peer.makefile("rwb", buffering=0)
            stream.write(f"VERSION\t1\t1\nCPID\t{os.getpid()}\n".encode("ascii"))
            while (line := stream.readline(65536).rstrip(b"\n")) != b"DONE":
                if not line:
                    raise AwayError("it hung up")
            asked = f"AUTH\t1\tPLAIN\tservice=passwords\tsecured\trip={client}\tresp={said}\n"
            stream.write(asked.encode("ascii"))
            parts = stream.readline(65536).decode("utf-8", "replace").rstrip("\n").split("\t")
    except OSError as error:
        raise AwayError(str(error)) from error
    if parts[0] == "OK" and any(part == f"user={login}" for part in parts[2:]):
        return True
    if parts[0] == "FAIL" and "temp" not in parts and "code=temp_fail" not in parts:
        return False
    raise AwayError("it could not say")


class Talk:
    """One client's lines and the answers to them. ``given``: what it has said so far."""

    def __init__(self, settings: Settings, places: Places, client: str, auth: str = AUTH) -> None:
        self._settings, self._places, self._client, self._auth = settings, places, client, auth
        self._login = self._old = self._line = ""
        self._wrong = 0
        self.over = False

    def answer(self, line: str) -> str:
        word, _, rest = line.partition(" ")
        match word.upper():
            case "USER":
                return self._user(rest)
            case "PASS" if self._login:
                return self._pass(rest)
            case "NEWPASS" if self._old:
                return self._new(rest)
            case "QUIT":
                self.over = True
                return "200 Goodbye"
        return "500 That is not what comes next"

    def _user(self, text: str) -> str:
        self._old = ""
        try:
            self._login = people.named(self._places, text)
        except AccountError:
            self._login = ""
            return "500 That cannot be a login"
        return "300 Your password, please"

    def _pass(self, text: str) -> str:
        person = people.described(self._settings, self._places).get(self._login)
        here = (
            person is not None and person.keeper == self._settings.host and person.password_is_here(self._settings)
        )
        self._line = passwords.line_of(self._places, self._login)
        try:
            good = "\0" not in text and bool(text) and right(self._login, text, self._client, self._auth)
        except AwayError as error:
            print(f"Dovecot was asked in vain: {error}", flush=True)
            self.over = True
            return "500 The password cannot be looked at now, try again later"
        if not (good and here):
            note("wrong password", self._login, "password-server", f" from={self._client}")
            self._wrong += 1
            self.over = self._wrong >= TRIES
            return "500 The password is not right"
        self._old = text
        return "200 Your new password, please"

    def _new(self, text: str) -> str:
        if fault := passwords.fault(text, self._login, self._old, self._settings.length):
            return f"500 The new password is not good enough: {fault}"
        made = passwords.hashed(text)
        with locked(self._places):
            # what an operator has done meanwhile stays: another password, none, or a suspension
            kept = passwords.line_of(self._places, self._login) == self._line
            if not kept or self._login in suspended.known(self._places):
                self._old = ""
                return "500 The password is not right any more"
            passwords.put(self._places, self._login, made)
        note("new password", self._login, "its owner", f" from={self._client}")
        time.sleep(SETTLED)  # webmail's next request comes with the new one
        login, self._login, self._old = self._login, "", ""
        # what is open with the old password ends, after the answer
        several = len(self._settings.stores) > 1
        threading.Thread(target=suspended.end_sessions, args=(login, several), daemon=True).start()
        return "200 The password is changed"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, family: socket.AddressFamily, port: int, settings: Settings) -> None:
        self.address_family = family
        self.settings = settings
        self.allowed = [ipaddress.ip_network(one) for one in settings.clients]
        self.slots = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(("::" if family == socket.AF_INET6 else "0.0.0.0", port), _Handler)  # noqa: S104 - verify_request

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        super().server_bind()

    def verify_request(self, request: object, client_address: object) -> bool:
        """WEB-2: webmail's host alone, whatever the firewall says."""
        del request
        address = ipaddress.ip_address(str(client_address[0]).partition("%")[0])  # type: ignore[index]
        return any(address in network for network in self.allowed if network.version == address.version)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        if not self.server.slots.acquire(blocking=False):
            return
        try:
            self._talk()
        except (OSError, ValueError):  # it went away, or spoke no TLS or no UTF-8
            pass
        finally:
            self.server.slots.release()

    def _talk(self) -> None:
        settings = self.server.settings
        self.request.settimeout(PATIENCE)
        with context(settings.host).wrap_socket(self.request, server_side=True) as peer:
            stream = peer.makefile("rb")
            talk = Talk(settings, Places(), self.client_address[0].partition("%")[0])
            peer.sendall(b"200 Ready\r\n")
            while not talk.over:
                line = stream.readline(MOST_LINE)
                if not line.endswith(b"\n"):
                    return
                peer.sendall(f"{talk.answer(line.decode('utf-8').rstrip(chr(13) + chr(10)))}\r\n".encode("ascii"))


def context(host: str) -> ssl.SSLContext:
    """With the host's certificate as it is now: a renewed one is taken without a restart."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(f"/etc/ssl/mailwright/{host}.pem", f"/etc/ssl/mailwright/{host}.key")
    return made


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="mailwright-passwords", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--settings", type=Path, default=SETTINGS)
    parser.add_argument(
        "--try", dest="tried", action="store_true", help="ask the running server as a stranger would"
    )
    asked = parser.parse_args()
    settings = read_settings(asked.settings)
    if asked.tried:
        return stranger(settings.host)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    servers = [_Server(socket.AF_INET, PORT, settings)]
    if socket.has_ipv6 and Path("/proc/net/if_inet6").exists():
        servers.append(_Server(socket.AF_INET6, PORT, settings))
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    _ready()
    servers[0].serve_forever()
    return 0


def stranger(host: str) -> int:
    """Show the running server a login that there cannot be, and print its answer to the password."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(f"/etc/ssl/mailwright/{host}.pem")  # it is to show this one, whoever made it
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    with (
        socket.create_connection(("127.0.0.1", PORT), VERDICT) as plain,
        trust.wrap_socket(plain, server_hostname=host) as peer,
    ):
        stream = peer.makefile("rwb", buffering=0)
        stream.readline(MOST_LINE)
        answer = b""
        for line in ("USER nobody", "PASS wrong"):
            stream.write(f"{line}\r\n".encode("ascii"))
            answer = stream.readline(MOST_LINE)
        print(answer.decode("ascii", "replace").strip())
    return 0


def _ready() -> None:
    where = os.environ.get("NOTIFY_SOCKET", "")
    if where:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect("\0" + where[1:] if where.startswith("@") else where)
            notify.sendall(b"READY=1")
