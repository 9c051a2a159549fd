"""The public DKIM key that lies beside a description."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

from mailwright.findings import Findings, Place
from mailwright.source.files import content

MAX_BYTES = 16 * 1024
MIN_BITS, MAX_BITS = 2048, 4096  # RFC 8301, 3.2: signers SHOULD use 2048, verifiers need not take more than 4096

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\n(.*)\n-----END PUBLIC KEY-----", re.DOTALL)


def public_key(path: Path, findings: Findings, where: Place) -> str | None:
    """base64 of the key's SubjectPublicKeyInfo (RFC 6376, 3.6.1), from PEM or bare base64; or a finding."""
    raw = content(path, MAX_BYTES, findings, where)
    if raw is None:
        return None
    try:
        return encoded(raw.decode("ascii"))
    except UnicodeDecodeError:
        findings.error("site.dkim-key", f"{path} holds no public key in PEM form", where)
    except ValueError as error:
        findings.error("site.dkim-key", f"{path} {error}", where, "`mailwright dkim-key` makes a pair.")
    return None


def encoded(text: str) -> str:
    """The base64 of a public RSA key given as PEM or bare base64. Raises ValueError with the reason."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    if "PRIVATE KEY" in text:
        raise ValueError("holds a private key: it must hold the public one, and the private one must not lie here")
    text = text.replace("\r\n", "\n").strip()
    match = _PEM.fullmatch(text)
    body = "".join((match[1] if match else text).split())
    try:
        der = base64.b64decode(body, validate=True)
        key = load_der_public_key(der)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise ValueError("holds no public key in PEM form or base64") from None
    if not isinstance(key, RSAPublicKey):
        raise ValueError("holds a key that is not RSA: few receivers verify others")
    if not MIN_BITS <= key.key_size <= MAX_BITS:
        raise ValueError(f"holds a key of {key.key_size} bits: use {MIN_BITS} to {MAX_BITS}")
    return base64.b64encode(der).decode()
