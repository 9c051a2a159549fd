"""Certificates as the servers send them: whole chains, for the right name, strong enough, and for some time yet."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from mailwright.audit import roads, transport, wire
from mailwright.audit.model import Condition, Context, Observation, Probe
from mailwright.audit.roads import Door
from mailwright.formats.visible import visible

DAYS = 14  # that a certificate is to be good for: renewals fail over a holiday
_RSA, _CURVE = 2048, 224  # bits (NIST SP 800-57: 112 bits of strength)
_BROKEN = frozenset({"md5", "sha1"})
_MOST = 10  # certificates of one chain that are looked at
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises for a certificate that is none."""

# OpenSSL's numbers (X509_V_ERR_…) for a certificate whose issuer is not at hand, and for one that is over.
_NO_ISSUER = (2, 20, 21)
_OVER = (9, 10)


def submission(context: Context) -> Iterator[Observation]:
    """On each submission port the server sends its certificate and every one between it and an authority that is
    trusted (one that is missing is named); the certificate is for the host's name; each of the chain is good for 14
    more days at least, has a key of 2048 bits (RSA) or 224 (elliptic curves) or more, and is not signed over MD5 or
    SHA-1 (REMOTE-1)."""
    yield from _looked_at(context, "submission", "submissions")


def store(context: Context) -> Iterator[Observation]:
    """The same on the ports of the message store (REMOTE-2)."""
    yield from _looked_at(context, "imaps", "pop3s", "managesieve")


def incoming(context: Context) -> Iterator[Observation]:
    """The same on port 25 after STARTTLS (SCALE-1)."""
    yield from _looked_at(context, "smtp")


def web(context: Context) -> Iterator[Observation]:
    """The same on port 443; there the certificate is for every name under which the host serves something to web
    browsers and mail programs (WEB-1)."""
    yield from _looked_at(context, "https")
    for door in roads.doors(context, "outside", "https"):
        wanted = sorted({row.name for row in context.plan.web if row.host == door.listener.host})
        what = f"names that the certificate on {door} is to have"
        try:
            with roads.vantage(context, "outside").enter():
                has = covered(parsed(sent(context, door))[0])
        except OSError as error:
            yield Observation(what, wire.words(error), None, target=door.target)
            continue
        except UNREADABLE as error:
            yield Observation(what, visible(f"cannot be read: {error!r}")[:200], False, target=door.target)
            continue
        missing = [name for name in wanted if not _covers(has, name)]
        seen = f"without {', '.join(missing)}" if missing else ", ".join(wanted)
        yield Observation(what, seen[:300], not missing, target=door.target)


def _looked_at(context: Context, *services: str) -> Iterator[Observation]:
    doors = roads.doors(context, "outside", *services)
    yield from roads.side_by_side(doors, lambda door: _at(context, door))


def _at(context: Context, door: Door) -> Iterator[Observation]:
    try:
        with roads.vantage(context, "outside").enter():
            chain = parsed(sent(context, door))
            trusted, seen = _verified(context, door, chain)
        yield Observation(f"the chain of certificates on {door}", seen, trusted, target=door.target)
        yield _for_its_name(door, chain[0])
        yield _days_left(door, chain)
        yield _strong(door, chain)
    except OSError as error:
        yield Observation(f"the certificate on {door}", wire.words(error), None, target=door.target)
    except UNREADABLE as error:
        seen = visible(f"cannot be read: {error!r}")[:200]
        yield Observation(f"the certificate on {door}", seen, False, target=door.target)


def _for_its_name(door: Door, own: x509.Certificate) -> Observation:
    names = covered(own)
    return Observation(
        f"names of the certificate on {door}",
        " ".join(names[:6])[:200] or "none",
        _covers(names, door.listener.host),
        target=door.target,
    )


def _days_left(door: Door, chain: tuple[x509.Certificate, ...]) -> Observation:
    last = min(chain, key=lambda one: one.not_valid_after_utc)
    now = datetime.now(UTC)
    left = (last.not_valid_after_utc - now).days
    begun = all(one.not_valid_before_utc <= now for one in chain)
    seen = f"{left} days: {title(last)} is good until {last.not_valid_after_utc:%Y-%m-%d}"
    return Observation(
        f"days left of the certificates on {door}",
        seen if begun else f"{seen}; not all are good yet",
        begun and left >= DAYS,
        target=door.target,
    )


def _strong(door: Door, chain: tuple[x509.Certificate, ...]) -> Observation:
    found = [(one, *_strength(one)) for one in chain]
    weak = [f"{title(one)}: {words}" for one, words, strong in found if not strong]
    return Observation(
        f"keys of the certificates on {door}",
        "; ".join(weak or [words for _, words, _ in found])[:200],
        not weak,
        target=door.target,
    )


