"""A customer's folder appears whole, and keeps what is not ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailwright.build import manifest
from mailwright.build.tree import PERSONAL, Output, Tree
from mailwright.build.writer import WriteRefusedError
from mailwright.provider import staging


def tree(**files: str) -> Tree:
    made = {name.replace("__", "/"): Output(text.encode(), PERSONAL) for name, text in files.items()}
    return {**made, manifest.NAME: manifest.make((), made)}


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != manifest.NAME
    }


def write(made: Tree, folder: Path) -> None:
    beside = folder.with_name("beside")
    if not staging.stage(made, folder, beside).nothing:
        staging.put(beside, folder)


def test_a_new_folder_is_put_there_with_modes(tmp_path: Path) -> None:
    write(tree(a="1", b__c="2"), tmp_path / "x")
    assert contents(tmp_path / "x") == {"a": "1", "b/c": "2"}
    assert (tmp_path / "x" / "a").stat().st_mode & 0o777 == 0o640
    assert not (tmp_path / "beside").exists()


def test_nothing_is_staged_when_nothing_changed(tmp_path: Path) -> None:
    write(tree(a="1"), tmp_path / "x")
    assert staging.stage(tree(a="1"), tmp_path / "x", tmp_path / "beside").nothing
    assert not (tmp_path / "beside").exists()


def test_what_is_as_before_is_the_same_file_and_all_changes_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    write(tree(a="1", b="2", c__d="3"), folder)
    (folder / "mine").write_text("kept")
    (folder / "own").mkdir()
    (folder / "own" / "link").symlink_to("../mine")
    before = (folder / "a").stat().st_ino
    written = staging.stage(tree(a="1", b="3"), folder, tmp_path / "beside")
    assert (written.added, set(written.changed), written.removed) == ((), {"b", manifest.NAME}, ("c/d",))
    assert contents(folder) == {"a": "1", "b": "2", "c/d": "3", "mine": "kept", "own/link": "kept"}
    staging.put(tmp_path / "beside", folder)
    assert contents(folder) == {"a": "1", "b": "3", "mine": "kept", "own/link": "kept"}
    assert (folder / "own" / "link").is_symlink()
    assert (folder / "a").stat().st_ino == before
    assert contents(tmp_path / "beside")["b"] == "2"


def test_where_folders_cannot_change_places_the_new_one_still_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tree(a="1"), tmp_path / "x")
    monkeypatch.setattr(staging, "_exchange", lambda: lambda *_: -1)
    write(tree(a="2"), tmp_path / "x")
    assert contents(tmp_path / "x") == {"a": "2"}
    assert contents(tmp_path / "beside") == {"a": "1"}


def test_where_files_cannot_have_two_names_they_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tree(a="1", b="1"), tmp_path / "x")

    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    write(tree(a="1", b="2"), tmp_path / "x")
    assert contents(tmp_path / "x") == {"a": "1", "b": "2"}


def test_the_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "letter").write_text("mine")
    with pytest.raises(WriteRefusedError, match="not empty"):
        staging.stage(tree(a="1"), tmp_path / "x", tmp_path / "beside")
    (tmp_path / "link").symlink_to(tmp_path / "x")
    with pytest.raises(WriteRefusedError, match="not a folder"):
        staging.stage(tree(a="1"), tmp_path / "link", tmp_path / "beside")
    assert contents(tmp_path / "x") == {"letter": "mine"}


def test_modes_are_what_they_are_to_be_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(tree(a="1"), tmp_path / "x")
    finally:
        os.umask(before)
    assert (tmp_path / "x" / "a").stat().st_mode & 0o777 == 0o640
