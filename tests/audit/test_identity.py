"""What the Internet sees of a site: the records of those address families, and the signatures, that it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from mailwright.audit import identity
from mailwright.audit.model import Context, Observation
from mailwright.plan.model import Record
from support.dns_peer import Table, serving
from support.mail_peer import Faults
from support.probing import HOST, site

NAME: Table = {(f"{HOST}.", "A"): ["127.0.0.1"]}


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
