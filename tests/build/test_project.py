"""The project as a mapping from paths to bytes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml

from mailwright import __version__
from mailwright.build import BuildError, project
from mailwright.build.tree import Tree, safe
from mailwright.components import COMPONENTS
from mailwright.plan import make
from mailwright.requirements.catalogue import REQUIREMENTS
from support.built import built, built_from
from support.example import EXAMPLE, ROOT, example, load_example, split

HOST = "mail.college.ac.uk"


@pytest.fixture(scope="module")
def tree() -> Tree:
    return built(load_example())


def as_json(tree: Tree, path: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads(tree[path].data)
    return loaded


def test_it_has_the_layout_of_the_architecture(tree: Tree) -> None:
    tops = {path.partition("/")[0] for path in tree}
    assert tops == {
        "README.md",
        "accounts.yml",
        "ansible.cfg",
        "site.yml",
        "MANIFEST.json",
        "inventory",
        "roles",
        "hosts",
        "dns",
        "border",
        "documents",
        "compliance",
        "plan.json",
    }
    assert {"compliance/matrix.html", "compliance/matrix.json", "inventory/hosts.yml"} <= tree.keys()
    assert {"dns/college.ac.uk.zone", "dns/100.51.198.in-addr.arpa.zone"} <= tree.keys()
    border = {path for path in tree if path.startswith("border/")}
    assert border == {
        f"border/{name}" for name in ("arista-eos.txt", "cisco-ios.txt", "junos.conf", "nftables.nft")
    }


def listed(tree: Tree) -> dict[str, dict[str, object]]:
    """Path in the project → entry of FILES.json, of every component that has files."""
    found: dict[str, dict[str, object]] = {}
    for component in COMPONENTS:
        folder = f"hosts/{HOST}/{component.name}"
        if f"{folder}/FILES.json" in tree:
            entries = as_json(tree, f"{folder}/FILES.json")["files"]
            assert isinstance(entries, list)
            found |= {folder + entry["path"]: entry for entry in entries}
    return found


def test_each_components_files_are_listed_with_their_hashes(tree: Tree) -> None:
    entries = listed(tree)
    for path, entry in entries.items():
        assert hashlib.sha256(tree[path].data).hexdigest() == entry["sha256"]
        assert entry.keys() == {"path", "owner", "group", "mode", "sha256", "personal"}
    on_hosts = {path for path in tree if path.startswith("hosts/") and not path.endswith("/FILES.json")}
    assert entries.keys() == on_hosts != set()


def test_files_that_hold_people_are_not_for_everybody(tree: Tree) -> None:
    for path, entry in listed(tree).items():
        assert tree[path].mode == (0o640 if entry["personal"] else 0o644)


def test_the_manifest_has_every_file_and_every_input() -> None:
    tree = built_from(EXAMPLE)
    manifest = as_json(tree, "MANIFEST.json")
    assert manifest["mailwright"] == __version__
    files = {path: hashlib.sha256(output.data).hexdigest() for path, output in tree.items()}
    del files["MANIFEST.json"]
    assert manifest["files"] == files
    folder = EXAMPLE.parent
    assert manifest["description"] == "site.yml"
    assert manifest["inputs"] == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("dkim.pub", "people.csv", "site.yml")
    }


NOT_RUN = {"nullclient", "customers", "mailman", "web", "webmail", "carddav"}
RUN = [component.name for component in COMPONENTS if component.name not in NOT_RUN]
"""What the example's one host runs: it is a mailer, so no null client, serves nobody else, and has no lists and
nothing on the web."""


def test_roles_are_copied_byte_for_byte(tree: Tree) -> None:
    copied = {path: output.data for path, output in tree.items() if path.startswith("roles/")}
    assert copied
    for path, data in copied.items():
        assert (ROOT / path).read_bytes() == data
    names = {path.split("/")[1] for path in copied}
    assert names == {"base", *RUN}


def test_the_play_has_each_role_once_and_base_first(tree: Tree) -> None:
    (play,) = yaml.safe_load(tree["site.yml"].data)
    roles = [item["role"] for item in play["roles"]]
    assert roles == ["base", *RUN]


def test_there_is_a_move_where_there_is_a_store_to_move_to(tree: Tree) -> None:
    several = project(split(), make(split()), (), ())
    assert "move.yml" not in tree
    plays = yaml.safe_load(several["move.yml"].data)
    assert [list(play.get("tasks", ())) == [] for play in plays] == [False, True, False]
    assert plays[1]["ansible.builtin.import_playbook"] == "site.yml"
    steps = [task["ansible.builtin.import_role"] for play in plays for task in play.get("tasks", ())]
    for step in steps:
        assert f"roles/{step['name']}/tasks/{step['tasks_from']}" in several


def test_the_readme_names_every_secret_and_the_move_where_they_are(tree: Tree) -> None:
    plain = tree["README.md"].data.decode()
    gateways, directory, several = (
        built_from(ROOT / "inventories" / name / "site.yml")["README.md"].data.decode()
        for name in ("gateway", "directory", "split")
    )
    for said, elsewhere in (
        ("secrets/smarthost", gateways),
        ("secrets/directory", directory),
        ("move.yml", several),
    ):
        assert said in elsewhere
        assert said not in plain


def test_the_inventory_reaches_hosts_by_address(tree: Tree) -> None:
    text = tree["inventory/hosts.yml"].data.decode()
    assert f"{HOST}:" in text
    assert 'ansible_host: !unsafe "198.51.100.25"' in text
    assert 'mailwright_os: !unsafe "debian-13"' in text


def test_the_matrix_has_all_52_and_fits_its_schema(tree: Tree) -> None:
    matrix = as_json(tree, "compliance/matrix.json")
    schema = json.loads((ROOT / "schemas" / "matrix.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(matrix)
    requirements = matrix["requirements"]
    assert isinstance(requirements, list)
    assert len(requirements) == 52
    probed = {item.id for item in REQUIREMENTS if "probe" in item.evidence}
    assert {item["verdict"] for item in requirements if item["id"] in probed} == {"not proven"}


def test_no_path_of_this_machine_gets_in(tree: Tree) -> None:
    for path, output in built_from(EXAMPLE).items():
        assert str(ROOT).encode() not in output.data, path


def test_a_value_that_cannot_be_written_is_an_error_that_names_it() -> None:
    hostile = replace(load_example().organisation, name="The\nCollege")
    site = example(organisation=hostile)
    with pytest.raises(BuildError) as caught:
        project(site, make(site), (), ())
    assert "The\nCollege" in {error.value for error in caught.value.errors}
    assert "README.md" in built(example(organisation=replace(hostile, name="The College")))


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a//b", "a/./b", "-x/b", "a/b\n", "a/\0", "", "ä/b"])
def test_no_path_leads_out_of_the_project(path: str) -> None:
    with pytest.raises(ValueError, match="no path inside"):
        safe(path)


def test_plain_paths_pass() -> None:
    assert safe("hosts/mail.college.ac.uk/postfix/etc/postfix/main.cf")
    assert safe("hosts/a/logs/etc/systemd/system/postfix@.service.d/x.conf")


def test_the_same_description_gives_the_same_bytes_elsewhere(tmp_path: Path) -> None:
    """In another folder, another locale, another time zone, another order of hashes."""
    shutil.copytree(EXAMPLE.parent, tmp_path / "moved" / "here")
    builds = (
        (EXAMPLE, ROOT, {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}),
        (
            Path("here/site.yml"),
            tmp_path / "moved",
            {"PYTHONHASHSEED": "77", "LC_ALL": "C", "TZ": "Pacific/Apia"},
        ),
    )
    results = []
    for number, (description, cwd, environment) in enumerate(builds):
        out = tmp_path / f"out{number}"
        command = [sys.executable, "-m", "mailwright", "build", str(description), "--out", str(out)]
        command += ["--today", "2026-03-01"]
        done = subprocess.run(
            command, cwd=cwd, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        results.append(
            {
                path.relative_to(out).as_posix(): (path.read_bytes(), path.stat().st_mode)
                for path in out.rglob("*")
                if path.is_file()
            }
        )
    assert results[0] == results[1]
    assert results[0]
