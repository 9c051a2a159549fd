#!/usr/bin/python3 -I
"""Whether somebody who asks for a web page has signed in, and what mail programs are told to set themselves up.

nginx asks on a Unix socket, which is for it alone. Login and password (HTTP Basic, RFC 7617) are shown to the
store over IMAP with TLS, with the address of whoever typed them (ID, RFC 2971), which the store's guard counts.
A right answer is remembered for a minute under a keyed hash; neither the password nor a wrong answer is.

Settings: /etc/mailwright/signin.json.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import plistlib
import re
import secrets
import signal
import socket
import socketserver
import ssl
import sys
import threading
import time
import uuid
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

SETTINGS = Path("/etc/mailwright/signin.json")
REMEMBERED = 60.0  # seconds: as long as a login that was suspended can still read a page
MOST_REMEMBERED = 10_000
MOST_AT_ONCE = 96  # requests
MOST_ASKED = 8  # of one address, that wait for the store
MOST_WAITING = 64  # of all addresses: guessers leave room for those who are remembered, and for Outlook
PATIENCE = 30.0  # seconds that the store has: its guard may make a guesser wait
MOST_LOGIN, MOST_PASSWORD = 255, 1024  # octets
MOST_LINE, MOST_LINES = 8192, 64  # of the store's answers
MOST_BODY = 16384  # of what Outlook asks
IMAPS = 993
FIRST_SOCKET = 3  # sd_listen_fds: nginx's, made by systemd

RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9.-]{1,253})")


class AwayError(Exception):
    """The store did not say whether a password is right."""


class Remembered:
    """Right logins for a while, by a hash with a key that nobody else has and that is gone with the process."""

    def __init__(self, seconds: float = REMEMBERED) -> None:
        self._seconds = seconds
        self._key = secrets.token_bytes(32)
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def _mark(self, login: str, password: str) -> bytes:
        said = json.dumps([login, password]).encode()
        return hmac.new(self._key, said, hashlib.sha256).digest()

    def has(self, login: str, password: str, now: float) -> bool:
        mark = self._mark(login, password)
        with self._lock:
            return self._until.get(mark, 0.0) > now

    def add(self, login: str, password: str, now: float) -> None:
        mark = self._mark(login, password)
        with self._lock:
            self._until.pop(mark, None)
            self._until[mark] = now + self._seconds
            while self._until and (len(self._until) > MOST_REMEMBERED or next(iter(self._until.values())) <= now):
                self._until.popitem(last=False)


class Crowd:
    """How many of one address wait for the store. A network of IPv6 counts as one."""

    def __init__(self, most: int = MOST_ASKED) -> None:
        self._most = most
        self._of: dict[str, int] = {}
        self._lock = threading.Lock()

    def enter(self, client: str) -> bool:
        with self._lock:
            here = self._of.get(client, 0)
            if here >= self._most:
                return False
            self._of[client] = here + 1
            return True

    def leave(self, client: str) -> None:
        with self._lock:
            left = self._of[client] - 1
            if left:
                self._of[client] = left
            else:
                del self._of[client]


def crowd_of(client: str) -> str:
    address = ip_address(client)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, 64), strict=False))
    return str(address)


def credentials(header: str) -> tuple[str, str] | None:
    """Login (in small letters, ADDR-3) and password of an Authorization header; None for anything else."""
    scheme, _, said = header.partition(" ")
    if scheme.lower() != "basic" or len(said) > 4 * (MOST_LOGIN + MOST_PASSWORD):
        return None
    try:
        login, colon, password = base64.b64decode(said.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    login = login.strip().lower()
    if not colon or not login or not password or re.search(r"[\x00-\x1f\x7f]", login + password):
        return None
    if len(login.encode()) > MOST_LOGIN or len(password.encode()) > MOST_PASSWORD:
        return None
    return login, password


def asked_store(store: str, context: ssl.SSLContext, client: str, login: str, password: str) -> bool:
    """Whether the store takes the login, which it is told comes from ``client``.

    Raises AwayError when it does not say.
    """
    try:
        with (
            socket.create_connection((store, IMAPS), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=store) as peer,
            peer.makefile("rb") as answers,
        ):
            _line(answers)
            # before the login, and believed by Dovecot of the site's own hosts alone
            peer.sendall(f'a ID ("x-originating-ip" "{ip_address(client)}")\r\n'.encode("ascii"))
            _tagged(answers, b"a")
            said = base64.b64encode(f"\0{login}\0{password}".encode())
            peer.sendall(b"b AUTHENTICATE PLAIN " + said + b"\r\n")
            answer = _tagged(answers, b"b")
            if answer.startswith(b"OK"):
                peer.sendall(b"c LOGOUT\r\n")
                return True
    except (OSError, ValueError) as error:
        raise AwayError(f"{store}: {error}") from error
    # RFC 5530: only this one says that it is the password
    if answer.startswith(b"NO [AUTHENTICATIONFAILED]") or answer.startswith(b"NO [AUTHORIZATIONFAILED]"):
        return False
    raise AwayError(f"{store}: {answer[:60].decode('ascii', 'replace')}")


def _line(answers: Any) -> bytes:
    line: bytes = answers.readline(MOST_LINE)
    if not line.endswith(b"\n"):
        raise ValueError("it broke off")
    return line


def _tagged(answers: Any, tag: bytes) -> bytes:
    for _ in range(MOST_LINES):
        line = _line(answers)
        if line.startswith(tag + b" "):
            return line[len(tag) + 1 :].rstrip()
        if line.startswith(b"* BYE"):
            raise ValueError("it said BYE")
    raise ValueError("too many lines")


def profile(settings: dict[str, Any], login: str, person: dict[str, str]) -> bytes:
    """Apple's configuration profile (com.apple.mail.managed) for one person."""
    common = settings["profile"]
    address = person["address"]
    chosen = {row["kind"]: row for row in reversed(settings["servers"])}  # the first of a kind
    incoming, outgoing = chosen["imap"], chosen["smtp"]
    own = uuid.uuid5(uuid.UUID(common["uuid"]), login)
    account = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{common['identifier']}.account",
        "PayloadUUID": str(uuid.uuid5(own, "account")).upper(),
        "PayloadDisplayName": common["organisation"],
        "EmailAccountDescription": common["organisation"],
        "EmailAccountName": person["name"],
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": address,
        "OutgoingPasswordSameAsIncomingPassword": True,
        "PreventMove": False,
        "SMIMEEnabled": False,
    }
    for name, row in (("IncomingMailServer", incoming), ("OutgoingMailServer", outgoing)):
        account |= {
            f"{name}Authentication": "EmailAuthPassword",
            f"{name}HostName": row["host"],
            f"{name}PortNumber": row["port"],
            f"{name}UseSSL": True,
            f"{name}Username": login,
        }
    return plistlib.dumps(
        {
            "PayloadContent": [account],
            "PayloadDescription": f"Mail for {address}",
            "PayloadDisplayName": f"{common['organisation']}: mail",
            "PayloadIdentifier": common["identifier"],
            "PayloadOrganization": common["organisation"],
            "PayloadRemovalDisallowed": False,
            "PayloadType": "Configuration",
            "PayloadUUID": str(own).upper(),
            "PayloadVersion": 1,
        }
    )


