"""Connections to servers that may do anything: bounded in time and octets, and with words for what went wrong."""

from __future__ import annotations

import math
import re
import socket
import ssl
import time
from typing import Any

from mailwright.formats.visible import visible

OCTETS = 16 << 20  # that one session of IMAP or POP3 may say
LINES = 64 << 10  # octets of one answer in lines


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


def lines_to(connection: socket.socket, last: re.Pattern[bytes], seconds: float, limit: int = LINES) -> list[bytes]:
    """The lines up to one that ``last`` matches at its start, without their ends.

    Raises TimeoutError, ConnectionError, and OSError after ``limit`` octets.
    """
    end = time.monotonic() + seconds
    buffer = b""
    while len(buffer) < limit:
        try:
            connection.settimeout(remaining(end))
            chunk = connection.recv(4096)
        except TimeoutError:
            said = shown(buffer[:80]) or "nothing"
            raise TimeoutError(f"no whole answer in time; it had said {said}") from None
        if not chunk:
            raise ConnectionResetError(
                f"the connection was closed where an answer was due; it began {buffer[:80]!r}"
            )
        buffer += chunk
        if buffer.endswith(b"\n"):
            found = buffer.splitlines()
            if last.match(found[-1]):
                return found
    raise OSError(f"an answer of more than {limit} octets; it begins {buffer[:80]!r}")


def shown(said: str | bytes, limit: int = 200) -> str:
    """What a server said, as text that is safe to print."""
    text = said.decode("utf-8", "backslashreplace") if isinstance(said, bytes) else said
    return visible(text.strip())[:limit]


def words(error: BaseException) -> str:
    """What went wrong and where: the error's words, behind the notes that were put to it on its way."""
    said = re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
    return visible(": ".join([*getattr(error, "__notes__", ()), said])[:500])
