"""What lies beneath customers: the program itself, in whatever version of whatever it is made of."""

from __future__ import annotations

import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest

from mailwright.findings import Findings
from mailwright.provider import input_hash
from mailwright.provider.read import read
from support.provider_folder import change


def test_the_same_program_has_one_hash() -> None:
    assert input_hash.program() == input_hash.program()


@pytest.mark.parametrize("library", input_hash.LIBRARIES)
def test_another_version_of_a_library_is_another_program(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = input_hash.program(), metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.0" if name == library else real(name))
    assert input_hash.program() != before


def test_another_python_is_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    before = input_hash.program()
    monkeypatch.setattr(sys, "version", "4.0")
    assert input_hash.program() != before


def test_what_writes_output_is_among_the_libraries() -> None:
    said = [one.lower() for one in metadata.requires("mailwright") or ()]
    needed = {re.split(r"[^a-z0-9-]", one)[0] for one in said if "extra ==" not in one}
    other = {"ansible-core", "click", "dkimpy", "dnspython", "pyspf", "rich"}  # those that apply, ask and show
    assert needed - other <= set(input_hash.LIBRARIES)


PROVIDER = """\
provider: # whoever
  name: Example Hosting
platforms: {shared: platforms/shared.yml}
profiles: {school: profiles/school.yml}
defaults:
  logging: {days: 120} # all of them
limits:
  /logging/days: {maximum: 180, reason: room}
wide_domains: {valley.ac.uk: they know}
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "folder" in request.fixturenames:
        monkeypatch.setattr(input_hash, "program", lambda: b"")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "provider.yml").write_text(PROVIDER)
    (tmp_path / "profiles" / "school.yml").write_text("# of schools\nstore: {quota: 2 GB}\n")
    return tmp_path


def hashed(folder: Path) -> input_hash.InputHashes:
    provider = read(folder, Findings())
    assert provider is not None
    return input_hash.of(provider, {})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# all of them", "# all, since March"),
        ("provider: # whoever", "provider:"),
        ("{days: 120} #", "{days: 120}      #"),
        ("they know", "they signed"),
        ("they know}\n", "they know}\n\n# the end\n"),
    ],
)
def test_what_says_nothing_else_to_customers_is_no_other_input(folder: Path, old: str, new: str) -> None:
    before = hashed(folder)
    change(folder / "provider.yml", old, new)
    assert hashed(folder) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Example Hosting", "Other Hosting"),
        ("  name: Example Hosting\n", "  name: Example Hosting\n  team: [a@hosting.example]\n"),
        ("days: 120", "days: 121"),
        ("days: 120", "days: '120'"),
        ("maximum: 180", "maximum: 181"),
        ("reason: room", "reason: space"),
        ("valley.ac.uk", "hill.ac.uk"),
        ("platforms/shared.yml", "platforms/other.yml"),
        ("{shared: platforms", "{shred: platforms"),
        ("defaults:\n", "# findings name lines\ndefaults:\n"),
        ("  logging: {days: 120}", "  logging:   {days: 120}"),
    ],
)
def test_what_customers_are_made_of_or_told_is_another_input(folder: Path, old: str, new: str) -> None:
    before = hashed(folder)
    change(folder / "provider.yml", old, new)
    assert hashed(folder).every != before.every


def test_a_profile_is_its_values_and_their_places(folder: Path) -> None:
    before, path = hashed(folder), folder / "profiles" / "school.yml"
    path.write_text("# for schools\nstore: {quota: 2 GB} # each\n")
    assert hashed(folder) == before
    for said in ("store: {quota: 2 GB}\n", "# of schools\nstore: {quota: 3 GB}\n"):
        path.write_text(said)
        assert hashed(folder).profiles["school"] != before.profiles["school"]
        assert hashed(folder).every == before.every


def test_what_provider_yml_extends_is_beneath_all(folder: Path) -> None:
    change(folder / "provider.yml", "defaults:\n", "extends: more.yml\ndefaults:\n")
    (folder / "more.yml").write_text("defaults: {store: {quota: 2 GB}}\n")
    before = hashed(folder)
    (folder / "more.yml").write_text("defaults: {store: {quota: 3 GB}}\n")
    assert hashed(folder).every != before.every


def test_the_same_folder_elsewhere_is_the_same_input(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other") / "provider"
    shutil.copytree(folder, other)
    assert hashed(other) == hashed(folder)
