"""Certificates: whole chains, and those that are not."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from mailwright.audit import certificates
from mailwright.audit.model import Context, Observation
from mailwright.findings import Status
from mailwright.plan.model import Listener, Service, TlsMode
from support.authorities import Signed, intermediate, root, rsa_key, server, signed, trust
from support.mail_peer import listening
from support.probing import HOST, site, verdict

PROBES = {probe.id: probe for probe in certificates.PROBES}
STARTTLS = {
    "submission": (b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n"),
    "smtp": (b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n"),
    "managesieve": (b'"STARTTLS"\r\nOK "ready"\r\n', b'OK "go"\r\n'),
}


@contextmanager
def serving(
    tls: ssl.SSLContext, service: Service = "imaps", trusted: str = "", before: bytes = b""
) -> Iterator[Context]:
    """A site of one listener that speaks TLS with this context."""

    def serve(connection: socket.socket) -> None:
        for index, line in enumerate(STARTTLS.get(service, ())):
            if index:
                connection.recv(4096)
            connection.sendall(line)
        if before:
            connection.sendall(before)
        with tls.wrap_socket(connection, server_side=True) as secure:
            secure.recv(100)
            secure.sendall(b"221 bye\r\n")

    with site() as (context, _), listening(serve) as port:
        mode: TlsMode = "starttls" if service in STARTTLS else "implicit"
        listener = Listener(HOST, port, service, mode, service != "smtp", context.plan.listeners[0].because)
        plan = replace(context.plan, listeners=(listener,))
        yield replace(context, plan=plan, trust=trusted or trust(root()), patience=2.0)


def look(context: Context, id_: str = "certificates.store") -> tuple[Status, tuple[Observation, ...]]:
    return verdict(PROBES[id_], context)


GOOD: tuple[Callable[[], ssl.SSLContext], ...] = (
    lambda: server(signed(HOST, intermediate()), intermediate()),
    lambda: server(signed(HOST, root())),
    lambda: server(signed(HOST, intermediate()), intermediate(), root()),
    lambda: server(signed("Some server", root(), names=("imap.college.ac.uk", "*.college.ac.uk"))),
    lambda: server(signed(HOST, root(), days=14)),
    lambda: server(signed(HOST, root(), key=rsa_key(2048))),
)


@pytest.mark.parametrize("made", GOOD)
def test_a_whole_chain(made: Callable[[], ssl.SSLContext]) -> None:
    with serving(made()) as context:
        found, seen = look(context)
    assert found is Status.PASS, [item for item in seen if not item.ok]
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("service", "id_"),
    [
        ("smtp", "certificates.incoming"),
        ("submission", "certificates.submission"),
        ("submissions", "certificates.submission"),
        ("imaps", "certificates.store"),
        ("pop3s", "certificates.store"),
        ("managesieve", "certificates.store"),
    ],
)
def test_every_port_that_speaks_tls(service: Service, id_: str) -> None:
    with serving(server(signed(HOST, intermediate()), intermediate()), service) as context:
        assert look(context, id_)[0] is Status.PASS
    with serving(server(signed(HOST, intermediate())), service) as context:
        assert look(context, id_)[0] is Status.FAIL


def _stranger() -> Signed:
    return signed("Another Root", authority=True)


@pytest.mark.parametrize(
    ("made", "what", "words"),
    [
        (lambda: server(signed(HOST, intermediate())), "chain", "Test Intermediate is neither sent nor trusted"),
        (lambda: server(signed(HOST, _stranger())), "chain", "Another Root is neither sent nor trusted"),
        (lambda: server(signed(HOST)), "chain", "self"),
        (lambda: server(signed("www.college.ac.uk", root())), "names", "www.college.ac.uk"),
        (lambda: server(signed(HOST, root(), names=())), "names", "none"),
        (lambda: server(signed(HOST, root(), names=("*.ac.uk", "*", "*.mail.college.ac.uk"))), "names", "*.ac.uk"),
        (lambda: server(signed(HOST, root(), days=13)), "days", "13 days"),
        (lambda: server(signed(HOST, root(), days=-2, age=9)), "days", "-2 days"),
        (lambda: server(signed(HOST, root(), age=-3)), "days", "not all are good yet"),
        (lambda: server(signed(HOST, root(), key=rsa_key(1024))), "keys", "RSA 1024 bits"),
    ],
)  # fmt: skip
def test_one_that_will_not_do(made: Callable[[], ssl.SSLContext], what: str, words: str) -> None:
    with serving(made()) as context:
        found, seen = look(context)
    assert found is Status.FAIL, seen
    assert any(item.ok is False and what in item.what and words in item.seen for item in seen), seen


def test_short_curves_and_broken_digests() -> None:
    short = signed(HOST, root(), key=ec.generate_private_key(ec.SECP192R1()))
    assert certificates._strength(short.certificate) == ("secp192r1, signed over sha256", False)
    by_rsa = signed(HOST, signed("RSA Root", authority=True, key=rsa_key(2048)))
    assert certificates._strength(by_rsa.certificate)[1]
    # sha256WithRSAEncryption becomes sha1WithRSAEncryption (RFC 8017, A.2.4)
    broken = by_rsa.der.replace(bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105"))
    (parsed,) = certificates.parsed((broken,))
    assert certificates._strength(parsed) == ("secp256r1, signed over sha1", False)


def test_an_intermediate_that_is_soon_over() -> None:
    short = signed("Short Intermediate", root(), authority=True, days=5)
    with serving(server(signed(HOST, short), short)) as context:
        found, seen = look(context)
    assert found is Status.FAIL
    assert any("5 days: Short Intermediate" in item.seen for item in seen)


@pytest.mark.parametrize("octets", [b"* OK hello\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"x" * 100_000])
def test_no_tls_proves_nothing(octets: bytes) -> None:
    with serving(server(signed(HOST, root())), before=octets) as context:
        found, seen = look(context)
    assert found is Status.NOT_PROVEN, seen


def test_a_server_that_hangs_proves_nothing() -> None:
    def hang(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    with serving(server(signed(HOST, root()))) as context, listening(hang) as port:
        row = replace(context.plan.listeners[0], port=port)
        hanging = replace(context, plan=replace(context.plan, listeners=(row,)), patience=0.4)
        assert look(hanging)[0] is Status.NOT_PROVEN


def test_a_name_is_shown_harmless() -> None:
    evil = signed("x\x1b[31m\nforged: line", authority=True)
    with serving(server(signed(HOST, evil))) as context:
        seen = look(context)[1]
    assert all("\x1b" not in item.seen and "\n" not in item.seen for item in seen)
