"""A build knows every file that the description was read from, and has a copy of it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailwright.build import BuildError, earlier, inputs, project
from mailwright.build.tree import Tree
from mailwright.build.writer import write
from mailwright.plan import make
from mailwright.site.read import Reading, read
from support.example import ROOT

MINIMAL = ROOT / "tests" / "site" / "minimal.yml"
LOGO = ROOT / "inventories" / "whole" / "logo.png"


def copied(source: Path, target: Path) -> None:
    """A folder of the checkout with all below it, to be written in, also where the checkout is not."""
    for path in source.rglob("*"):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())


def of(folder: Path, more: str) -> dict[str, str]:
    path = folder / "site.yml"
    path.write_text(MINIMAL.read_text(encoding="utf-8") + more, encoding="utf-8")
    reading: Reading = read(path)
    assert reading.site is not None, reading.findings
    return {one.name: one.sha256 for one in inputs.of(reading, folder)}


def test_the_logo_is_an_input(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(LOGO.read_bytes())
    assert set(of(tmp_path, "webmail: {logo: logo.png}\n")) == {"site.yml", "logo.png"}
    assert set(of(tmp_path, "webmail: {}\n")) == {"site.yml"}


def test_a_file_of_lists_is_an_input_with_rows_and_without(tmp_path: Path) -> None:
    file = tmp_path / "lists.csv"
    file.write_text("list,owners,members\n", encoding="utf-8")
    assert set(of(tmp_path, "lists: lists.csv\n")) == {"site.yml", "lists.csv"}
    file.write_text("list,owners,members\nphysics,km217,km217\n", encoding="utf-8")
    assert set(of(tmp_path, "lists: lists.csv\n")) == {"site.yml", "lists.csv"}


def test_a_file_of_members_is_an_input(tmp_path: Path) -> None:
    file = tmp_path / "many.csv"
    lists = "lists: {physics: {owners: [km217], members: many.csv}}\n"
    for text in ("member\nkm217\n", "member\n"):
        file.write_text(text, encoding="utf-8")
        assert set(of(tmp_path, lists)) == {"site.yml", "many.csv"}


# --- All that a reading opens

OPENED = """
import json, os, sys
from pathlib import Path

opened = set()
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        opened.add(os.path.realpath(os.fsdecode(arguments[0])))
sys.addaudithook(hook)

from mailwright.build import inputs
from mailwright.site.read import read

folder = os.path.realpath(sys.argv[1])
path = Path(folder, sys.argv[2])
reading = read(path)
assert reading.site is not None, reading.findings
told = {os.path.realpath(os.path.join(path.parent, one.name)) for one in inputs.of(reading, path.parent)}
print(json.dumps([sorted(one for one in opened if one.startswith(folder + os.sep)), sorted(told)]))
"""

EVERYTHING = """
extends: ../shared/base.yml
people: people.csv
webmail: {logo: logo.png}
lists:
  physics: {owners: [km217], members: members/physics.csv}
gateways:
  exchange:
    domains: [physics.college.ac.uk]
    next_hop: exchange.physics.college.ac.uk
    recipients: behind.csv
