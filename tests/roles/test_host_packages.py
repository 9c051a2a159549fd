from __future__ import annotations

import json
from pathlib import Path

from support import role_code

host_packages = role_code.load("library/host_packages.py")


def test_the_release_from_os_release() -> None:
    assert (
        host_packages.release('PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n')
        == "debian-13"
    )
    assert host_packages.release("ID=debian\n") == "debian"  # testing has no number: it is none of ours


def test_installed_packages_are_those_that_are_whole() -> None:
    listed = "ii  postfix\nrc  exim4\niU  half\nii  dovecot-core\n"
    assert host_packages.installed(listed) == {"dovecot-core", "postfix"}


def test_what_is_left_of_components_that_the_host_runs_no_more(tmp_path: Path) -> None:
    empty = {"files": {}, "products": {}, "units": [], "seeds": {}, "seeded": {"/p": ["ann"]}}
    records = {
        "postfix": {**empty, "files": {"/a": "x"}},
        "guard": {**empty, "units": ["a.service"]},
        "filter": {key: value for key, value in empty.items() if key != "units"},  # of an older version
        "dovecot": empty,  # kept for its seeds
    }
    for name, record in records.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(record))
    (tmp_path / "broken.json").write_text("{")
    for name in ("counter", "time", "halfway"):
        (tmp_path / f"{name}.journal").mkdir()
    for name in ("counter", "time"):
        (tmp_path / f"{name}.journal/journal.json").touch()
    (tmp_path / "lock").touch()
    (tmp_path / "moving").mkdir()
    assert host_packages.left(tmp_path, ["postfix", "time"]) == ["broken", "counter", "filter", "guard"]
    assert host_packages.left(tmp_path / "none", []) == []


def test_mailboxes_are_folders_with_something_in_them(tmp_path: Path) -> None:
    for name in ("ann/Maildir", "bob", ".moved/cho/Maildir"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "file").touch()
    assert host_packages.mailboxes(tmp_path) == ["ann"]
    assert host_packages.mailboxes(tmp_path / "none") == []
