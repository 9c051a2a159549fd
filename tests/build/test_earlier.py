"""A build that was written is read back, and what became of it since is told."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailwright import __version__
from mailwright.build.earlier import Earlier, EarlierError, read
from mailwright.build.tree import PERSONAL, PLAN
from mailwright.build.writer import write
from mailwright.plan import make
from mailwright.plan.model import Because
from mailwright.site.read import read as read_description
from support.built import built_from
from support.example import EXAMPLE, ROOT, load_example

GATEWAY = ROOT / "inventories" / "gateway" / "site.yml"


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("once") / "college.ac.uk"
    write(built_from(EXAMPLE), folder)
    return folder


@pytest.fixture
def folder(_once: Path, tmp_path: Path) -> Path:
    """build/ with one project in it."""
    shutil.copytree(_once, tmp_path / "build" / "college.ac.uk")
    return tmp_path / "build" / "college.ac.uk"


def manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "MANIFEST.json"
    told = json.loads(path.read_bytes())
    change(told)
    path.write_text(json.dumps(told))


def refused(folder: Path, domain: str = "") -> str:
    with pytest.raises(EarlierError) as caught:
        read(folder, domain)
    assert str(caught.value).endswith(".")
    return str(caught.value)


def test_what_was_written_is_read(folder: Path) -> None:
    found = read(folder)
    tree = built_from(EXAMPLE)
    del tree["MANIFEST.json"]
    assert {path: output.data for path, output in found.files.items()} == {
        path: output.data for path, output in tree.items()
    }
    assert (found.version, found.edited, found.missing, found.why) == (__version__, (), (), "")
    plan = make(load_example())
    assert found.plan is not None
    assert found.plan.listeners == plan.listeners
    assert found.plan.mailboxes == tuple(replace(row, because=Because("", "")) for row in plan.mailboxes)


def test_the_description_in_it_is_the_one_it_was_made_from(folder: Path, tmp_path: Path) -> None:
    description = read(folder).description
    assert description is not None
    assert read_description(description).site == load_example()
    write(built_from(GATEWAY), tmp_path / "gateway")
    found = read(tmp_path / "gateway")
    assert found.description == tmp_path / "gateway" / "description" / "gateway" / "site.yml"
    assert read_description(found.description).site == read_description(GATEWAY).site


def test_who_may_read_a_file_is_known_without_its_mode(folder: Path) -> None:
    """A clone of a repository has 0644 everywhere."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
    found, tree = read(folder).files, built_from(EXAMPLE)
    people = {
        path for path, output in tree.items() if output.mode == PERSONAL and not path.startswith("documents/")
    }
    assert {path for path, output in found.items() if output.mode == PERSONAL} == people
    assert {PLAN, "description/people.csv"} < people


def test_hand_edits_and_gaps_are_told(folder: Path) -> None:
    (folder / "site.yml").write_text("- mine: true\n")
    (folder / "ansible.cfg").unlink()
    shutil.rmtree(folder / "dns")
    (folder / "dns").write_text("a file\n")
    (folder / "notes.txt").write_text("somebody's\n")
    found = read(folder)
    assert found.edited == ("site.yml",)
    assert found.files["site.yml"].data == b"- mine: true\n"
    assert {"ansible.cfg", "dns/college.ac.uk.zone"} < set(found.missing)
    assert not {"ansible.cfg", "notes.txt"} & found.files.keys()


@pytest.mark.parametrize("name", ["", "."])
def test_a_folder_of_one_build_will_do(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(folder.parent).folder == folder
    monkeypatch.chdir(folder.parent)
    assert read(Path(name)).description is not None


def test_of_several_builds_one_is_meant(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "other.ac.uk")
    (folder.parent / "rehearsal").mkdir()
    assert "holds several builds: name one of them, college.ac.uk, other.ac.uk" in refused(folder.parent)
    assert read(folder.parent, "other.ac.uk").folder == folder.parent / "other.ac.uk"
    assert "holds no build of third.ac.uk, but of college.ac.uk, other" in refused(folder.parent, "third.ac.uk")


def test_what_is_no_build_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "nothing")
    assert "holds no build" in refused(tmp_path)
    (tmp_path / "file").write_text("")
    assert "is no folder" in refused(tmp_path / "file")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"files": {}}', '{"mailwright": 1, "files": {}}', '{"mailwright": "1", "files": []}'],
)
def test_a_manifest_of_somebody_else_is_refused(folder: Path, text: str) -> None:
    (folder / "MANIFEST.json").write_text(text)
    assert "is not what mailwright writes" in refused(folder)
    (folder / "MANIFEST.json").write_bytes(text.encode() + b"\xff")
    assert "is not what mailwright writes" in refused(folder)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../b", "", ".", "a//b", "a\nb"])
def test_a_path_that_leads_outside_is_refused(folder: Path, path: str) -> None:
    manifest(folder, lambda told: told["files"].update({path: "0" * 64}))
    assert "which is no path inside a project" in refused(folder)


def test_a_description_outside_is_none(folder: Path) -> None:
    manifest(folder, lambda told: told.update(description="../site.yml"))
    assert read(folder).description is None


def test_links_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("secret")
    for name in ("site.yml", "MANIFEST.json"):
        kept = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / name).symlink_to(tmp_path / "elsewhere")
        assert "is a symbolic link" in refused(folder)
        (folder / name).unlink()
        (folder / name).write_bytes(kept)
    (folder / "dns").rename(tmp_path / "dns")
    (folder / "dns").symlink_to(tmp_path / "dns")
    assert "is a symbolic link, or behind one" in refused(folder)


def test_a_link_to_the_build_will_do(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert read(tmp_path / "link").edited == ()


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    (folder / "site.yml").unlink()
    os.mkfifo(folder / "site.yml")
    assert "is not a file" in refused(folder)


def without(found: Earlier) -> str:
    assert found.plan is None
    return found.why


def test_a_build_without_a_plan_says_why(folder: Path) -> None:
    plan = (folder / PLAN).read_bytes()
    (folder / PLAN).write_bytes(plan.replace(b'"format": 1', b'"format": 9'))
    assert without(read(folder)) == "its plan.json was changed since it was built"
    (folder / PLAN).unlink()
    assert without(read(folder)) == "its plan.json is gone"
    manifest(folder, lambda told: told["files"].pop(PLAN))
    manifest(folder, lambda told: told.update(mailwright="0.1.0"))
    assert without(read(folder)) == "mailwright 0.1.0, which made it, kept no plan.json"


def test_a_build_of_before_there_were_copies_is_read(folder: Path) -> None:
    def before(told: dict[str, Any]) -> None:
        del told["description"], told["files"][PLAN]
        told["files"] = {path: sha for path, sha in told["files"].items() if not path.startswith("description/")}

    manifest(folder, before)
    assert read(folder).description is None


def test_a_plan_of_a_later_form_says_so(folder: Path) -> None:
    import hashlib

    data = (folder / PLAN).read_bytes().replace(b'"format": 1', b'"format": 9')
    (folder / PLAN).write_bytes(data)
    manifest(folder, lambda told: told["files"].update({PLAN: hashlib.sha256(data).hexdigest()}))
    assert "stored in another form (9)" in without(read(folder))
