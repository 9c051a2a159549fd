"""Servers on loopback that do what no server should: say nothing, too little, too slowly, too much, or rubbish.

Each is a function that serves one connection. ``over_tls`` and ``after`` put a proper beginning before it, so
that it is met where the client no longer expects it. ``name_server`` is the like over UDP.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from support.probing import HOST, certificate, server_tls

Serve = Callable[[socket.socket], None]
Answers = Callable[[bytes], list[bytes]]
"""What is sent for a question that came by UDP."""

GIGABYTE = 1 << 30
BINARY = bytes(range(256)) * 4
EIGHT_BIT = "220 Grüß Gott, naïve café ÿþ\r\n".encode("latin-1")


def hang(connection: socket.socket) -> None:
    """Takes what comes and says nothing."""
    while connection.recv(65536):
        pass


def leave(connection: socket.socket) -> None:
    """Hangs up at once."""
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    """Breaks the connection off (RST)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def say(octets: bytes, then: Serve = hang) -> Serve:
    def serve(connection: socket.socket) -> None:
        connection.sendall(octets)
        then(connection)

    return serve


def drip(octets: bytes, pause: float) -> Serve:
    """One octet at a time, over and over."""

    def serve(connection: socket.socket) -> None:
        while True:
            for octet in octets:
                connection.sendall(bytes((octet,)))
                time.sleep(pause)

    return serve


class Flood:
    """The same octets over and over, up to a gigabyte; ``taken`` is how much the other side took of it."""

    def __init__(self, octets: bytes, first: bytes = b"") -> None:
        self._first = first
        self._chunk = octets * (65536 // len(octets))
        self.taken = 0

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(self._first)
        while self.taken < GIGABYTE:
            connection.sendall(self._chunk)
            self.taken += len(self._chunk)


def half_a_handshake(then: Serve) -> Serve:
    """Begins to answer in TLS and does not end."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(
            bytes.fromhex("16 0303 0100 02 0000fc 0303")
        )  # of a ServerHello, all but the first octets
        then(connection)

    return serve


def over_tls(serve: Serve) -> Serve:
    def secure(connection: socket.socket) -> None:
        with server_tls().wrap_socket(connection, server_side=True) as made:
            serve(made)

    return secure


def after(serve: Serve, *answers: bytes, hears: bool = True) -> Serve:
    """Greets with the first answer and gives another for each thing that it hears; then does as ``serve`` does,
    when it has heard one thing more, or at once."""

    def proper(connection: socket.socket) -> None:
        for index, answer in enumerate(answers):
            if index and not (heard := connection.recv(65536)):
                return
            # IMAP's answers begin with the word that the question began with.
            connection.sendall(answer.replace(b"TAG", heard.split(b" ")[0] if index else b""))
        if hears and not connection.recv(65536):
            return
        serve(connection)

    return proper


def with_an_absurd_chain(connection: socket.socket) -> None:
    """A certificate that hundreds of others follow."""
    _absurd().wrap_socket(connection, server_side=True)


@cache
def _absurd() -> ssl.SSLContext:
    pem = certificate(HOST).read_text()
    path = Path(mkdtemp()) / "chain.pem"
    path.write_text(pem + pem[pem.index("-----BEGIN CERTIFICATE") :] * 400)
    context = server_tls()
    context.load_cert_chain(path)
    return context


_absurd()  # which takes longer than the time-outs of tests


@contextmanager
def name_server(answers: Answers) -> Iterator[int]:
    """Answers questions to a UDP port of 127.0.0.1 so; nobody takes TCP connections there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    question, client = server.recvfrom(4096)
                    if not question:
                        return
                    for answer in answers(question):
                        server.sendto(answer, client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", port))
            thread.join(2)
