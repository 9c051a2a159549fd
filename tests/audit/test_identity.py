"""What the Internet sees of a site: the records of those address families, and the signatures, that it has."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailwright.audit import identity
from mailwright.audit.model import Context, Observation
from mailwright.findings import Status
from mailwright.plan.model import Record
from support.dns_peer import Table, serving
from support.mail_peer import Faults
from support.probing import HOST, site, verdict

PROBES = {probe.id: probe for probe in identity.PROBES}
NAME: Table = {(f"{HOST}.", "A"): ["127.0.0.1"]}


def keypair_record(bits: int) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    octets = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(octets).decode()}"


@contextmanager
def with_records(choose: Callable[[Record], bool], faults: Faults | None = None) -> Iterator[Context]:
    """The peers' site, whose host has 127.0.0.1 and no more, with those of its records that are chosen."""
    with site(faults) as (context, _):
        records = tuple(
            replace(row, value="127.0.0.1") if row.type == "A" else row
            for row in context.plan.records
            if choose(row)
        )
        yield replace(context, plan=replace(context.plan, records=records))


def faults_of(seen: tuple[Observation, ...]) -> list[str]:
    return [f"{item.what}: {item.seen}" for item in seen if not item.ok]


def test_a_site_of_one_family_wants_no_records_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(NAME, monkeypatch), with_records(lambda row: row.type == "A") as context:
        seen = tuple(identity.forward(context))
    assert [item.what for item in seen[:-1]] == [f"{HOST}. A"]
    assert not faults_of(seen)


