"""Authorities and the certificates that they sign, good and bad."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Signed:
    """A certificate, its key, and whoever signed it (None: itself)."""

    certificate: x509.Certificate
    key: Key
    by: Signed | None

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def signed(
    name: str,
    by: Signed | None = None,
    *,
    authority: bool = False,
    days: int = 60,
    age: int = 1,
    key: Key | None = None,
    names: tuple[str, ...] | None = None,
    organisation: str = "",
) -> Signed:
    """A certificate for ``name``, good from ``age`` days ago for ``days`` more, signed by ``by`` or by itself."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    subject = x509.Name(attributes)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=age))
        .not_valid_after(now + timedelta(days=days, minutes=5))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        alternatives = [x509.DNSName(one) for one in ((name,) if names is None else names)]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    made = builder.sign(by.key if by else own, hashes.SHA256())
    return Signed(made, own, by)


@cache
def root() -> Signed:
    return signed("Test Root", authority=True, days=3000, organisation="Let's Encrypt")


@cache
def intermediate() -> Signed:
    return signed("Test Intermediate", root(), authority=True, days=1000, organisation="Let's Encrypt")


def trust(*authorities: Signed) -> str:
    """A PEM file of these authorities."""
    path = Path(mkdtemp()) / "authorities.pem"
    path.write_bytes(b"".join(one.pem for one in authorities))
    return str(path)


def server(own: Signed, *further: Signed) -> ssl.SSLContext:
    """A server that sends this certificate and those further ones."""
    path = Path(mkdtemp()) / "server.pem"
    private = own.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + own.pem + b"".join(one.pem for one in further))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    made.load_cert_chain(path)
    return made
