"""HTTPS servers on loopback: they answer what they were told to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mailwright.audit import web
from support.mail_peer import listening
from support.probing import server_tls

Serving = Callable[[ssl.SSLSocket, str], None]
"""Does as it pleases on a connection on which this path was asked for."""


@contextmanager
def https(serve: Serving, monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve on a port of 127.0.0.1, which ``web`` is let reach for once, and takes for the usual one."""
    server = tls or server_tls()

    def accepted(connection: socket.socket) -> None:
        with server.wrap_socket(connection, server_side=True) as secure:
            heard = b""
            while b"\r\n\r\n" not in heard:
                chunk = secure.recv(65536)
                if not chunk:
                    return
                heard += chunk
            serve(secure, heard.split()[1].decode())

    with listening(accepted) as port:
        monkeypatch.setattr(web, "refused", lambda _address: False)
        monkeypatch.setattr(web, "PORT", port)
        yield port


def answer(
    body: bytes, type_: str = "text/html; charset=utf-8", status: str = "200 OK", *further: str
) -> Callable[[ssl.SSLSocket, str], None]:
    """A whole answer, whatever is asked for."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {type_}", f"Content-Length: {len(body)}", *further, "", ""]
    return lambda secure, _path: secure.sendall("\r\n".join(lines).encode() + body)


def said(octets: bytes) -> Callable[[ssl.SSLSocket, str], None]:
    """These octets and no more."""
    return lambda secure, _path: secure.sendall(octets)
