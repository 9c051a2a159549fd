"""Mail servers on loopback for the probes' own tests: one that behaves, and its relatives that do not.

``Peer`` is a small, strict SMTP server over the routes and senders of a plan. ``Faults`` says in which way one of
its relatives is bad. ``scripted`` is a peer that says what it was told to, whatever it is asked.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate, getaddresses

from mailwright.audit import letters
from mailwright.audit.model import Received
from mailwright.plan.model import Listener, Plan
from mailwright.site.addresses import domain, key

FOREIGN = "foreign.example"
STRICT = (b"\r\n.\r\n",)


@dataclass(frozen=True)
class Faults:
    """What is wrong with a peer; as it stands, nothing is."""

    relays: Callable[[str], bool] = lambda _recipient: False  # without a login, on any port
    takes_unknown: bool = False
    refuses: frozenset[str] = frozenset()  # recipients, in look-up form
    minds_case: bool = False
    auth_in_clear: bool = False
    auth_on_25: bool = False
    any_password: bool = False
    any_sender: bool = False
    any_author: bool = False
    null_sender: bool = False  # takes ordinary messages with MAIL FROM:<>
    ends: tuple[bytes, ...] = STRICT
    completes: bool = True
    completes_relayed: bool = False
    adds: str = ""  # a header line that goes into everything
    guesses: bool = False  # completes addresses without a domain
    rewrites: bool = True
    bare_line_ends: bool = False  # sends bare CR and LF on
    xclient: bool = False


@dataclass
class Post:
    """What the peers took in: local deliveries by login, and what left for the foreign domain."""

    boxes: dict[str, list[bytes]] = field(default_factory=dict)
    abroad: list[Received] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    domain = FOREIGN
    address = f"probe@{FOREIGN}"

    def wait_for(self, token: str, timeout: float = 0) -> Received | None:
        del timeout  # what a peer takes in is there at once
        with self.lock:
            return next((item for item in self.abroad if token.encode() in item.content), None)


class Peer:
    """One listener of the plan, served on loopback."""

    def __init__(
        self,
        plan: Plan,
        listener: Listener,
        post: Post,
        passwords: dict[str, str],
        tls: ssl.SSLContext,
        faults: Faults,
    ) -> None:
        self.plan, self.listener, self.post = plan, listener, post
        self.passwords, self.tls, self.faults = passwords, tls, faults
        self.routes = {route.address: route for route in plan.routes}

    def serve(self, connection: socket.socket) -> None:
        Session(self, connection).run()


class Session:
    def __init__(self, peer: Peer, connection: socket.socket) -> None:
        self.peer = peer
        self.connection = connection
        self.buffer = b""
        self.login = ""
        self.secure = False
        self.sender: str | None = None
        self.recipients: list[str] = []
        self.client = connection.getpeername()[0]

    def run(self) -> None:
        if self.peer.listener.tls == "implicit":
            self.encrypt()
        self.say("220 mail.college.ac.uk ESMTP")
        while True:
            line = self.line()
            verb, _, rest = line.partition(" ")
            answer = getattr(self, f"on_{verb.lower()}", None)
            self.say(answer(rest) if answer else "502 5.5.2 Not known")
            if verb.upper() == "QUIT":
                return
            if verb.upper() == "STARTTLS" and not self.secure:
                self.encrypt()

    def encrypt(self) -> None:
        self.connection = self.peer.tls.wrap_socket(self.connection, server_side=True)
        self.secure = True

    def say(self, text: str) -> None:
        if text:
            self.connection.sendall(text.encode() + b"\r\n")

    def line(self) -> str:
        while b"\r\n" not in self.buffer:
            self.more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("utf-8", "replace")

    def more(self) -> None:
        chunk = self.connection.recv(65536)
        if not chunk:
            raise ConnectionError("gone")
        self.buffer += chunk

    @property
    def submission(self) -> bool:
        return self.peer.listener.auth

    def on_ehlo(self, _rest: str) -> str:
        lines = ["mail.college.ac.uk", "8BITMIME"]
        if self.peer.listener.tls == "starttls" and not self.secure:
            lines.append("STARTTLS")
        if self.may_log_in():
            lines.append("AUTH PLAIN")
        return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])

    def may_log_in(self) -> bool:
        faults = self.peer.faults
        if not self.submission:
            return faults.auth_on_25
        return self.secure or faults.auth_in_clear

    def on_starttls(self, _rest: str) -> str:
        return "220 Go ahead"

    def on_quit(self, _rest: str) -> str:
        return "221 Bye"

    def on_rset(self, _rest: str) -> str:
        self.sender, self.recipients = None, []
        return "250 Ok"

    def on_xclient(self, _rest: str) -> str:
        return "220 mail.college.ac.uk" if self.peer.faults.xclient else "550 5.7.1 Not for you"

    def on_auth(self, rest: str) -> str:
        if not self.may_log_in():
            return "503 5.5.1 Not here"
        login, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")[1:]
        if self.peer.passwords.get(login) == password or self.peer.faults.any_password:
            self.login = login
            return "235 2.7.0 Welcome"
        return "535 5.7.8 No"

    def on_mail(self, rest: str) -> str:
        if self.submission and not self.secure:
            return "530 5.7.0 STARTTLS first"
        found = re.match(r"FROM:<([^>]*)>", rest, re.IGNORECASE)
        self.sender = found[1] if found else rest
        return "250 Ok"

    def on_rcpt(self, rest: str) -> str:
        faults = self.peer.faults
        found = re.fullmatch(r"TO:<([^<>]*)>", rest, re.IGNORECASE)
        path = found[1] if found else rest[3:]
        if not self.login and faults.relays(path):
            self.recipients.append(path)
            return "250 Ok"
        if self.submission and not self.login:
            return "554 5.7.1 Log in first"
        if self.login and not self.may_send_as(self.sender or "", faults.any_sender):
            return "553 5.7.1 Not yours"
        if domain(path) == FOREIGN and self.login:
            self.recipients.append(path)
            return "250 Ok"
        if self.reaches(path) is None and not faults.takes_unknown:
            own = domain(path) in self.peer.plan.settings.own_names or path == ""
            return "550 5.1.1 Nobody here" if own else "554 5.7.1 Relay access denied"
        self.recipients.append(path)
        return "250 Ok"

    def may_send_as(self, address: str, anyway: bool) -> bool:
        if anyway or (address == "" and self.login):
            return True
        return (key(address), self.login) in {row.key for row in self.peer.plan.senders}

    def reaches(self, path: str) -> set[str] | None:
        address = path if self.peer.faults.minds_case else key(path)
        if address.lower() == "postmaster":
            address = f"postmaster@{self.peer.plan.settings.primary_domain}"
        if address in self.peer.faults.refuses:
            return None
        route = self.peer.routes.get(address)
        if route is None:
            return None
        if route.kind == "mailbox":
            return set(route.targets)
        return set().union(*(self.reaches(target) or set() for target in route.targets))

    def on_data(self, _rest: str) -> str:
        if not self.recipients:
            return "503 5.5.1 No recipients"
        self.say("354 Go on")
        while not (found := self.end()):
            self.more()
        content, end = self.buffer[: found[0]], found[1]
        self.buffer = self.buffer[found[0] + len(end) :]
        content = (content + b"\r\n").replace(b"\r\n..", b"\r\n.")
        answer = self.judge(content)
        if answer.startswith("2"):
            self.keep(content)
        self.on_rset("")
        return answer

    def end(self) -> tuple[int, bytes] | None:
        places = [(self.buffer.find(end), end) for end in self.peer.faults.ends]
        return min(((place, end) for place, end in places if place >= 0), default=None)

    def judge(self, content: bytes) -> str:
        faults = self.peer.faults
        if not self.login:
            return "250 2.0.0 Ok: queued as 4XABCDEF"
        authors = letters.parse(content).get_all("From", [])
        found = [key(address) for _, address in getaddresses([str(line) for line in authors])]
        plain = len(authors) == 1 and not re.search(r"[():;]|=\?|<@", str(authors[0]))
        own = len(found) == 1 and plain and self.may_send_as(found[0] or "nobody", False)
        if not faults.any_author and not own:
            return "550 5.7.1 From: is not yours"
        for value in letters.header(content, "Sender"):
            if not faults.any_author and not self.may_send_as(value.strip("<>"), False):
                return "550 5.7.1 Sender: is not yours"
        lines = [*letters.header(content, "To"), *letters.header(content, "Cc")]
        if not (faults.any_author or faults.guesses) and any(
            "." not in domain(address) for _, address in getaddresses(lines) if address
        ):
            return "550 5.6.0 An address without a domain"
        if self.sender == "" and not faults.null_sender and b"disposition-notification" not in content:
            return "550 5.7.1 Not from nobody"
        return "250 2.0.0 Ok: queued as 4XABCDEF"

    def keep(self, content: bytes) -> None:
        faults = self.peer.faults
        completes = faults.completes if self.login else faults.completes_relayed
        head = f"Received: from [{self.client}] by mail.college.ac.uk; {formatdate(localtime=True)}\r\n"
        for name, value in (("Date", formatdate(localtime=True)), ("To", "undisclosed-recipients:;")):
            if completes and not letters.header(content, name):
                head += f"{name}: {value}\r\n"
        if completes and not letters.header(content, "Message-ID"):
            head += "Message-ID: <1@mail.college.ac.uk>\r\n"
        if faults.adds:
            head += f"{faults.adds}\r\n"
        sender = self.sender or ""
        if not faults.bare_line_ends:
            content = re.sub(rb"\r(?!\n)|(?<!\r)\n|\0", b" ", content)
        if faults.guesses:
            own = self.peer.plan.settings.primary_domain.encode()
            content = re.sub(rb"(?m)^((?:To|Cc): [\w.-]+)(?=,|\r)", rb"\1@" + own, content)
        if self.login and faults.rewrites:
            for row in self.peer.plan.rewrites:
                content = re.sub(
                    re.escape(row.internal).encode(), row.external.encode(), content, flags=re.IGNORECASE
                )
                sender = row.external if key(sender) == row.internal else sender
        whole = head.encode() + content
        with self.peer.post.lock:
            for path in self.recipients:
                if domain(path) == FOREIGN:
                    self.peer.post.abroad.append(
                        Received(sender, (path,), whole, "127.0.0.1", "mail.college.ac.uk")
                    )
                for login in self.reaches(path) or ():
                    self.peer.post.boxes.setdefault(login, []).append(whole)


def speak(*lines: bytes, then: Callable[[socket.socket], None] = lambda _: None) -> Callable[[socket.socket], None]:
    """A peer that says the first line, and one more for each thing it hears; ``then`` is what it ends with."""

    def serve(connection: socket.socket) -> None:
        for index, line in enumerate(lines):
            if index and not connection.recv(65536):
                return
            connection.sendall(line)
        then(connection)

    return serve


@contextmanager
def listening(serve: Callable[[socket.socket], None], address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Serve connections to a port of 127.0.0.1, or of another address, each in a thread of its own."""
    server = socket.create_server((address, port))
    open_: set[socket.socket] = set()

    def one(connection: socket.socket) -> None:
        with suppress(OSError, ConnectionError), connection:
            serve(connection)
        open_.discard(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                # several writes in a row are sent at once, not after the other side has acknowledged the first
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                open_.add(connection)
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        for connection in tuple(open_):
            with suppress(OSError):
                connection.close()