def sent(context: Context, door: Door) -> tuple[bytes, ...]:
    """The certificates that the server sends, in DER, its own first, whatever they are worth.

    The vantage must have been entered. Raises OSError.
    """
    with (
        transport.asked_for_tls(context, door) as plain,
        transport.spoken(context, door, plain, transport.careless()) as secure,
    ):
        return chain_of(secure)


def chain_of(secure: ssl.SSLSocket) -> tuple[bytes, ...]:
    """What the other side of a connection has sent. Raises OSError where it sent none."""
    if hasattr(secure, "get_unverified_chain"):  # Python 3.13
        found: list[bytes] = secure.get_unverified_chain()
        return tuple(found)
    # Before that, Python has it and does not show it.
    certificates = secure._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]
    chain = tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in certificates)
    if not chain:
        raise OSError("no certificate was sent")
    return chain


def parsed(chain: tuple[bytes, ...]) -> tuple[x509.Certificate, ...]:
    """The certificates themselves. Raises UNREADABLE for what is none."""
    return tuple(x509.load_der_x509_certificate(octets) for octets in chain[:_MOST])


def covered(certificate: x509.Certificate) -> tuple[str, ...]:
    """The DNS names that a certificate is for, in lower case: those of its SAN alone (RFC 9525, 6.3)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(visible(name).lower() for name in found.get_values_for_type(x509.DNSName))


def _covers(names: tuple[str, ...], host: str) -> bool:
    """A wildcard stands for one whole label, the first (RFC 9525, 6.3)."""
    return host in names or f"*.{host.partition('.')[2]}" in names


def title(certificate: x509.Certificate) -> str:
    """A certificate's subject in a few words."""
    return _named(certificate.subject)


def _named(name: x509.Name) -> str:
    for wanted in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in name.get_attributes_for_oid(wanted):
            return visible(str(attribute.value))[:80]
    return visible(name.rfc4514_string())[:80] or "without a name"


def _verified(context: Context, door: Door, chain: tuple[x509.Certificate, ...]) -> tuple[bool, str]:
    """Whether the chain leads to an authority that is trusted; in words what it is, and what is missing."""
    client = roads.client(context.trust)
    client.check_hostname = False
    whole = " < ".join(title(one) for one in chain[:4])
    try:
        with (
            transport.asked_for_tls(context, door) as plain,
            transport.spoken(context, door, plain, client),
        ):
            return True, f"{len(chain)} sent: {whole}"
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in _OVER:  # the days say so, and how many they are
            return False, f"{len(chain)} sent: {whole}; {error.verify_message}"
        if error.verify_code in _NO_ISSUER:
            return False, f"{len(chain)} sent: {whole}; that of {_missing(chain)} is neither sent nor trusted here"
        return False, f"{len(chain)} sent: {whole}; {error.verify_message}"


def _missing(chain: tuple[x509.Certificate, ...]) -> str:
    """The first issuer, from the server's own certificate on, that was not sent."""
    subjects = {one.subject: one for one in chain}
    current, seen = chain[0], 0
    while current.issuer in subjects and current.issuer != current.subject and seen < len(chain):
        current, seen = subjects[current.issuer], seen + 1
    return _named(current.issuer)


def _strength(certificate: x509.Certificate) -> tuple[str, bool]:
    """A certificate's key and signature in words, and whether they will do."""
    key = certificate.public_key()
    own = certificate.issuer == certificate.subject  # trusted as it is: its signature proves nothing
    digest = certificate.signature_hash_algorithm
    signed = own or digest is None or digest.name not in _BROKEN
    over = f", signed over {digest.name}" if digest and not own else ""
    match key:
        case RSAPublicKey():
            return f"RSA {key.key_size} bits{over}", signed and key.key_size >= _RSA
        case EllipticCurvePublicKey():
            return f"{key.curve.name}{over}", signed and key.key_size >= _CURVE
        case Ed25519PublicKey() | Ed448PublicKey():
            return f"Edwards curve{over}", signed
        case _:
            return "a key of a kind that is not used any more", False


PROBES = (
    Probe(
        "certificates.submission",
        ("REMOTE-1",),
        "outside",
        "Submission's certificates are whole and good",
        submission,
    ),
    Probe("certificates.store", ("REMOTE-2",), "outside", "The store's certificates are whole and good", store),
    Probe("certificates.incoming", ("SCALE-1",), "outside", "Port 25's certificates are whole and good", incoming),
    Probe(
        "certificates.web",
        ("WEB-1",),
        "outside",
        "Port 443's certificates are whole and good, for every name",
        web,
        only=Condition(
            "a host serves web browsers", lambda plan: any(row.service == "https" for row in plan.listeners)
        ),
    ),
)
