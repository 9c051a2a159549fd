"""An authority besides the lab's, for certificates that are wrong in one way."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from mailwright.rehearsal import credentials
from mailwright.rehearsal.rehearse import Stage
from support.live_changes import DOVECOT, NGINX, POSTFIX, Change, all_of, files

_NAME = "Spare authority"


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def _authority() -> x509.Certificate:
    return _signed(_NAME, _key(), datetime.now(UTC) + timedelta(days=2))


def _signed(name: str, key: ec.EllipticCurvePrivateKey, until: datetime) -> x509.Certificate:
    own = name == _NAME
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=own, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(_key().public_key()), critical=False)
    )
    if own:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(_key(), hashes.SHA256())


def trusted(stage: Stage, folder: Path) -> Path:
    """A PEM file with the lab's authority and this one."""
    path = folder / "authorities.pem"
    path.write_bytes((stage.secrets / credentials.AUTHORITY).read_bytes() + _authority().public_bytes(Encoding.PEM))
    return path


def certified(name: str, days: float, where: str = "", host: str = "") -> Change:
    """The host shows a certificate for ``name`` that is good for so many more days.

    where  at one service of Postfix alone (``25/inet``), of ``dovecot`` or of ``nginx``; empty: Postfix and Dovecot
    """
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # With seconds to spare, so that it has the whole number of days for a while.
    until = datetime.now(UTC) + timedelta(days=days, hours=1)
    shown = _signed(name, key, until).public_bytes(Encoding.PEM)
    file = f"/etc/ssl/known-bad-{where.partition('/')[0] or 'all'}.pem"
    lay = f"(umask 077; echo {base64.b64encode(pem + shown).decode('ascii')} | base64 -d > {file})"
    store = f"{lay}; sed -i -E 's,^(ssl_server_(cert|key)_file) = .*,\\1 = {file},' /etc/dovecot/dovecot.conf"
    if where == "dovecot":
        return files(DOVECOT, store, host)
    if where == "nginx":
        served = f"sed -i -E 's,^( *ssl_certificate(_key)?) .*,\\1 {file};,' /etc/nginx/nginx.conf"
        return files(NGINX, f"{lay}; {served}", host)
    if where:
        return files(POSTFIX, f"{lay}; postconf -P {where}/smtpd_tls_chain_files={file}", host)
    mailer = files(POSTFIX, f"{lay}; postconf -e smtpd_tls_chain_files={file}", host)
    return all_of(mailer, files(DOVECOT, store, host))