def signed(path: str, content: bytes) -> bytes:
    """``content`` signed with the host's key, or as it is where that fails: a profile is of use unsigned too."""
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(10)
            peer.connect(path)
            peer.sendall(content)
            peer.shutdown(socket.SHUT_WR)
            made = b""
            while block := peer.recv(65536):
                made += block
    except OSError as error:
        log(f"a profile goes out unsigned: {error}")
        return content
    if content not in made:
        log("a profile goes out unsigned: what signs it failed")
        return content
    return made


def outlook_asks(body: bytes) -> str:
    """The address that Outlook asks about; empty for anything but such a question."""
    if re.search(rb"\0|<!(DOCTYPE|ENTITY)", body, re.IGNORECASE):
        return ""
    try:
        body.decode("utf-8")
        # UTF-8, whatever it says of itself: in another encoding the search above sees no declaration. The parser
        # alone would still guess UTF-16, which has zeros; XML in UTF-8 has none
        parser = ElementTree.XMLParser(encoding="utf-8")  # noqa: S314 - no declarations, so no entities
        root = ElementTree.fromstring(body, parser)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError):
        return ""
    found = root.findtext(".//{*}EMailAddress") or ""
    return found.strip()


def outlook_is_told(settings: dict[str, Any], address: str) -> bytes:
    """The answer (MS-OXDSCLI, POX) about an address of the site; an error about any other."""
    match = ADDRESS.fullmatch(address)
    root = ElementTree.Element("Autodiscover", xmlns=RESPONSE)
    if match is None or match[1].lower() not in settings["domains"]:
        failure = ElementTree.SubElement(ElementTree.SubElement(root, "Response"), "Error")
        ElementTree.SubElement(failure, "ErrorCode").text = "600"
        ElementTree.SubElement(failure, "Message").text = "Invalid Request"
        return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    response = ElementTree.SubElement(root, "Response", xmlns=OUTLOOK)
    account = ElementTree.SubElement(response, "Account")
    ElementTree.SubElement(account, "AccountType").text = "email"
    ElementTree.SubElement(account, "Action").text = "settings"
    for row in settings["servers"]:
        protocol = ElementTree.SubElement(account, "Protocol")
        for name, value in (
            ("Type", row["kind"].upper()),
            ("Server", row["host"]),
            ("Port", str(row["port"])),
            ("DomainRequired", "off"),
            # what it knows already; a store takes the address for its login
            ("LoginName", address),
            ("SPA", "off"),
            ("SSL", "on"),
            ("Encryption", "SSL" if row["tls"] == "implicit" else "TLS"),
            ("AuthRequired", "on"),
        ):
            ElementTree.SubElement(protocol, name).text = value
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


