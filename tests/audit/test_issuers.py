"""TLSA and CAA against the certificates that are served."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailwright.audit import issuers
from mailwright.audit.model import Context, Observation
from mailwright.findings import Status
from mailwright.plan.model import Listener
from support import dns_peer
from support.authorities import Signed, intermediate, root, server, signed, trust
from support.dns_peer import Answering, Table, serving
from support.mail_peer import listening
from support.probing import HOST, site, verdict

PROBES = {probe.id: probe for probe in issuers.PROBES}
MX: Table = {("college.ac.uk.", "MX"): ["10 mail.college.ac.uk."]}


@cache
def own() -> Signed:
    return signed(HOST, intermediate())


@contextmanager
def at(
    monkeypatch: pytest.MonkeyPatch,
    answering: Answering | None = None,
    *,
    tlsa: list[str] | None = None,
    caa: list[str] | None = None,
    proven: bool = True,
) -> Iterator[Context]:
    """A site with IMAP alone, whose port has these TLSA records and whose domain these CAA records.

    proven  the resolver says that DNSSEC proves all
    """
    tls = server(own(), intermediate())

    def serve(connection: socket.socket) -> None:
        with tls.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1)

    with site() as (context, _), listening(serve) as port:
        table = dict(MX)
        if tlsa is not None:
            table[f"_{port}._tcp.{HOST}.", "TLSA"] = tlsa
        if caa is not None:
            table["college.ac.uk.", "CAA"] = caa
        with serving(answering or (dns_peer.secure(table) if proven else table), monkeypatch):
            row = Listener(HOST, port, "imaps", "implicit", True, context.plan.listeners[0].because)
            plan = replace(context.plan, listeners=(row,))
            yield replace(context, plan=plan, trust=trust(root()), patience=2.0)


def look(context: Context, id_: str) -> tuple[Status, tuple[Observation, ...]]:
    return verdict(PROBES[id_], context)


def key_of(one: Signed) -> bytes:
    return one.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


@pytest.mark.parametrize("id_", PROBES)
def test_where_the_dns_says_that_there_is_none(id_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(monkeypatch, proven=False) as context:
        found, seen = look(context, id_)
    assert found is Status.PASS, seen
    assert [item.seen for item in seen if not item.twin] == ["none published"]


@pytest.mark.parametrize("id_", PROBES)
@pytest.mark.parametrize("answering", [dns_peer.silent, dns_peer.refusing, dns_peer.from_table({})])
def test_silence_is_no_word_that_there_is_none(
    id_: str, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(monkeypatch, answering) as context:
        try:
            found, _ = look(context, id_)
        except OSError:  # which the runner takes for what it is
            return
    assert found is Status.NOT_PROVEN


def records() -> dict[str, str]:
    return {
        "its key": f"3 1 1 {sha256(key_of(own()))}",
        "its certificate": f"3 0 1 {sha256(own().der)}",
        "its key by SHA-512": f"3 1 2 {hashlib.sha512(key_of(own())).hexdigest()}",
        "its whole key": f"3 1 0 {key_of(own()).hex()}",
        "its authority": f"2 1 1 {sha256(key_of(intermediate()))}",
        "as PKIX": f"1 1 1 {sha256(key_of(own()))}",
    }


@pytest.mark.parametrize("which", records())
def test_a_record_that_matches(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(monkeypatch, tlsa=[records()[which]]) as context:
        found, seen = look(context, "published.tlsa")
    assert found is Status.PASS, [item for item in seen if not item.ok]


def test_one_of_two_matches_while_keys_are_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(monkeypatch, tlsa=[records()["its key"], f"3 1 1 {'00' * 32}"]) as context:
        assert look(context, "published.tlsa")[0] is Status.PASS


@pytest.mark.parametrize(
    "record",
    [
        f"3 1 1 {'00' * 32}",
        f"2 1 1 {sha256(key_of(own()))}",
        f"3 1 1 {sha256(key_of(intermediate()))}",
        f"3 0 1 {sha256(key_of(own()))}",
        f"9 1 1 {sha256(key_of(own()))}",
        f"3 7 1 {sha256(key_of(own()))}",
        f"3 1 9 {sha256(key_of(own()))}",
    ],
    ids=[
        "other key",
        "own key as authority",
        "authority as own",
        "key as certificate",
        "usage",
        "selector",
        "matching",
    ],
)
def test_a_record_that_does_not_match(record: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(monkeypatch, tlsa=[record]) as context:
        assert look(context, "published.tlsa")[0] is Status.FAIL


def test_without_dnssec_nothing_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    with at(monkeypatch, tlsa=[records()["its key"]], proven=False) as context:
        found, seen = look(context, "published.tlsa")
    assert found is Status.NOT_PROVEN
    assert any("DNSSEC" in item.what and item.ok is None for item in seen)


def test_usages_that_bind_no_mailer() -> None:
    pin = issuers._Pin(1, 0, 0, own().der)
    assert issuers._matches(pin, (own().der,), smtp=False)
    assert not issuers._matches(pin, (own().der,), smtp=True)


@pytest.mark.parametrize(
    ("rows", "wanted", "words"),
    [
        (['0 issue "letsencrypt.org"'], Status.PASS, "may issue"),
        (
            ['0 issue "LetsEncrypt.org; validationmethods=dns-01"', '0 iodef "mailto:x@y.example"'],
            Status.PASS,
            "may",
        ),
        (['0 issue "digicert.com"', '0 issue "letsencrypt.org"'], Status.PASS, "may issue"),
        (['0 iodef "mailto:x@y.example"'], Status.PASS, "nothing is said"),
        (['0 issue "digicert.com"'], Status.FAIL, "may not issue"),
        (['0 issue "notletsencrypt.org"'], Status.FAIL, "may not issue"),
        (['0 issue ";"'], Status.FAIL, "nobody may issue"),
        (['128 future "x"', '0 issue "letsencrypt.org"'], Status.FAIL, "critical"),
    ],
)
def test_who_may_issue(rows: list[str], wanted: Status, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(monkeypatch, caa=rows) as context:
        found, seen = look(context, "published.caa")
    assert found is wanted, seen
    assert any(words in item.seen for item in seen)


def test_an_authority_that_cannot_be_told_proves_nothing() -> None:
    other = signed(HOST, signed("Some CA", authority=True, organisation="Some CA Ltd"))
    assert issuers._judged(('0 issue "some.example"',), other.certificate)[0] is None
    assert issuers._judged(('0 issue ";"',), other.certificate)[0] is False
