"""What is nobody's, or many others', is no customer's domain; and no two customers sign with one key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mailwright.findings import Finding, Findings
from mailwright.provider import build as engine
from mailwright.provider.read import read
from mailwright.provider.suffixes import is_public
from mailwright.provider.survey import survey
from support.provider_folder import TODAY, change, copied, customer, judged, line_of

APPROVED = "wide_domains: {{{}: agreed with all of them}}\n"


def failing(findings: tuple[Finding, ...], id_: str) -> list[str]:
    return sorted(Path(one.where.file).stem for one in findings if one.id == id_ and one.where and one.fails)


def approve(folder: Path, domain: str) -> None:
    with (folder / "provider.yml").open("a") as file:
        file.write(APPROVED.format(domain))


@pytest.mark.parametrize("name", ["ac.uk", "gov.uk", "co.uk", "github.io", "xn--55qx5d.cn"])
def test_names_below_which_many_register_are_public(name: str) -> None:
    assert is_public(name)


@pytest.mark.parametrize("name", ["valley.ac.uk", "hill.sch.uk", "hosting.example", "institute.org.uk"])
def test_names_of_organisations_are_not(name: str) -> None:
    assert not is_public(name)


def test_a_public_suffix_is_a_fault_at_its_line_unless_the_provider_knows(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "evil")
    change(path, "domains: [evil.ac.uk]", "domains:\n  - evil.ac.uk\n  - {name: gov.uk, facilities: [dns]}")
    (found,) = [one for one in judged(path).findings if one.id == "customer.public-suffix"]
    assert found.where is not None
    assert found.where.line == line_of(path, "gov.uk")
    assert judged(path).status == 2
    approve(folder, "gov.uk")
    assert [one for one in judged(path).findings if one.id == "customer.public-suffix"] == []


def test_what_the_provider_knows_are_domains(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    approve(folder, "not_a_domain")
    findings = Findings()
    read(folder, findings)
    assert findings.unusable


def test_a_newcomer_above_others_is_refused_and_they_stay(tmp_path: Path) -> None:
    folder, out = copied(tmp_path), tmp_path / "build"
    change(customer(folder, "bede"), "domains: [bede.ac.uk]", "domains: [bede.ac.uk, bede.wide.ac.uk]")
    engine.build(folder, out, TODAY)
    change(customer(folder, "evil"), "domains: [evil.ac.uk]", "domains: [evil.ac.uk, wide.ac.uk]")
    result = engine.build(folder, out, TODAY)
    assert failing(result.findings, "customer.above-another") == ["evil"]
    assert not (out / "shared" / "customers" / "evil").exists()
    assert (out / "shared" / "customers" / "bede").exists()
    assert failing(survey(folder, TODAY).findings, "customer.above-another") == ["evil"]
    approve(folder, "wide.ac.uk")
    assert failing(engine.build(folder, out, TODAY).findings, "customer.above-another") == []
    assert (out / "shared" / "customers" / "evil").exists()


def test_whoever_was_above_first_keeps_its_build(tmp_path: Path) -> None:
    folder, out = copied(tmp_path), tmp_path / "build"
    engine.build(folder, out, TODAY)
    change(customer(folder, "evil"), "domains: [evil.ac.uk]", "domains: [evil.ac.uk, evil.valley.ac.uk]")
    result = engine.build(folder, out, TODAY)
    assert result.failed == 0
    assert failing(result.findings, "customer.above-another") == ["college"]  # the provider is to look at it


def test_what_is_said_of_names_is_said_by_each_build_until_it_is_mended(tmp_path: Path) -> None:
    """Of names that stay as they are nothing is worked out again: only where nothing was to be said of them."""
    folder, out = copied(tmp_path), tmp_path / "build"
    approve(folder, "wide.ac.uk")
    change(customer(folder, "bede"), "domains: [bede.ac.uk]", "domains: [bede.ac.uk, bede.wide.ac.uk]")
    change(customer(folder, "evil"), "domains: [evil.ac.uk]", "domains: [evil.ac.uk, wide.ac.uk]")
    assert failing(engine.build(folder, out, TODAY).findings, "customer.above-another") == []
    change(folder / "provider.yml", APPROVED.format("wide.ac.uk"), "")
    for _again in range(2):
        assert failing(engine.build(folder, out, TODAY).findings, "customer.above-another") == ["evil"]
    approve(folder, "wide.ac.uk")
    for _again in range(2):
        assert failing(engine.build(folder, out, TODAY).findings, "customer.above-another") == []


def test_a_key_of_another_is_refused_by_check_and_build(tmp_path: Path) -> None:
    folder, out = copied(tmp_path), tmp_path / "build"
    engine.build(folder, out, TODAY)
    customer(
        folder, "evil", "dkim: {selector: e1, public_key: evil/dkim.pub, private_key: secrets/evil/dkim.key}\n"
    )
    (folder / "customers" / "evil").mkdir()
    shutil.copy(folder / "customers" / "college" / "dkim.pub", folder / "customers" / "evil" / "dkim.pub")
    for _again in range(2):
        result = engine.build(folder, out, TODAY)
        assert failing(result.findings, "customer.same-key") == ["college", "evil"]
        assert not (out / "shared" / "customers" / "evil").exists()
        assert (out / "shared" / "customers" / "college").exists()
    assert failing(survey(folder, TODAY).findings, "customer.same-key") == ["college", "evil"]
