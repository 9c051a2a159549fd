"""A raw SMTP dialogue: exact bytes on the wire, every answer bounded in time, length and number of lines.

smtplib is too polite for a probe: it quotes addresses, stuffs dots and mends line ends.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from types import TracebackType

from mailwright.audit import wire
from mailwright.audit.model import UnavailableError
from mailwright.records import dataclass

MAX_LINE = 4096  # octets of one reply line; RFC 5321 (4.5.3.1.5) allows 512
MAX_LINES = 100  # lines of one reply

TIMEOUT = 45.0  # seconds for one reply, however it trickles in
_LEAVE = 3.0  # seconds for the reply to QUIT, which nobody needs

_RECIPIENT = re.compile(r"RCPT\s+TO:\s*<([^<>]*)>(\s.*)?", re.IGNORECASE)

Reachable = Callable[[str], bool]
"""Whether a message may be sent to this recipient."""


class ProtocolError(OSError):
    """The other side does not speak SMTP, or says more than anybody needs to."""


@dataclass(frozen=True, slots=True)
class Reply:
    """``code`` and the text of its lines, without codes and line ends."""

    code: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.code} {' / '.join(self.lines)}"[:300]

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 400

    @property
    def refused(self) -> bool:
        """For good: a temporary refusal (4xx) may turn into anything later."""
        return 500 <= self.code < 600


class Dialogue:
    """One SMTP connection. Errors are OSErrors: ConnectionError, TimeoutError, ssl.SSLError, ProtocolError.

    reachable  where it is given (a live audit), no message goes to anybody else, whatever a probe does: DATA for
               another recipient raises UnavailableError before it is sent, and so does a login in clear
    """

    def __init__(
        self, connection: socket.socket, timeout: float = TIMEOUT, reachable: Reachable | None = None
    ) -> None:
        self._socket = connection
        self._timeout = timeout
        self._reachable = reachable
        self._recipients: list[str] = []  # of the transaction, but for those that were refused
        self._in_data = False
        self._buffer = b""
        self._hide: wire.Hide = str
        self.extensions: frozenset[str] = frozenset()

    @classmethod
    def connect(
        cls,
        address: str,
        port: int,
        tls: ssl.SSLContext | None = None,
        name: str = "",
        timeout: float = TIMEOUT,
        reachable: Reachable | None = None,
    ) -> Dialogue:
        """Connect; with ``tls``, speak it from the first octet and want a certificate for ``name``."""
        connection = socket.create_connection((address, port), timeout=timeout)
        try:
            if tls is not None:
                connection = tls.wrap_socket(connection, server_hostname=name)
        except BaseException:
            connection.close()
            raise
        return cls(connection, timeout, reachable)

    def __enter__(self) -> Dialogue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    @property
    def local(self) -> tuple[str, int]:
        """Our own address and port."""
        address, port = self._socket.getsockname()[:2]
        return str(address), int(port)

    def send(self, content: bytes) -> None:
        """These very octets. Where it is laid down who may be sent to, they may only be a message's, after DATA."""
        if self._reachable is not None and not self._in_data:
            raise UnavailableError("no octets but those of commands and messages are sent in an audit")
        self._put(content)

    def reply(self, timeout: float | None = None) -> Reply:
        """The next reply, of one line or several (RFC 5321, 4.2.1)."""
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        code = 0
        texts: list[str] = []
        while len(texts) < MAX_LINES:
            line = self._line(deadline)
            if len(line) < 3 or not line[:3].isdigit() or line[3:4] not in (b"", b" ", b"-"):
                raise ProtocolError(f"no SMTP reply: {self._said(line)}")
            if code not in (0, int(line[:3])):
                raise ProtocolError(f"a reply with two codes: {code} and {self._said(line)}")
            code = int(line[:3])
            texts.append(self._said(line[4:]))
            if line[3:4] != b"-":
                return Reply(code, tuple(texts))
        raise ProtocolError(f"a reply of more than {MAX_LINES} lines")

    def silent(self, seconds: float) -> bool:
        """Nothing more is said for so long."""
        if self._buffer:
            return False
        self._socket.settimeout(seconds)
        try:
            self._buffer = self._socket.recv(4096)
        except TimeoutError:
            return True
        return not self._buffer

    def command(self, line: str | bytes) -> Reply:
        """Send one line and read its reply. Text goes out as UTF-8."""
        octets = line.encode() if isinstance(line, str) else line
        text = octets.decode("utf-8", "replace").strip()
        verb = text.partition(" ")[0].upper()
        if self._reachable is not None:
            self._hold_back(octets, verb)
        if verb == "RCPT":
            self._recipients.append(text)
        self._put(octets + b"\r\n")
        self._in_data = False
        reply = self.reply()
        if verb == "RCPT" and reply.refused:
            self._recipients.remove(text)
        if verb in ("RSET", "EHLO", "HELO") and reply.accepted:
            self._recipients.clear()
        self._in_data = verb == "DATA" and reply.code == 354
        return reply

    def _hold_back(self, octets: bytes, verb: str) -> None:
        """Raises UnavailableError for what would bring a message to somebody who may not be sent to."""
        if b"\n" in octets or b"\r" in octets:
            raise UnavailableError("no command of two lines is sent in an audit")
        if verb not in ("DATA", "BDAT") or self._reachable is None:
            return
        for line in self._recipients:
            found = _RECIPIENT.fullmatch(line)
            if found is None or not self._reachable(found[1]):
                whom = _shown(line[5:].encode())[:200]
                raise UnavailableError(
                    f"no message is sent {whom}: an audit sends to those alone that the description names for it"
                )

    def _put(self, content: bytes) -> None:
        self._socket.settimeout(self._timeout)
        self._socket.sendall(content)

    def greeting(self) -> Reply:
        reply = self.reply()
        if reply.code != 220:
            raise ProtocolError(f"greeted with {reply}")
        return reply

    def ehlo(self, name: str = "") -> Reply:
        """Say EHLO, by default with our address as a literal (RFC 5321, 4.1.3), and note the extensions."""
        reply = self.command(f"EHLO {name or self._literal()}")
        if reply.code != 250:
            raise ProtocolError(f"EHLO was answered with {reply}")
        self.extensions = frozenset(line.upper() for line in reply.lines[1:])
        return reply

    def offers(self, keyword: str) -> bool:
        return any(line.replace("=", " ").split(" ")[0] == keyword for line in self.extensions)

    def starttls(self, context: ssl.SSLContext, name: str, *, greet: bool = True) -> None:
        """Go over to TLS and say EHLO again (RFC 3207); without ``greet`` leave that to the caller (LMTP)."""
        reply = self.command("STARTTLS")
        if reply.code != 220:
            raise ProtocolError(f"STARTTLS was answered with {reply}")
        if self._buffer:
            raise ProtocolError("more was said after the reply to STARTTLS")
        self._socket.settimeout(self._timeout)
        self._socket = context.wrap_socket(self._socket, server_hostname=name)
        if greet:
            self.ehlo()

    def login(self, login: str, password: str) -> Reply:
        """AUTH PLAIN (RFC 4616): 235 for a right password. No reply from now on is shown with the password.

        In an audit of a running service none is sent but over TLS: raises UnavailableError.
        """
        if self._reachable is not None and not isinstance(self._socket, ssl.SSLSocket):
            raise UnavailableError("no password is sent in clear in an audit")
        self._hide = wire.hiding(login, password)
        return self.command(f"AUTH PLAIN {wire.plain(login, password)}")

    def mail(self, sender: str, parameters: str = "") -> Reply:
        return self.command(f"MAIL FROM:<{sender}>{parameters}")

    def rcpt(self, recipient: str) -> Reply:
        return self.command(f"RCPT TO:<{recipient}>")

    def data(self, content: bytes) -> Reply:
        """Send ``content`` (lines end in CRLF) with its dots stuffed, and read the verdict."""
        reply = self.command("DATA")
        if reply.code != 354:
            return reply
        stuffed = content.replace(b"\r\n.", b"\r\n..")
        if stuffed.startswith(b"."):
            stuffed = b"." + stuffed
        self._put(stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return self.reply()

    def deliver(self, sender: str, recipients: tuple[str, ...], content: bytes) -> Reply:
        """One whole message: the first reply that refuses it, or the one that accepts it."""
        for line in (f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{recipient}>" for recipient in recipients)):
            reply = self.command(line)
            if not reply.accepted:
                self.command("RSET")
                return reply
        return self.data(content)

    def quit(self) -> None:
        """Take leave, so that the other side logs no lost connection."""
        try:
            self._put(b"QUIT\r\n")
            self.reply(min(self._timeout, _LEAVE))
        except OSError:  # it may have hung up already
            return

    def _literal(self) -> str:
        address = self.local[0].partition("%")[0]
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    def _said(self, line: bytes) -> str:
        """As text that is safe to print and to keep."""
        return self._hide(_shown(line))

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_LINE:
                raise ProtocolError(f"a reply line of more than {MAX_LINE} octets")
            try:
                self._socket.settimeout(wire.remaining(deadline))
                chunk = self._socket.recv(4096)
            except TimeoutError:
                said = self._said(self._buffer)[:80] or "nothing"
                raise TimeoutError(f"no whole reply in time; it had said {said}") from None
            if not chunk:
                raise ConnectionResetError("the connection was closed where a reply was due")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        if len(line) > MAX_LINE:
            raise ProtocolError(f"a reply line of more than {MAX_LINE} octets")
        return line.removesuffix(b"\r")


def _shown(line: bytes) -> str:
    """As text that is safe to print: control characters are escaped."""
    text = line.decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)
