"""The description in the project of a customer with hosts of its own: whole, and of this customer alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright import build as builder
from mailwright.build import inputs as described
from mailwright.findings import Level
from mailwright.plan import make
from mailwright.provider.build import build
from mailwright.requirements.evaluate import evaluate
from mailwright.site.read import read
from support.provider_folder import TODAY, change, copied


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(tmp_path)


def built(folder: Path, out: Path) -> Path:
    result = build(folder, out, TODAY, jobs=1)
    assert result.failed == 0, [str(one) for one in result.findings if "institute" in one.customers]
    return out / "institute.ac.uk"


def test_it_is_a_description_by_itself_of_which_the_same_hosts_are_built(folder: Path, tmp_path: Path) -> None:
    project = built(folder, tmp_path / "build")
    file = project / "description" / "site.yml"
    reading = read(file)
    assert reading.site is not None, reading.findings
    assert not [one for one in evaluate(reading.site, TODAY) if one.fails and one.level is Level.MUST]
    again = builder.project(reading.site, make(reading.site), (), described.of(reading, file.parent))
    for path in project.rglob("*"):
        name = path.relative_to(project).as_posix()
        if name.startswith(("hosts/", "dns/", "inventory/")) and path.is_file():
            assert again[name].data == path.read_bytes(), name


def test_nothing_of_the_provider_or_of_others_is_in_it(folder: Path, tmp_path: Path) -> None:
    text = "".join(
        path.read_text()
        for path in (built(folder, tmp_path / "build") / "description").rglob("*")
        if path.is_file()
    )
    for word in (
        "profiles:",
        "limits",
        "agreed with operations",
        "Valley",
        "hill.sch.uk",
        "customer:",
        "mail.hosting.example",
    ):
        assert word not in text, word
    assert "days: 100" in text  # its own, over the provider's 92
    assert "days: 92" not in text


def test_files_are_called_as_they_lie_beside_it(folder: Path, tmp_path: Path) -> None:
    own = folder / "customers" / "institute"
    own.mkdir()
    (own / "people.csv").write_text(
        "login,name,address\nobrand,Olga Brand,Olga.Brand@institute.ac.uk\n"
        "pmaas,Piet Maas,Piet.Maas@institute.ac.uk\n"
    )
    (own / "base.yml").write_text("people: people.csv\n")
    file = folder / "customers" / "institute.yml"
    lines = file.read_text().splitlines()
    start = lines.index("people:")
    file.write_text("\n".join([*lines[:start], *lines[start + 3 :], "extends: institute/base.yml", ""]))
    project = built(folder, tmp_path / "build")
    description = project / "description"
    assert (description / "institute" / "people.csv").read_bytes() == (own / "people.csv").read_bytes()
    assert sorted(path.name for path in description.rglob("*.yml")) == ["site.yml"]
    found = read(description / "site.yml").site
    assert found is not None
    assert [person.login for person in found.people] == ["obrand", "pmaas"]


def test_a_layer_that_changes_is_a_change_of_it(folder: Path, tmp_path: Path) -> None:
    before = (built(folder, tmp_path / "build") / "description" / "site.yml").read_text()
    change(folder / "profiles" / "college.yml", "quota: 5 GB", "quota: 6 GB")
    after = (built(folder, tmp_path / "build") / "description" / "site.yml").read_text()
    assert before.replace('quota: "5 GB"', 'quota: "6 GB"') == after != before