class Service:
    """What all requests share."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.people: dict[str, dict[str, str]] = json.loads(Path(settings["people"]).read_text(encoding="utf-8"))
        self.logins = {person["address"].lower(): login for login, person in self.people.items()}
        self.context = ssl.create_default_context(cafile=settings["authorities"])
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.remembered = Remembered()
        self.crowd = Crowd()
        self.waiting = threading.BoundedSemaphore(MOST_WAITING)
        self.room = threading.BoundedSemaphore(MOST_AT_ONCE)

    def right(self, client: str, login: str, password: str) -> bool:
        """Raises AwayError where the store does not say, or too many wait for it: the client's, or all."""
        if self.remembered.has(login, password, time.monotonic()):
            return True
        here = crowd_of(client)
        if not self.crowd.enter(here):
            raise AwayError("too many at once")
        try:
            if not self.waiting.acquire(blocking=False):
                raise AwayError("too many at once, of all together")
            try:
                if not asked_store(self.settings["store"], self.context, client, login, password):
                    return False
            finally:
                self.waiting.release()
        finally:
            self.crowd.leave(here)
        self.remembered.add(login, password, time.monotonic())
        return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    server: Server

    def do_GET(self) -> None:
        if self.path == "/sign-in":
            self._sign_in()
        elif self.path == "/mobileconfig":
            self._mobileconfig()
        elif self.path.partition("?")[0] == "/autodiscover":
            self._answer(405, b"", {"Allow": "POST"})
        else:
            self._answer(404)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path.partition("?")[0] != "/autodiscover" or not length.isascii() or not length.isdigit():
            self._answer(404)
        elif int(length) > MOST_BODY:
            self._answer(413)
        else:
            address = outlook_asks(self.rfile.read(int(length)))
            told = outlook_is_told(self.server.service.settings, address)
            self._answer(200, told, {"Content-Type": "text/xml; charset=utf-8"})

    def _sign_in(self) -> None:
        service = self.server.service
        said = credentials(self.headers.get("Authorization", ""))
        try:
            client = str(ip_address(self.headers.get("X-Mailwright-Client", "")))
            right = said is not None and service.right(client, *said)
        except ValueError:
            self._answer(403)
            return
        except AwayError as error:
            log(f"nobody can sign in: {error}")
            self._answer(503)
            return
        if said is None or not right:
            realm = service.settings["realm"].replace("\\", "").replace('"', "")
            self._answer(401, b"", {"WWW-Authenticate": f'Basic realm="{realm}", charset="UTF-8"'})
            return
        login = service.logins.get(said[0], said[0])
        person = service.people.get(login, {})
        headers = {"X-Mailwright-Login": login, "X-Mailwright-Address": person.get("address", "")}
        # what is no plain word goes into no header
        self._answer(204, b"", {name: value for name, value in headers.items() if re.fullmatch(r"[!-~]+", value)})

    def _mobileconfig(self) -> None:
        service = self.server.service
        login = self.headers.get("X-Mailwright-Login", "")
        person = service.people.get(login)
        if person is None:
            self._answer(404)
            return
        made = signed(service.settings["signer"], profile(service.settings, login, person))
        self._answer(
            200,
            made,
            {
                "Content-Type": "application/x-apple-aspen-config",
                "Content-Disposition": 'attachment; filename="mail.mobileconfig"',
                "Cache-Control": "no-store",
            },
        )

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        if body:  # nginx may be gone by now where it wants none
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: requests hold passwords."""


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, service: Service, listening: socket.socket) -> None:
        self.service = service
        super().__init__("", Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening

    def process_request(self, request: Any, client_address: Any) -> None:
        # whoever comes when all are busy waits in the queue of the socket
        self.service.room.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.service.room.release()

    def handle_error(self, *_: object) -> None:
        log(f"a request broke off: {sys.exc_info()[0]}")


def log(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def ready() -> None:
    """Tells systemd (sd_notify)."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
            peer.connect("\0" + path[1:] if path.startswith("@") else path)
            peer.sendall(b"READY=1")


def main() -> int:
    service = Service(json.loads(SETTINGS.read_text(encoding="utf-8")))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    with Server(service, socket.socket(fileno=FIRST_SOCKET)) as server:
        ready()
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
