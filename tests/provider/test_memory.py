"""What a build does about names and ids when all is not as it was: no index, another file, another platform."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mailwright.findings import Finding
from mailwright.provider import build as engine
from mailwright.provider import index
from mailwright.provider.build import Result
from support.provider_folder import TODAY, change, copied, customer


@pytest.fixture
def provider(tmp_path: Path) -> Path:
    return copied(tmp_path)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "build"


def of(result: Result, id_: str) -> list[Finding]:
    return [one for one in result.findings if one.id == id_]


def claiming(folder: Path, domain: str) -> None:
    change(customer(folder, "aaa"), "domains: [aaa.ac.uk]", f"domains: [aaa.ac.uk, {domain}]")


def fresh(out: Path, *without: str) -> None:
    """A checkout of what was built: the index is in no repository."""
    (out / index.FILE).unlink()
    for name in without:
        (out / name).unlink()


@pytest.mark.parametrize("domain", ["valley.ac.uk", "institute.ac.uk"])
def test_without_an_index_the_build_itself_says_who_was_first(provider: Path, out: Path, domain: str) -> None:
    engine.build(provider, out, TODAY)
    fresh(out)
    claiming(provider, domain)
    result = engine.build(provider, out, TODAY)
    assert {one.id for one in of(result, "customer.claimed-twice")} == {"customer.claimed-twice"}
    assert (result.failed, result.unchanged) == (1, 6)
    assert not (out / "shared" / "customers" / "aaa").exists()
    assert '"college"' in (out / "shared" / "customers.json").read_text()
    assert engine.build(provider, out, TODAY).failed == 1  # it stays so with the new index


def test_what_a_customer_is_called_inside_is_remembered_too(provider: Path, out: Path) -> None:
    customer(provider, "bede", "internal_domains: {unix.bede.ac.uk: {published: bede.ac.uk}}\n")
    engine.build(provider, out, TODAY)
    fresh(out)
    claiming(provider, "unix.bede.ac.uk")
    result = engine.build(provider, out, TODAY)
    assert of(result, "customer.claimed-twice")
    assert (result.failed, result.unchanged) == (1, 7)
    assert '"bede"' in (out / "shared" / "customers.json").read_text()


def test_whoever_claims_an_own_hosts_domain_with_hosts_of_its_own_does_not_get_it(
    provider: Path, out: Path
) -> None:
    engine.build(provider, out, TODAY)
    fresh(out)
    text = (provider / "customers" / "institute.yml").read_text()
    (provider / "customers" / "aaa.yml").write_text(
        text.replace("organisation:\n  name: ", "organisation:\n  name: A ")
    )
    result = engine.build(provider, out, TODAY)
    assert of(result, "customer.claimed-twice")
    assert (result.failed, result.unchanged) == (1, 6)


def test_with_no_memory_at_all_nobody_is_guessed_and_that_is_said(provider: Path, out: Path) -> None:
    engine.build(provider, out, TODAY)
    fresh(out, "shared/customers.json")
    claiming(provider, "valley.ac.uk")
    result = engine.build(provider, out, TODAY)
    found = of(result, "customer.claimed-twice")
    assert len(found) == 2
    assert all("No earlier build says whose it was" in one.fix for one in found)
    assert result.failed == 2


def test_a_list_that_is_broken_remembers_nobody_and_ends_no_build(provider: Path, out: Path) -> None:
    engine.build(provider, out, TODAY)
    fresh(out)
    (out / "shared" / "customers.json").write_text("{nonsense")
    claiming(provider, "valley.ac.uk")
    assert engine.build(provider, out, TODAY).failed == 2


def test_an_id_that_changed_with_the_files_name_is_said_and_how_to_keep_it(provider: Path, out: Path) -> None:
    engine.build(provider, out, TODAY)
    (provider / "customers" / "harbour.yml").rename(provider / "customers" / "library.yml")
    result = engine.build(provider, out, TODAY)
    (found,) = of(result, "provider.vanished")
    assert "customers/library.yml has its domains now" in found.message
    assert "`customer: harbour` in customers/library.yml" in found.fix
    file = provider / "customers" / "library.yml"
    file.write_text("customer: harbour\n" + file.read_text())
    result = engine.build(provider, out, TODAY)
    assert of(result, "provider.vanished") == []
    assert result.failed == 0


def test_a_file_that_is_gone_for_good_is_said_as_ever(provider: Path, out: Path) -> None:
    engine.build(provider, out, TODAY)
    (provider / "customers" / "harbour.yml").unlink()
    (found,) = of(engine.build(provider, out, TODAY), "provider.vanished")
    assert "leaving:" in found.fix


def test_a_move_to_another_platform_is_a_warning(provider: Path, out: Path) -> None:
    platforms = provider / "platforms"
    text = (platforms / "shared.yml").read_text()
    for old, new in (
        ("hosting.example", "second.example"),
        ("198.51.100", "203.0.113"),
        ("secrets/", "secrets/two/"),
    ):
        text = text.replace(old, new)
    shutil.copy(platforms / "shared.yml", platforms / "second.yml")
    (platforms / "second.yml").write_text(text)
    change(
        provider / "provider.yml",
        "  shared: platforms/shared.yml",
        "  shared: platforms/shared.yml\n  second: platforms/second.yml",
    )
    engine.build(provider, out, TODAY)
    assert (out / "second").exists()
    change(provider / "customers" / "harbour.yml", "platform: shared", "platform: second")
    (found,) = of(engine.build(provider, out, TODAY), "provider.moved")
    assert "harbour moves from the platform shared to the platform second" in found.message
    assert "docs/providers.md" in found.fix
    assert of(engine.build(provider, out, TODAY), "provider.moved") == []
