"""Transport: TLS 1.2 or newer with forward secrecy and a certificate for the host's name, and nothing weaker."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from mailwright.audit import roads, wire
from mailwright.audit.model import Context, Observation, Probe
from mailwright.audit.roads import Door
from mailwright.audit.smtp import Dialogue

_GO_ON = re.compile(rb"OK", re.IGNORECASE)  # RFC 5804, 1.2
_OLD = (("TLS 1.0", ssl.TLSVersion.TLSv1), ("TLS 1.1", ssl.TLSVersion.TLSv1_1))
_NEW = (("TLS 1.2", ssl.TLSVersion.TLSv1_2), ("TLS 1.3", ssl.TLSVersion.TLSv1_3))
# OpenSSL's words when it has nothing to offer: the server was never asked.
_UNABLE = ("NO_CIPHERS_AVAILABLE", "NO_PROTOCOLS_AVAILABLE")
# OpenSSL's words: no key exchange with forward secrecy, no authentication of the server, no AEAD cipher.
_WEAK = (
    ("static RSA key exchange", "kRSA"),
    ("no certificate", "aNULL"),
    ("block ciphers in CBC mode", "ECDHE+AES+SHA1:ECDHE+AES+SHA256:ECDHE+AES+SHA384:!AESGCM:!AESCCM"),
)


def submission(context: Context) -> Iterator[Observation]:
    """On each submission port TLS 1.2 and 1.3 are spoken with a certificate for the host's name that the trusted
    authorities have signed; TLS 1.0 and 1.1, and TLS 1.2 with static RSA, without a certificate or with CBC
    ciphers, are refused (REMOTE-1)."""
    yield from _judged(context, "submission", "submissions")


def store(context: Context) -> Iterator[Observation]:
    """The same on the ports of the message store (REMOTE-2)."""
    yield from _judged(context, "imaps", "pop3s", "managesieve")


def incoming(context: Context) -> Iterator[Observation]:
    """The same on port 25 after STARTTLS, with a certificate for the name in the MX record (SCALE-1: what a mailer
    on the Internet does today; RFC 7672 and RFC 8461 build on it)."""
    yield from _judged(context, "smtp")


def _judged(context: Context, *services: str) -> Iterator[Observation]:
    doors = roads.doors(context, "outside", *services)
    yield from roads.side_by_side(doors, lambda door: _judged_at(context, door))


def _judged_at(context: Context, door: Door) -> Iterator[Observation]:
    with roads.vantage(context, "outside").enter():
        ok, seen = _spoken(context, door, careless())
        yield Observation(f"any TLS, with any certificate, on {door}", seen, ok, True, door.target)
        for what, version in _NEW:
            client = roads.client(context.trust)
            client.minimum_version = client.maximum_version = version
            ok, seen = _spoken(context, door, client)
            yield Observation(f"{what} with a verified certificate on {door}", seen, ok, target=door.target)
        for what, version in _OLD:
            client = careless()
            client.minimum_version = client.maximum_version = version
            yield _refused(context, door, client, what)
        for what, ciphers in _WEAK:
            client = careless(ciphers)
            client.minimum_version = client.maximum_version = ssl.TLSVersion.TLSv1_2
            yield _refused(context, door, client, f"TLS 1.2 with {what}")
        stranger = roads.tls(context)
        other, seen = _spoken(context, door, stranger, "other.invalid")
        yield Observation(f"a certificate for other.invalid on {door}", seen, not other, target=door.target)


def _refused(context: Context, door: Door, client: ssl.SSLContext, what: str) -> Observation:
    """That TLS does not come about; nothing is known where it is this machine's OpenSSL that cannot do it."""
    ok, seen = _spoken(context, door, client)
    unable = any(word in seen for word in _UNABLE)
    return Observation(f"{what} on {door}", seen, None if unable else not ok, target=door.target)


def careless(ciphers: str = "ALL") -> ssl.SSLContext:
    """A client that takes anything that OpenSSL still knows: it only finds out what the server would do."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    return made


def _spoken(context: Context, door: Door, client: ssl.SSLContext, name: str = "") -> tuple[bool, str]:
    """Whether TLS comes about, and its version and cipher or the error. Other errors than TLS's own are raised."""
    with asked_for_tls(context, door) as plain:
        try:
            with spoken(context, door, plain, client, name) as secure:
                cipher = secure.cipher()
                said = f"{secure.version()} {cipher[0] if cipher else ''}"
            return True, said
        except (ssl.SSLError, ConnectionResetError) as error:
            return False, str(error)[:200]


@contextmanager
def asked_for_tls(context: Context, door: Door) -> Iterator[socket.socket]:
    """A connection on which TLS is to begin now. The vantage must have been entered. Raises OSError."""
    with (
        roads.talking(context, door),
        socket.create_connection((str(door.address), door.listener.port), timeout=context.patience) as plain,
    ):
        if door.listener.tls == "starttls":
            _ask_for_tls(plain, door, context.patience)
            plain.settimeout(context.patience)
        yield plain


@contextmanager
def spoken(
    context: Context, door: Door, plain: socket.socket, client: ssl.SSLContext, name: str = ""
) -> Iterator[ssl.SSLSocket]:
    """TLS on that connection, for the host's name unless another is given. Raises OSError."""
    with client.wrap_socket(plain, server_hostname=name or door.listener.host) as secure:
        yield secure
        if door.listener.tls == "starttls" and door.listener.service != "managesieve":
            Dialogue(secure, context.patience).quit()


def _ask_for_tls(plain: socket.socket, door: Door, seconds: float) -> None:
    if door.listener.service == "managesieve":
        wire.lines_to(plain, _GO_ON, seconds)
        plain.sendall(b"STARTTLS\r\n")
        wire.lines_to(plain, _GO_ON, seconds)
        return
    dialogue = Dialogue(plain, seconds)
    dialogue.greeting()
    dialogue.ehlo()
    reply = dialogue.command("STARTTLS")
    if reply.code != 220:
        raise OSError(f"STARTTLS on {door} was answered with {reply}")


PROBES = (
    Probe(
        "transport.submission",
        ("REMOTE-1",),
        "outside",
        "Submission speaks strong TLS alone",
        submission,
        negative=True,
    ),
    Probe("transport.store", ("REMOTE-2",), "outside", "The store speaks strong TLS alone", store, negative=True),
    Probe(
        "transport.incoming", ("SCALE-1",), "outside", "Port 25 speaks strong TLS alone", incoming, negative=True
    ),
)
