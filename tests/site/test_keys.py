from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)

from mailwright.findings import Findings, Place
from mailwright.site import keys
from mailwright.site.keys import encoded, public_key
from support.example import EXAMPLE

NAMED = Place("site.yml", 9, 9)
PEM = (EXAMPLE.parent / "dkim.pub").read_text()


def test_pem() -> None:
    key = load_der_public_key(base64.b64decode(encoded(PEM)))
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048


def test_forms_of_the_same_key() -> None:
    body = encoded(PEM)
    assert encoded(body) == encoded(body + "\n") == encoded(PEM.replace("\n", "\r\n")) == body
    assert encoded("\n" + PEM + "\n") == body


def _pem(key: rsa.RSAPublicKey | ed25519.Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


SMALL = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused


def _private(format_: PrivateFormat) -> str:
    return SMALL.private_bytes(Encoding.PEM, format_, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no public key"),
        ("hello", "no public key"),
        (PEM[:200], "no public key"),
        (PEM + PEM, "no public key"),
        (PEM.replace("PUBLIC KEY", "CERTIFICATE"), "no public key"),
        (PEM.replace("MII", "AAA", 1), "no public key"),
        (_pem(SMALL.public_key()), "1024 bits"),
        (_pem(ed25519.Ed25519PrivateKey.generate().public_key()), "not RSA"),
        (SMALL.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), "private key"),
        (
            SMALL.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
            "private key",
        ),
    ],
)
def test_what_is_no_public_key(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        encoded(text)


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"hello", b"x" * 100_000])
def test_a_file_that_holds_none(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "k").write_bytes(raw)
    findings = Findings()
    assert public_key(tmp_path / "k", findings, NAMED) is None
    assert [finding.where for finding in findings.items] == [NAMED]
    assert raw.decode(errors="replace") not in findings.items[0].message


def test_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "k")
    findings = Findings()
    assert public_key(tmp_path / "k", findings, NAMED) is None
    assert [finding.id for finding in findings.items] == ["source.not-a-file"]


def test_the_example_s_key(tmp_path: Path) -> None:
    findings = Findings()
    assert public_key(EXAMPLE.parent / "dkim.pub", findings, NAMED) == encoded(PEM)
    assert findings.items == []


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_usual_keys_need_no_library(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = _pem(rsa.generate_private_key(65537, bits).public_key())
    asked: list[bytes] = []
    monkeypatch.setattr(keys, "_see", asked.append)
    assert base64.b64decode(encoded(pem)) == base64.b64decode("".join(pem.splitlines()[1:-1]))
    assert not asked


@pytest.mark.parametrize(
    ("at", "octet"), [(1, 0x83), (18, 0x02), (20, 0), (32, 0x01), (33, 0x70), (-6, 0x42), (-1, 0x02), (-3, 2)]
)
def test_any_other_octet_is_looked_at_by_the_library(at: int, octet: int, monkeypatch: pytest.MonkeyPatch) -> None:
    der = bytearray(base64.b64decode(encoded(PEM)))
    asked: list[bytes] = []
    monkeypatch.setattr(keys, "_see", asked.append)
    assert der[at] != octet
    der[at] = octet
    encoded(base64.b64encode(der).decode())
    assert asked == [bytes(der)]


def test_what_is_left_over_or_missing_is_looked_at_by_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    der = base64.b64decode(encoded(PEM))
    asked: list[bytes] = []
    monkeypatch.setattr(keys, "_see", asked.append)
    for other in (der + b"\0", der[:-1], der[:100]):
        encoded(base64.b64encode(other).decode())
    assert len(asked) == 3
