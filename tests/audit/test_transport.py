"""TLS: strong alone."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from mailwright.audit import transport
from mailwright.audit.model import Context
from mailwright.audit.roads import doors
from mailwright.audit.runner import status
from mailwright.findings import Status
from mailwright.plan.model import Listener
from support.mail_peer import listening
from support.probing import HOST, certificate, server_tls, site

# The old versions are what is looked for.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")


def strong() -> ssl.SSLContext:
    made = server_tls()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    return made


def old() -> ssl.SSLContext:
    made = server_tls()
    made.minimum_version = ssl.TLSVersion.TLSv1
    made.set_ciphers("ALL:@SECLEVEL=0")
    return made


def with_cbc() -> ssl.SSLContext:
    made = strong()
    made.set_ciphers("ECDHE+AESGCM:ECDHE+AES+SHA1")
    return made


def for_another_name() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate("another.college.ac.uk"))
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers("ECDHE+AESGCM")
    return made


@contextmanager
def imaps(context: Context, server: ssl.SSLContext) -> Iterator[Context]:
    def serve(connection: socket.socket) -> None:
        with server.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1)

    row = next(row for row in context.plan.listeners if row.auth)
    with listening(serve) as port:
        listener = Listener(HOST, port, "imaps", "implicit", True, row.because)
        yield replace(context, plan=replace(context.plan, listeners=(listener,)))


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        (strong, Status.PASS),
        (old, Status.FAIL),
        (with_cbc, Status.FAIL),
        (for_another_name, Status.FAIL),
    ],
)
def test_strong_alone(server: object, wanted: Status) -> None:
    assert callable(server)
    with site() as (context, _), imaps(context, server()) as changed:
        seen = tuple(transport.store(changed))
    probe = next(probe for probe in transport.PROBES if probe.id == "transport.store")
    assert status(probe, seen) is wanted, [item for item in seen if not item.ok]


def test_what_our_own_openssl_cannot_ask_proves_nothing() -> None:
    unable = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unable.check_hostname = False
    unable.verify_mode = ssl.CERT_NONE
    unable.set_ciphers("ECDHE+AESGCM")  # none of which TLS 1.0 has
    unable.minimum_version = unable.maximum_version = ssl.TLSVersion.TLSv1
    with site() as (context, _), imaps(context, old()) as changed:
        (door, *_) = doors(changed, "outside", "imaps")
        assert transport._refused(changed, door, unable, "TLS 1.0").ok is None
        assert transport._refused(changed, door, transport.careless("ECDHE+AESGCM"), "TLS").ok is False


def test_no_tls_at_all_is_no_strong_tls() -> None:
    """A server that speaks in clear refuses every old version too."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"* OK hello\r\n")
        connection.recv(100)

    with site() as (context, _), listening(serve) as port:
        row = next(row for row in context.plan.listeners if row.auth)
        listener = Listener(HOST, port, "imaps", "implicit", True, row.because)
        changed = replace(context, plan=replace(context.plan, listeners=(listener,)))
        assert doors(changed, "outside", "imaps")
        seen = tuple(transport.store(changed))
    probe = next(probe for probe in transport.PROBES if probe.id == "transport.store")
    assert status(probe, seen) is Status.FAIL
