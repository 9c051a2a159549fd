"""The public DKIM key that lies beside a description."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from mailwright.findings import Findings, Place
from mailwright.source.files import content

MAX_BYTES = 16 * 1024
MIN_BITS, MAX_BITS = 2048, 4096  # RFC 8301, 3.2: signers SHOULD use 2048, verifiers need not take more than 4096

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\n(.*)\n-----END PUBLIC KEY-----", re.DOTALL)

_NONE = "holds no public key in PEM form or base64"


def _head(bits: int) -> bytes:
    """What stands before the modulus: the algorithm rsaEncryption (RFC 3279, 2.3.1), and how long each part is."""
    modulus = b"\x02\x82" + (bits // 8 + 1).to_bytes(2, "big") + b"\0"
    key = b"\x30\x82" + (len(modulus) + bits // 8 + len(_EXPONENT)).to_bytes(2, "big") + modulus
    within = bits // 8 + len(_EXPONENT)
    string = b"\x03\x82" + (1 + len(key) + within).to_bytes(2, "big") + b"\0" + key
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    return b"\x30\x82" + (len(algorithm) + len(string) + within).to_bytes(2, "big") + algorithm + string


_EXPONENT = bytes.fromhex("0203010001")  # INTEGER 65537
_HEADS = tuple((bits, _head(bits)) for bits in (2048, 3072, 4096))


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
    if "PRIVATE KEY" in text:
        raise ValueError("holds a private key: it must hold the public one, and the private one must not lie here")
    text = text.replace("\r\n", "\n").strip()
    match = _PEM.fullmatch(text)
    body = "".join((match[1] if match else text).split())
    try:
        der = base64.b64decode(body, validate=True)
    except ValueError:
        raise ValueError(_NONE) from None
    if not _is_usual(der):
        _see(der)
    return base64.b64encode(der).decode()


def _is_usual(der: bytes) -> bool:
    """Whether it is, octet for octet, a SubjectPublicKeyInfo (RFC 5280, 4.1) of an odd RSA modulus of 2048, 3072 or
    4096 bits, and of the exponent 65537, as nearly all are: to load what else there may be takes longer than to
    read the rest of a description."""
    return any(
        len(der) == len(head) + bits // 8 + len(_EXPONENT)
        and der.startswith(head)
        and der.endswith(_EXPONENT)
        and der[len(head)] >= 0x80  # the first octet of the modulus, and its last
        and der[-len(_EXPONENT) - 1] % 2 == 1
        for bits, head in _HEADS
    )


def _see(der: bytes) -> None:
    """Raises ValueError with the reason where it is no key that can be used."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(_NONE) from None
    if not isinstance(key, RSAPublicKey):
        raise ValueError("holds a key that is not RSA: few receivers verify others")
    if not MIN_BITS <= key.key_size <= MAX_BITS:
        raise ValueError(f"holds a key of {key.key_size} bits: use {MIN_BITS} to {MAX_BITS}")
