"""Connections to servers that may do anything: bounded in time and octets, and with words for what went wrong."""

from __future__ import annotations

import base64
import math
import re
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from mailwright.formats.visible import visible

OCTETS = 16 << 20  # that one session of IMAP or POP3 may say
LINES = 64 << 10  # octets of one answer in lines
HIDDEN = "(the password)"

_RUN = re.compile(r"[A-Za-z0-9+/=]{8,}")
_WINDOW = 8  # characters in a row that base64 has in common with nothing else by chance

Hide = Callable[[str], str]
"""Takes a secret out of what a server said."""


class BoundedTls(ssl.SSLSocket):
    """A TLS connection that can be given an end, for clients that read on for as long as something comes.

    Python's own time-out is for one read: a server that says an octet a second is never too late by it.
    """

    _end = math.inf
    _left = math.inf

    def bound(self, seconds: float, octets: int = OCTETS) -> None:
        """From now on for so long, and no more than so much."""
        self._end = time.monotonic() + seconds
        self._left = octets

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        if self._end < math.inf:
            self.settimeout(remaining(self._end))
        count = super().recv_into(buffer, nbytes, flags)
        self._left -= count
        if self._left < 0:
            raise OSError(f"it said more than anybody needs to ({OCTETS >> 20} MiB)")
        return count


def secure(connection: socket.socket, context: ssl.SSLContext, name: str, seconds: float) -> ssl.SSLSocket:
    """``connection`` over TLS, with a certificate for ``name``; the whole session within so many seconds."""
    connection.settimeout(seconds)
    made = context.wrap_socket(connection, server_hostname=name)
    if isinstance(made, BoundedTls):
        made.bound(seconds)
    return made


def remaining(end: float) -> float:
    """Seconds until then on the monotonic clock. Raises TimeoutError when there are none."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("no whole answer in time")
    return left


def lines_to(
    connection: socket.socket, last: re.Pattern[bytes], seconds: float, limit: int = LINES, hide: Hide = str
) -> list[bytes]:
    """The lines up to one that ``last`` matches at its start, without their ends. ``hide`` is for errors' words.

    Raises TimeoutError, ConnectionError, and OSError after ``limit`` octets.
    """
    end = time.monotonic() + seconds
    buffer = b""
    while len(buffer) < limit:
        try:
            connection.settimeout(remaining(end))
            chunk = connection.recv(4096)
        except TimeoutError:
            said = shown(buffer, 80, hide) or "nothing"
            raise TimeoutError(f"no whole answer in time; it had said {said}") from None
        if not chunk:
            raise ConnectionResetError(
                f"the connection was closed where an answer was due; it began {hide(repr(buffer))[:80]}"
            )
        buffer += chunk
        if buffer.endswith(b"\n"):
            found = buffer.splitlines()
            if last.match(found[-1]):
                return found
    raise OSError(f"an answer of more than {limit} octets; it begins {hide(repr(buffer))[:80]}")


def shown(said: str | bytes, limit: int = 200, hide: Hide = str) -> str:
    """What a server said, as text that is safe to print."""
    text = said.decode("utf-8", "backslashreplace") if isinstance(said, bytes) else said
    return hide(visible(text.strip()))[:limit]


def plain(login: str, password: str) -> str:
    """What SASL's PLAIN sends (RFC 4616), in base64."""
    return base64.b64encode(f"\0{login}\0{password}".encode()).decode()


def hiding(login: str, password: str) -> Hide:
    """Puts ``HIDDEN`` where a server echoes the password, or the greater part of its base64, in whatever case.

    For text in which nothing but printing characters stands, before it is cut: a part of a password is not known
    again.
    """
    token = plain(login, password).lower()
    windows = {token[at : at + _WINDOW] for at in range(len(token) - _WINDOW + 1)}
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')  # RFC 3501, 4.3
    forms = {form for one in (password, quoted) for form in (visible(one), *_as_python_shows(one.encode()))}
    longest_first = sorted(forms, key=len, reverse=True)
    said = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def token_hidden(found: re.Match[str]) -> str:
        run = found[0].lower()
        echoed = any(run[at : at + _WINDOW] in windows for at in range(len(run) - _WINDOW + 1))
        return "\0" if echoed else found[0]

    def hide(text: str) -> str:
        text = _RUN.sub(token_hidden, text)
        return (said.sub("\0", text) if password else text).replace("\0", HIDDEN)

    return hide


def _as_python_shows(octets: bytes) -> tuple[str, str]:
    """In an error's words; the second in a line in which both kinds of quotes stand."""
    return repr(octets)[2:-1], repr(b"'\"" + octets)[5:-1]


def words(error: BaseException) -> str:
    """What went wrong and where: the error's words, behind the notes that were put to it on its way."""
    said = re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
    return visible(": ".join([*getattr(error, "__notes__", ()), said])[:500])
