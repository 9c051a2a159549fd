"""What a rehearsal uses in place of the site's secrets: made for one run, in memory until the lab has a folder."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from mailwright.audit.model import Account
from mailwright.keypair import BITS
from mailwright.plan.model import Plan
from mailwright.records import dataclass
from mailwright.rehearsal.neighbours import Neighbour, neighbours
from mailwright.site.model import Site

_LIFE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A private authority with a certificate for each host, a password for each login, and a DKIM key.

    files  name → content, all of them secret: what ``write`` puts into a folder
    """

    accounts: tuple[Account, ...]
    dkim_public_key: str  # as in a DKIM record (RFC 6376, 3.6.1)
    files: Mapping[str, bytes] = field(repr=False)

    def write(self, folder: Path) -> None:
        """Put the files into ``folder``, which is made, for root alone."""
        folder.mkdir(mode=0o700)
        for name, content in self.files.items():
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)


AUTHORITY = "authority.pem"
PASSWORDS = "passwords"
DKIM_KEY = "dkim.key"
SMARTHOST = "smarthost"
DIRECTORY = "directory"


def variables(folder: Path) -> dict[str, str]:
    """Ansible variables that name the files in ``folder`` in place of the site's own."""
    return {
        "tls_certificate": f"{folder}/{{{{ inventory_hostname }}}}.pem",
        "tls_key": f"{folder}/{{{{ inventory_hostname }}}}.key",
        "dovecot_passwords": f"{folder}/{PASSWORDS}",
        "dkim_private_key": f"{folder}/{DKIM_KEY}",
        "postfix_smarthost_password": f"{folder}/{SMARTHOST}",
        "postfix_directory_password": f"{folder}/{DIRECTORY}",
        "dovecot_directory_password": f"{folder}/{DIRECTORY}",
        "webmail_directory_password": f"{folder}/{DIRECTORY}",
        "mailman_directory_password": f"{folder}/{DIRECTORY}",
    }


def of_neighbour(files: Mapping[str, bytes], one: Neighbour) -> dict[str, bytes]:
    """What a neighbour is to have of a run's files, under the names that it looks for; the key comes last."""
    password = {"password": files[SMARTHOST]} if one.kind == "smarthost" else {}
    return {
        **password,
        "authority.pem": files[AUTHORITY],
        "certificate.pem": files[f"{one.name}.pem"],
        "key.pem": files[f"{one.name}.key"],
    }


def make(plan: Plan) -> Credentials:
    """New credentials for all that the plan names."""
    own = of_people(plan)
    files = {
        **own.files,
        SMARTHOST: f"{secrets.token_urlsafe(15)}\n".encode("ascii"),
        # With signs that mean something in the files that it is put into.
        DIRECTORY: f'{secrets.token_urlsafe(15)}"$x{{}}#\\ %s\n'.encode("ascii"),
    }
    return replace(own, files=files | _certificates(plan))


def of_people(plan: Plan) -> Credentials:
    """Passwords for the plan's logins and a DKIM key: all that a customer on others' hosts has of its own."""
    logins = sorted({row.login for row in plan.mailboxes} | {row.login for row in plan.senders})
    published = {route.targets[0]: route.address for route in plan.routes if route.kind == "mailbox"}
    accounts = tuple(Account(login, secrets.token_urlsafe(15), published.get(login, "")) for login in logins)
    dkim = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    public = dkim.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    files = {
        PASSWORDS: "".join(f"{one.login}:{_hashed(one.password)}\n" for one in accounts).encode("ascii"),
        DKIM_KEY: _pem(dkim),
    }
    return Credentials(accounts, base64.b64encode(public).decode("ascii"), files)


def with_key(site: Site, credentials: Credentials) -> Site:
    """The site with the DKIM key of the run: the one thing in which a rehearsed build differs."""
    if site.dkim is None:
        return site
    return replace(site, dkim=replace(site.dkim, public_key=credentials.dkim_public_key))


def _hashed(password: str) -> str:
    """Dovecot's SSHA512: quick to make, and passwords of 120 random bits need no slow hash."""
    salt = secrets.token_bytes(8)
    digest = hashlib.sha512(password.encode("ascii") + salt).digest()
    return "{SSHA512}" + base64.b64encode(digest + salt).decode("ascii")


def _certificates(plan: Plan) -> dict[str, bytes]:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _signed("Rehearsal authority", None, authority_key, None)
    files = {AUTHORITY: authority.public_bytes(Encoding.PEM)}
    others = {
        host.name: tuple(dict.fromkeys(row.name for row in plan.web if row.host == host.name != row.name))
        for host in plan.hosts
    }
    for name in (*others, *(one.name for one in neighbours(plan))):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(name, key, authority_key, authority, others.get(name, ()))
        files[f"{name}.pem"] = certificate.public_bytes(Encoding.PEM)
        files[f"{name}.key"] = _pem(key)
    return files


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey | None,
    authority_key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate | None,
    others: Iterable[str] = (),
) -> x509.Certificate:
    """A certificate for ``name`` and ``others`` from the authority; the authority's own where there is none yet."""
    # A common name has 64 characters at the most (RFC 5280, A.1); names are looked for in the SAN.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    public = (key or authority_key).public_key()
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.subject if authority else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
    )
    if authority is None:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    else:
        names = x509.SubjectAlternativeName([x509.DNSName(each) for each in (name, *others)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
