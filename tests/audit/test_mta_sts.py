"""MTA-STS and TLS-RPT: where they are published, they are to be right."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from mailwright.audit import mta_sts, web
from mailwright.audit.model import Context, Observation
from mailwright.findings import Status
from support import dns_peer
from support.authorities import root, server, signed, trust
from support.dns_peer import Answering, Table, serving
from support.probing import site, verdict
from support.web_peer import Serving, answer, https, said

PROBES = {probe.id: probe for probe in mta_sts.PROBES}
MX: Table = {
    ("college.ac.uk.", "MX"): ["10 mail.college.ac.uk."],
    ("chem.college.ac.uk.", "MX"): ["10 mail.college.ac.uk."],
}
RECORD = ("_mta-sts.college.ac.uk.", "TXT")
POLICY: Table = {**MX, RECORD: ['"v=STSv1; id=20260301;"'], ("mta-sts.college.ac.uk.", "A"): ["127.0.0.1"]}
GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mail.college.ac.uk\r\nmax_age: 604800\r\n"

SERVES_IT = answer(GOOD, "text/plain")


@contextmanager
def at(
    table: Table | Answering,
    monkeypatch: pytest.MonkeyPatch,
    serve: Serving = SERVES_IT,
    name: str = "",
) -> Iterator[Context]:
    tls = server(signed(name or "mta-sts.college.ac.uk", root()))
    with site() as (context, _), serving(table, monkeypatch), https(serve, monkeypatch, tls):
        yield replace(context, trust=trust(root()))


def look(context: Context, id_: str = "published.mta-sts") -> tuple[Status, tuple[Observation, ...]]:
    return verdict(PROBES[id_], context)


@pytest.mark.parametrize("id_", PROBES)
def test_where_the_dns_says_that_there_is_none(id_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(MX, monkeypatch) as context:
        found, seen = look(context, id_)
    assert found is Status.PASS
    assert [item.seen for item in seen if not item.twin] == ["none published"] * 2


@pytest.mark.parametrize("id_", PROBES)
@pytest.mark.parametrize(
    "answering", [dns_peer.silent, dns_peer.refusing, dns_peer.garbage, dns_peer.from_table({})]
)
def test_silence_is_no_word_that_there_is_none(
    id_: str, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(answering, monkeypatch) as context:
        found, seen = look(context, id_)
    assert found is Status.NOT_PROVEN, seen


def test_a_policy_that_names_the_mailers(monkeypatch: pytest.MonkeyPatch) -> None:
    for body in (
        GOOD,
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.replace(b"mx: mail.college", b"mx: *.college"),
        GOOD.replace(b"mx:", b"mx: other.example\r\nmx:") + b"future: whatever\r\n",
        b"version: STSv1\nmode: none\nmax_age: 86400\n",
    ):
        with at(POLICY, monkeypatch, answer(body, "text/plain; charset=utf-8")) as context:
            found, seen = look(context)
        assert found is Status.PASS, [item for item in seen if not item.ok]
        assert any("mode" in item.seen for item in seen)


@pytest.mark.parametrize(
    ("serve", "words"),
    [
        (answer(GOOD.replace(b"mail.college", b"old.college"), "text/plain"), "it forgets mail.college.ac.uk."),
        (answer(GOOD.replace(b"mx: mail.college.ac", b"mx: *.ac"), "text/plain"), "it forgets"),
        (answer(GOOD.replace(b"mx: mail.college.ac.uk", b"mx: *.mail.college.ac.uk"), "text/plain"), "it forgets"),
        (answer(GOOD, "text/html"), "text/plain are wanted"),
        (answer(GOOD, "text/plain", "404 Not Found"), "status 200"),
        (answer(GOOD, "text/plain", "301 Moved", "Location: /policy"), "none is followed"),
        (answer(GOOD, "text/plain", "302 Found", "Location: file:///etc/passwd"), "none is followed"),
        (answer(GOOD.replace(b"STSv1", b"STSv2"), "text/plain"), "its version"),
        (answer(GOOD.replace(b"enforce", b"\x1b[31m"), "text/plain"), "its mode"),
        (answer(GOOD.replace(b"604800", b"forever"), "text/plain"), "its max_age"),
        (answer(GOOD.replace(b"604800", b"99999999"), "text/plain"), "its max_age"),
        (answer(GOOD.replace(b"mx: mail", b"mx: **"), "text/plain"), "no name"),
        (answer(GOOD.replace(b"mx: mail.college.ac.uk\r\n", b""), "text/plain"), "no mx"),
        (answer(b"<html>", "text/plain"), "no key and value"),
        (answer(b"x" * 70_000, "text/plain"), "more than"),
        (said(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + GOOD * 9000), "more than"),
    ],
)
def test_a_policy_that_will_not_do(serve: Serving, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(POLICY, monkeypatch, serve) as context:
        found, seen = look(context)
    assert found is Status.FAIL, seen
    (bad,) = [item for item in seen if item.ok is False]
    assert words in bad.seen
    assert "\x1b" not in bad.seen


@pytest.mark.parametrize(
    "records", [['"v=STSv1"'], ['"v=STSv1; id=not good"'], ['"v=STSv1; id=1"', '"v=STSv1; id=2"']]
)
def test_a_record_that_will_not_do(records: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with at({**POLICY, RECORD: records}, monkeypatch) as context:
        assert look(context)[0] is Status.FAIL


def test_a_record_without_a_server_or_with_another_ones_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {key: rows for key, rows in POLICY.items() if key[1] != "A"}
    with at(nowhere, monkeypatch) as context:
        assert look(context)[0] is Status.FAIL
    with at(POLICY, monkeypatch, name="www.college.ac.uk") as context:
        assert look(context)[0] is Status.FAIL


def test_a_server_that_says_nothing_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def silence(secure: ssl.SSLSocket, _path: str) -> None:
        secure.recv(1)

    monkeypatch.setattr(web, "SECONDS", 1.5)
    with at(POLICY, monkeypatch, silence) as context:
        assert look(context)[0] is Status.NOT_PROVEN


def test_other_texts_there_are_nobodys_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    with at({**MX, RECORD: ['"v=STSv10; id=1"', '"hello"']}, monkeypatch) as context:
        assert look(context)[0] is Status.PASS


@pytest.mark.parametrize(
    ("records", "wanted"),
    [
        (['"v=TLSRPTv1; rua=mailto:postmaster@college.ac.uk"'], Status.PASS),
        (['"v=TLSRPTv1;rua=mailto:reports@elsewhere.example,https://reports.example/v1"'], Status.PASS),
        (['"v=TLSRPTv1; rua=mailto:nobody.here@college.ac.uk"'], Status.FAIL),
        (['"v=TLSRPTv1; rua=file:///tmp/x"'], Status.FAIL),
        (['"v=TLSRPTv1; rua=mailto:nobody"'], Status.FAIL),
        (['"v=TLSRPTv1; rua=https://[x"'], Status.FAIL),
        (['"v=TLSRPTv1; rua="'], Status.FAIL),
        (['"v=TLSRPTv1"'], Status.FAIL),
        (['"v=TLSRPTv1; rua=https://a.example/"', '"v=TLSRPTv1; rua=https://b.example/"'], Status.FAIL),
    ],
)
def test_where_reports_go(records: list[str], wanted: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    with at({**MX, ("_smtp._tls.college.ac.uk.", "TXT"): records}, monkeypatch) as context:
        found, seen = look(context, "published.tls-rpt")
    assert found is wanted, seen
