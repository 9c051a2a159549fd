"""A pair of keys for DKIM (RFC 6376; RFC 8301: RSA with 2048 bits)."""

from __future__ import annotations

import os
from pathlib import Path

BITS = 2048


def make(private: Path, public: Path) -> None:
    """Writes a new pair as PEM: ``private`` (PKCS #8) with mode 0600, ``public`` with 0644. Folders are made.

    Raises FileExistsError when either is there already, OSError; then neither is left behind.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    if os.path.lexists(public):
        raise FileExistsError(17, "File exists", str(public))
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    open_part = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(private, secret, 0o600)
    try:
        public.parent.mkdir(parents=True, exist_ok=True)
        _write(public, open_part, 0o644)
    except OSError:
        private.unlink()
        raise


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