pages: {languages: [en, cy], texts: texts}
"""


def files_of(folder: Path, description: str) -> tuple[list[str], list[str]]:
    """What a child process opens below the folder to read the description, and what the inputs are."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", OPENED, str(folder), description],
        env={"PYTHONPATH": str(ROOT / "generator"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    opened, told = json.loads(done.stdout)
    return opened, told


@pytest.mark.parametrize("name", ["example", "whole", "gateway", "split", "directory"])
def test_every_file_that_is_opened_is_an_input(name: str, tmp_path: Path) -> None:
    copied(ROOT / "inventories", tmp_path)
    opened, told = files_of(tmp_path, f"{name}/site.yml")
    assert opened == told
    assert len(told) >= 3


def test_every_kind_of_file_is_an_input(tmp_path: Path) -> None:
    copied(ROOT / "inventories" / "whole" / "texts", tmp_path / "site" / "texts")
    copied(ROOT / "inventories" / "example", tmp_path / "shared")
    (tmp_path / "site" / "members").mkdir()
    (tmp_path / "site" / "logo.png").write_bytes(LOGO.read_bytes())
    (tmp_path / "site" / "members" / "physics.csv").write_text("member\nkm217\n", encoding="utf-8")
    (tmp_path / "site" / "behind.csv").write_text(
        "address,internal\nA.B@physics.college.ac.uk,ab@exchange.physics.college.ac.uk\n", encoding="utf-8"
    )
    (tmp_path / "site" / "stores.csv").write_text("login,store\n", encoding="utf-8")
    (tmp_path / "shared" / "site.yml").rename(tmp_path / "shared" / "base.yml")
    (tmp_path / "shared" / "people.csv").rename(tmp_path / "site" / "people.csv")
    (tmp_path / "site" / "site.yml").write_text(EVERYTHING, encoding="utf-8")
    opened, told = files_of(tmp_path, "site/site.yml")
    assert opened == told
    assert {os.path.relpath(one, os.path.realpath(tmp_path)) for one in told} == {
        "shared/base.yml",
        "shared/dkim.pub",
        "site/behind.csv",
        "site/logo.png",
        "site/members/physics.csv",
        "site/people.csv",
        "site/site.yml",
        "site/stores.csv",
        *(f"site/texts/{name}.md" for name in ("en/maintenance", "en/privacy-contact")),
        *(f"site/texts/{name}.md" for name in ("cy/maintenance", "cy/privacy-contact")),
    }


# --- Copies


def tree_of(path: Path) -> Tree:
    reading = read(path)
    assert reading.site is not None, reading.findings
    plan = make(reading.site)
    return project(reading.site, plan, (), inputs.of(reading, path.parent, plan))


@pytest.mark.parametrize("name", ["example", "whole", "gateway", "split", "directory"])
def test_the_copies_make_the_same_site(name: str, tmp_path: Path) -> None:
    path = ROOT / "inventories" / name / "site.yml"
    tree = tree_of(path)
    write(tree, tmp_path / "build")
    told = json.loads(tree["MANIFEST.json"].data)
    again = tmp_path / "build" / "description" / told["description"]
    assert read(again).site == read(path).site
    assert tree_of(again)["plan.json"] == tree["plan.json"]
    for copy, sha256 in told["inputs"].items():
        assert ".." not in copy
        if not copy.endswith(".ldif"):
            assert hashlib.sha256(tree[f"description/{copy}"].data).hexdigest() == sha256
        assert tree[f"description/{copy}"].mode == 0o640


def test_passwords_of_an_export_are_in_no_copy(tmp_path: Path) -> None:
    copied(ROOT / "inventories", tmp_path)
    path, export = tmp_path / "directory" / "site.yml", tmp_path / "directory" / "people.ldif"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\npeople: directory ", "\npeople: people.ldif "), encoding="utf-8")
    before = read(path)
    secret = (
        "userPassword:: e1NTSEF9c2VjcmV0\n c2VjcmV0\nUSERPASSWORD;x-old: {CLEAR}secret\n# userPassword: secret\n"
    )
    first, rest = export.read_text(encoding="utf-8").split("\nmail: ", 1)
    export.write_text(f"{first}\n{secret}mail: {rest}", encoding="utf-8")
    tree = tree_of(path)
    copy = tree["description/directory/people.ldif"].data
    for name, output in tree.items():
        assert b"e1NTSEF9" not in output.data, name
        assert b"c2VjcmV0" not in output.data, name
        assert b"{CLEAR}" not in output.data, name
    assert copy.count(b"\n") == export.read_bytes().count(b"\n")  # lines keep their numbers
    export.write_bytes(copy)
    assert before.site is not None
    assert len(before.site.people) > 10
    assert read(path).site == before.site


def test_stores_are_copied_as_the_build_leaves_them(tmp_path: Path) -> None:
    """So that a build of the same description a second time changes nothing."""
    copied(ROOT / "inventories", tmp_path)
    (tmp_path / "split" / "stores.csv").unlink()
    path = tmp_path / "split" / "site.yml"
    first = tree_of(path)
    left = first["description/split/stores.csv"].data
    assert left.count(b"\n") > 40
    (tmp_path / "split" / "stores.csv").write_bytes(left)
    assert tree_of(path) == first


def test_names_of_the_authors_folders_do_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "Zoë's (2)" / " =c"
    folder.mkdir(parents=True)
    (folder / "süd\nx.yml").write_text(MINIMAL.read_text(encoding="utf-8") + "extends: ../../base.yml\n")
    (tmp_path / "base.yml").write_text("logging: {days: 100}\n")
    tree = tree_of(folder / "süd\nx.yml")
    copies = {path for path in tree if path.startswith("description/")}
    assert copies == {"description/base.yml", "description/Zo=C3=AB=27s =282=29/=20=3Dc/s=C3=BCd=0Ax.yml"}
    write(tree, tmp_path / "build")
    found = earlier.read(tmp_path / "build").description
    assert found is not None
    assert read(found).site == read(folder / "süd\nx.yml").site


def test_a_name_with_a_hyphen_in_front_is_told(tmp_path: Path) -> None:
    (tmp_path / "-x.png").write_bytes(LOGO.read_bytes())
    path = tmp_path / "site.yml"
    path.write_text(MINIMAL.read_text(encoding="utf-8") + "webmail: {logo: -x.png}\n", encoding="utf-8")
    with pytest.raises(BuildError, match="a name in a project does not begin with a hyphen"):
        tree_of(tmp_path / "site.yml")
