"""Comparing, the archive, the record, seeds: the pure parts of a transaction."""

from __future__ import annotations

import grp
import hashlib
import io
import os
import pwd
import tarfile
from pathlib import Path

import pytest

from support import role_code

files = role_code.load("module_utils/mailwright_files.py")

ME = pwd.getpwuid(os.getuid()).pw_name
MINE = grp.getgrgid(os.getgid()).gr_name


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def wanted(path: str, text: str, mode: int = 0o644) -> object:
    return files.Wanted(path, ME, MINE, mode, sha(text))


def seen(text: str, mode: int = 0o644) -> object:
    return files.Seen("file", sha(text), os.getuid(), os.getgid(), mode)


ABSENT = files.Seen("absent")


def test_nothing_to_do() -> None:
    assert files.compare([wanted("/a", "x")], {"/a": seen("x")}, {"/a": sha("x")}) == files.Comparison()


def test_new_changed_repaired_and_obsolete_are_told_apart() -> None:
    found = files.compare(
        [wanted("/new", "x"), wanted("/changed", "x"), wanted("/mode", "x", 0o640)],
        {"/new": ABSENT, "/changed": seen("old"), "/mode": seen("x"), "/gone": seen("y")},
        {"/changed": sha("old"), "/mode": sha("x"), "/gone": sha("y")},
    )
    assert (found.new, found.changed, found.repaired, found.obsolete) == (
        ("/new",),
        ("/changed",),
        ("/mode",),
        ("/gone",),
    )
    assert found.edited == ()
    assert found.content == ("/changed", "/new")


def test_a_hand_edit_is_content_that_nobody_applied_or_wants() -> None:
    look = {"/a": seen("by hand")}
    assert files.compare([wanted("/a", "new")], look, {"/a": sha("old")}).edited == ("/a",)
    assert files.compare([wanted("/a", "by hand")], look, {"/a": sha("old")}).edited == ()
    assert files.compare([wanted("/a", "new")], look, {}).edited == ()  # before the first apply nothing was ours


def test_an_obsolete_file_that_was_edited_is_a_hand_edit() -> None:
    assert files.compare([], {"/a": seen("by hand")}, {"/a": sha("old")}).edited == ("/a",)
    assert files.compare([], {"/a": ABSENT}, {"/a": sha("old")}) == files.Comparison()


def test_a_deleted_file_is_new_and_no_edit_because_nothing_is_lost() -> None:
    found = files.compare([wanted("/a", "x")], {"/a": ABSENT}, {"/a": sha("x")})
    assert (found.new, found.edited) == (("/a",), ())


def test_a_folder_in_the_place_of_a_file_stops_everything() -> None:
    with pytest.raises(files.FilesError, match="/a is not a file"):
        files.compare([wanted("/a", "x")], {"/a": files.Seen("other")}, {})


def test_look_does_not_follow_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    assert files.look(str(tmp_path / "link")).kind == "link"
    assert files.look(str(tmp_path / "file")).sha256 == sha("x")
    assert files.look(str(tmp_path)).kind == "other"
    assert files.look(str(tmp_path / "none")) == ABSENT
    assert files.look(str(tmp_path / "file" / "below")) == ABSENT


@pytest.mark.parametrize("path", ["etc/x", "/etc/../x", "//etc", "/", "/etc/", "/a\nb", ""])
def test_paths_that_are_not_plainly_absolute_are_refused(path: str) -> None:
    with pytest.raises(files.FilesError):
        files.safe_path(path)


def test_a_plain_path_passes() -> None:
    assert files.safe_path("/etc/postfix/main.cf") == "/etc/postfix/main.cf"


def archive(folder: Path, *members: tuple[tarfile.TarInfo, bytes]) -> str:
    path = folder / "files.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return str(path)


def test_unpack_writes_what_was_announced(tmp_path: Path) -> None:
    stage = tmp_path / "stage"
    files.unpack(
        archive(tmp_path, (tarfile.TarInfo("etc/a"), b"x")), {"/etc/a": wanted("/etc/a", "x", 0o640)}, stage
    )
    assert (stage / "etc/a").read_text() == "x"
    assert (stage / "etc/a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["etc/b", "../etc/a", "/etc/a", "etc/a/../../b"])
def test_unpack_refuses_what_was_not_announced(tmp_path: Path, name: str) -> None:
    with pytest.raises(files.FilesError, match="not announced"):
        files.unpack(
            archive(tmp_path, (tarfile.TarInfo(name), b"x")), {"/etc/a": wanted("/etc/a", "x")}, tmp_path / "stage"
        )
    assert not (tmp_path / "stage").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_unpack_refuses_everything_but_files(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("etc/a")
    member.type = kind
    member.linkname = "/etc/shadow"
    with pytest.raises(files.FilesError, match="not announced"):
        files.unpack(archive(tmp_path, (member, b"")), {"/etc/a": wanted("/etc/a", "")}, tmp_path / "stage")


def test_unpack_refuses_a_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(files.FilesError, match="/etc/a was damaged"):
        files.unpack(
            archive(tmp_path, (tarfile.TarInfo("etc/a"), b"y")), {"/etc/a": wanted("/etc/a", "x")}, tmp_path / "s"
        )


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    record = files.Record({"/a": sha("x")}, {"/a.lmdb": sha("y")}, {"/p": sha("z")}, {"/p": ("ann", "bob")})
    (tmp_path / "r.json").write_text(files.dump_record(record))
    assert files.read_record(tmp_path / "r.json") == record


def test_no_record_is_an_empty_one(tmp_path: Path) -> None:
    assert files.read_record(tmp_path / "none.json") == files.Record({}, {}, {}, {})


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"files": {"../x": ""}, "products": {}, "seeds": {}, "seeded": {}}']
)
def test_a_broken_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(files.FilesError):
        files.read_record(tmp_path / "r.json")


def test_a_seed_gives_first_lines_and_changes_none() -> None:
    text, logins = files.merge_seed("ann:{X}changed\n", "ann:{X}first\nbob:{X}first\n", ())
    assert text == "ann:{X}changed\nbob:{X}first\n"
    assert logins == ("ann", "bob")


def test_a_line_that_was_taken_away_on_the_host_does_not_come_back() -> None:
    assert files.merge_seed("", "ann:{X}first\n", ("ann",)) == ("", ("ann",))


def test_a_seed_knows_logins_in_any_case_and_skips_comments() -> None:
    text, logins = files.merge_seed("Ann:{X}a", "# first passwords\n\nann:{X}b\nbob:{X}c\nBOB:{X}d\n", ())
    assert text == "Ann:{X}a\nbob:{X}c\n"
    assert logins == ("ann", "bob")


def test_lines_that_come_and_go_are_counted() -> None:
    assert files.line_counts("a\nb\nb\n", "b\nc\nd\n") == (2, 2)
    assert files.line_counts("a\nb\n", "b\na\n") == (0, 0)