def test_a_family_that_the_site_has_wants_its_records(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(NAME, monkeypatch), with_records(lambda row: row.type == "AAAA") as context:
        seen = tuple(identity.forward(context))
    assert faults_of(seen) == ["A records: the plan has none"]


def test_a_site_that_does_not_sign_sends_without_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    unsigned = Faults(adds="")
    with serving(NAME, monkeypatch), with_records(lambda row: "DKIM" not in row.value, unsigned) as context:
        seen = tuple(identity.signature(context))
    assert len(seen) == len(context.plan.settings.domains)
    assert not faults_of(seen)
    signs = Faults(adds="DKIM-Signature: v=1; d=college.ac.uk; s=old; b=AAAA")
    with serving(NAME, monkeypatch), with_records(lambda row: "DKIM" not in row.value, signs) as context:
        assert all("d=college.ac.uk" in text for text in faults_of(tuple(identity.signature(context))))
        assert faults_of(tuple(identity.signature(context)))


def test_a_site_that_signs_does_not_send_without_a_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {("mail2026._domainkey.college.ac.uk.", "TXT"): ['"v=DKIM1; k=rsa; p=AAAA"']}
    with serving(table, monkeypatch), with_records(lambda row: "DKIM" in row.value) as context:
        seen = tuple(identity.signature(context))
    assert any("no DKIM-Signature: line" in text for text in faults_of(seen))


DKIM = "mail2026._domainkey.college.ac.uk."
RSA_2048 = keypair_record(2048)


@pytest.mark.parametrize(
    ("record", "wanted", "words"),
    [
        (RSA_2048, Status.PASS, "2048 bits"),
        (RSA_2048.replace("v=DKIM1; ", ""), Status.PASS, "2048 bits"),
        ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", Status.PASS, "Ed25519"),
        (keypair_record(1024), Status.FAIL, "1024 bits"),
        ("v=DKIM1; p=", Status.FAIL, "revoked"),
        ("v=DKIM1; p=AAAA", Status.FAIL, "cannot be read"),
        ("v=DKIM1; p=!!!!", Status.FAIL, "cannot be read"),
        ("v=DKIM1; k=ed25519; p=AAAA", Status.FAIL, "3 octets"),
        ("v=DKIM1; k=x; " + RSA_2048.partition("; ")[2].partition("; ")[2], Status.FAIL, "another kind"),
        ("nothing of the kind", Status.FAIL, "cannot be read"),
        ("", Status.FAIL, "no such record"),
    ],
    ids=range(11),
)
def test_the_signing_key(record: str, wanted: Status, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quoted = " ".join(f'"{record[at : at + 200]}"' for at in range(0, len(record), 200))
    table: dict[tuple[str, str], list[str]] = {(DKIM, "TXT"): [quoted]} if record else {(DKIM, "A"): ["127.0.0.1"]}
    with serving(table, monkeypatch), with_records(lambda row: row.owner == DKIM) as context:
        found, seen = verdict(PROBES["identity.dkim-key"], context)
    assert found is wanted, seen
    assert words in seen[0].seen


def test_two_keys_under_one_selector(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {(DKIM, "TXT"): ['"v=DKIM1; p=AAAA"', '"v=DKIM1; p=BBBB"']}
    with serving(table, monkeypatch), with_records(lambda row: row.owner == DKIM) as context:
        assert verdict(PROBES["identity.dkim-key"], context)[0] is Status.FAIL


def test_a_site_that_does_not_sign_is_not_asked_for_a_key() -> None:
    condition = PROBES["identity.dkim-key"].only
    assert condition is not None
    with with_records(lambda _: True) as context:
        assert condition.holds(context.plan)
    with with_records(lambda row: "DKIM" not in row.value) as context:
        assert not condition.holds(context.plan)


SPF = {
    ("college.ac.uk.", "TXT"): ['"v=spf1 ip4:127.0.0.1 -all"'],
    ("chem.college.ac.uk.", "TXT"): ['"v=spf1 include:college.ac.uk -all"'],
    (f"{HOST}.", "TXT"): ['"v=spf1 a -all"'],
    **NAME,
}


def test_spf_that_covers_and_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(SPF, monkeypatch), with_records(lambda _: True) as context:
        for id_ in ("identity.spf-cost", "identity.spf-cover"):
            found, seen = verdict(PROBES[id_], context)
            assert found is Status.PASS, faults_of(seen)
            assert len(seen) == 3, "two domains and the mailer's own name"


@pytest.mark.parametrize(
    ("owner", "records", "cost", "cover"),
    [
        ("chem.college.ac.uk.", ['"v=spf1 ip4:198.51.100.25 -all"'], Status.PASS, Status.FAIL),
        ("chem.college.ac.uk.", ['"v=spf1 ip4:127.0.0.1 -all"', '"v=spf1 -all"'], Status.FAIL, Status.FAIL),
        (
            "chem.college.ac.uk.",
            ['"v=spf1 ip4:127.0.0.1 ' + "a:x.college.ac.uk " * 3 + '-all"'],
            Status.FAIL,
            Status.PASS,
        ),
        (f"{HOST}.", ['"something=else"'], Status.FAIL, Status.FAIL),
    ],
)
def test_spf_that_does_not(
    owner: str, records: list[str], cost: Status, cover: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving({**SPF, (owner, "TXT"): records}, monkeypatch), with_records(lambda _: True) as context:
        assert verdict(PROBES["identity.spf-cost"], context)[0] is cost
        assert verdict(PROBES["identity.spf-cover"], context)[0] is cover


def test_spf_that_cannot_be_asked_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asks_further = {**SPF, ("chem.college.ac.uk.", "TXT"): ['"v=spf1 include:x.broken -all"']}
    with serving(asks_further, monkeypatch), with_records(lambda _: True) as context:
        for id_ in ("identity.spf-cost", "identity.spf-cover"):
            assert verdict(PROBES[id_], context)[0] is Status.NOT_PROVEN


@pytest.mark.parametrize(
    ("names_", "addresses", "wanted"),
    [
        ([f"{HOST}."], ["127.0.0.1"], True),
        ([f"{HOST}."], ["127.0.0.1", "127.0.0.2"], True),
        ([f"{HOST}."], ["127.0.0.2"], False),
        ([f"{HOST}."], [], False),
        ([f"{HOST}.", "old.college.ac.uk."], ["127.0.0.1"], False),
        ([], ["127.0.0.1"], False),
    ],
)
def test_the_name_of_an_address_leads_to_it_again(
    names_: list[str], addresses: list[str], wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {("1.0.0.127.in-addr.arpa.", "PTR"): names_, (f"{HOST}.", "A"): addresses}
    with (
        serving({key: rows for key, rows in table.items() if rows}, monkeypatch),
        with_records(lambda _: True) as context,
    ):
        seen = tuple(identity.reverse(context))
    (confirmed,) = [item for item in seen if item.what == "addresses of the name of 127.0.0.1"]
    assert confirmed.ok is wanted, confirmed.seen
