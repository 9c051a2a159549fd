"""Writing a project into a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright.build import manifest
from mailwright.build.tree import PERSONAL, Output, Tree
from mailwright.build.writer import WriteRefusedError, write


def tree(**files: str) -> Tree:
    made = {name.replace("__", "/"): Output(text.encode()) for name, text in files.items()}
    return {**made, manifest.NAME: manifest.make((), made)}


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != manifest.NAME
    }


def test_a_new_folder_is_filled(tmp_path: Path) -> None:
    written = write(tree(a="1", b__c="2"), tmp_path / "new" / "project")
    assert contents(tmp_path / "new" / "project") == {"a": "1", "b/c": "2"}
    assert written.added == ("MANIFEST.json", "a", "b/c")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["project"]


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    write(tree(a="1", b="2"), tmp_path)
    before = {name: (tmp_path / name).stat().st_ino for name in ("a", "b")}
    written = write(tree(a="1", b="3"), tmp_path)
    assert set(written.changed) == {"b", "MANIFEST.json"}
    assert (tmp_path / "a").stat().st_ino == before["a"]
    assert (tmp_path / "b").stat().st_ino != before["b"]
    assert write(tree(a="1", b="3"), tmp_path).nothing


def test_what_an_earlier_build_left_is_removed_and_the_users_own_files_stay(tmp_path: Path) -> None:
    write(tree(a="1", old__deep__b="2"), tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mine").write_text("kept")
    written = write(tree(a="1"), tmp_path)
    assert written.removed == ("old/deep/b",)
    assert contents(tmp_path) == {"a": "1", "secrets/mine": "kept"}
    assert not (tmp_path / "old").exists()


def test_a_file_may_become_a_folder(tmp_path: Path) -> None:
    write(tree(a="1"), tmp_path)
    write(tree(a__b="2"), tmp_path)
    assert contents(tmp_path) == {"a/b": "2"}
    write(tree(a="1"), tmp_path)
    assert contents(tmp_path) == {"a": "1"}


def test_modes_are_set_and_mended(tmp_path: Path) -> None:
    made = tree(people="1")
    made["people"] = Output(b"1", PERSONAL)
    write(made, tmp_path)
    (tmp_path / "people").chmod(0o644)
    written = write(made, tmp_path)
    assert written.changed == ("people",)
    assert (tmp_path / "people").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "MANIFEST.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"files": {}}', '{"mailwright": 1, "files": {"../x": ""}}', "\0"]
)
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "MANIFEST.json").write_text(text)
    with pytest.raises(WriteRefusedError, match="did not write"):
        write(tree(a="1"), tmp_path)
    assert contents(tmp_path) == {}


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(WriteRefusedError, match="not empty"):
        write(tree(a="1"), tmp_path)
    assert contents(tmp_path) == {"letter.txt": "mine"}


def test_links_are_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    project = tmp_path / "project"
    write(tree(a="1"), project)
    (project / "b").symlink_to(elsewhere)
    with pytest.raises(WriteRefusedError, match="symbolic link"):
        write(tree(a="2", b__c="3"), project)
    assert contents(elsewhere) == {}
    assert (project / "a").read_text() == "1"
    (tmp_path / "link").symlink_to(project)
    with pytest.raises(WriteRefusedError, match="not a folder"):
        write(tree(a="2"), tmp_path / "link")


def test_nothing_is_removed_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "c").write_text("kept")
    project = tmp_path / "project"
    write(tree(a="1", b__c="2"), project)
    (project / "b" / "c").unlink()
    (project / "b").rmdir()
    (project / "b").symlink_to(elsewhere)
    with pytest.raises(WriteRefusedError, match="symbolic link"):
        write(tree(a="1"), project)
    assert (elsewhere / "c").read_text() == "kept"


def test_a_manifest_that_names_files_elsewhere_removes_nothing_there(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    project = tmp_path / "project"
    project.mkdir()
    (project / "MANIFEST.json").write_text('{"mailwright": "0", "files": {"../outside": "0"}}')
    with pytest.raises(WriteRefusedError):
        write(tree(a="1"), project)
    assert outside.read_text() == "kept"


def test_an_error_while_writing_leaves_the_old_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tree(a="1", b="1"), tmp_path / "project")
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == "b":
            raise OSError(28, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write(tree(a="2", b="2"), tmp_path / "project")
    assert contents(tmp_path / "project") == {"a": "1", "b": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["project"]


def test_a_first_build_that_was_killed_half_way_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, whole = tmp_path / "build", tree(a="1", b="2", c="3")
    folder.mkdir()  # where there is no folder, the whole of it appears at once
    replace, calls = Path.replace, iter(range(100))

    def dies(self: Path, target: Path) -> Path:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        write(whole, folder)
    monkeypatch.undo()
    assert (folder / "MANIFEST.json").exists()
    write(whole, folder)
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == set(whole)
