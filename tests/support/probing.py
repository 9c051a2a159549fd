"""A context for probes in which all servers are peers on loopback (``mail_peer``)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailwright import plan
from mailwright.audit.model import Account, Context, Observation, Probe, UnavailableError, Where
from mailwright.audit.runner import status
from mailwright.findings import Status
from mailwright.site.model import Site
from support.example import load_example
from support.mail_peer import Faults, Peer, Post, listening

HOST = "mail.college.ac.uk"
PASSWORD = "right"


@dataclass(frozen=True)
class Here:
    """A vantage on loopback."""

    name: Where
    addresses: tuple[IPv4Address | IPv6Address, ...] = (IPv4Address("127.0.0.1"),)

    def enter(self) -> AbstractContextManager[None]:
        return nullcontext()

    def listen(self, *ports: int) -> AbstractContextManager[None]:
        raise UnavailableError(f"nobody can listen on {ports}")


@cache
def certificate(name: str, *further: str) -> Path:
    """A self-signed certificate, for further names too, and its key in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in (name, *further)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = Path(mkdtemp()) / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def server_tls(name: str = HOST, *further: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(name, *further))
    return context


@contextmanager
def site(
    faults: Faults | None = None, described: Site | None = None, **by_service: Faults
) -> Iterator[tuple[Context, Post]]:
    """The mail servers of the example, or of a variation of it, on loopback, with the same faults everywhere or
    others for a service."""
    made = plan.make(described or load_example())
    host = replace(made.hosts[0], addresses=(IPv4Address("127.0.0.1"),))
    post = Post()
    logins = [mailbox.login for mailbox in made.mailboxes] + ["webforms"]
    passwords = dict.fromkeys(logins, PASSWORD)
    listeners = []
    with ExitStack() as stack:
        for listener in made.listeners:
            if listener.service in ("smtp", "submission", "submissions"):
                chosen = by_service.get(listener.service, faults or Faults())
                peer = Peer(made, listener, post, passwords, server_tls(), chosen)
                port = stack.enter_context(listening(peer.serve))
                listeners.append(replace(listener, port=port))
        context = Context(
            plan=replace(made, hosts=(host,), listeners=tuple(listeners)),
            resolver=("127.0.0.1",),
            vantages={"outside": Here("outside"), "inside": Here("inside")},
            shell=None,
            correspondent=post,
            accounts=tuple(Account(login, PASSWORD) for login in logins),
            trust=str(certificate(HOST)),
        )
        yield context, post


def verdict(probe: Probe, context: Context) -> tuple[Status, tuple[Observation, ...]]:
    seen = tuple(probe.run(context))
    return status(probe, seen), seen


def failures(seen: tuple[Observation, ...]) -> list[str]:
    return [f"{item.what}: {item.seen}" for item in seen if not item.ok]
