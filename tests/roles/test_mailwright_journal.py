"""What was there comes back, whatever happened in between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import role_code

journal = role_code.load("module_utils/mailwright_journal.py")


@pytest.fixture
def systemctl(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """No unit of this machine is touched; what would have been said is kept."""
    said: list[tuple[str, ...]] = []

    def record(*arguments: str) -> subprocess.CompletedProcess[str]:
        said.append(arguments)
        return subprocess.CompletedProcess([], 0, "")

    monkeypatch.setattr(journal, "systemctl", record)
    return said


def test_content_mode_time_and_absence_come_back(tmp_path: Path, systemctl: list[tuple[str, ...]]) -> None:
    old, link, new, folder = (tmp_path / name for name in ("old", "link", "new", "folder"))
    old.write_text("before")
    old.chmod(0o640)
    os.utime(old, ns=(10**18, 10**18))
    link.symlink_to("old")
    book = tmp_path / "x.journal"
    journal.begin(book, [str(old), str(link), str(new)], [str(folder)], [])

    old.unlink()
    old.write_text("after")
    link.unlink()
    link.write_text("after")
    new.write_text("after")
    folder.mkdir()
    (tmp_path / ".new.mailwright-new").write_text("half")
    assert journal.restore(book) == []

    assert old.read_text() == "before"
    assert (old.stat().st_mode & 0o777, old.stat().st_mtime_ns) == (0o640, 10**18)
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "old"]


def test_restoring_twice_is_restoring_once(tmp_path: Path, systemctl: list[tuple[str, ...]]) -> None:
    (tmp_path / "a").write_text("before")
    book = tmp_path / "x.journal"
    journal.begin(book, [str(tmp_path / "a")], [], [])
    journal.restore(book)
    (tmp_path / "a").write_text("later, by somebody else")
    journal.restore(book)
    assert (tmp_path / "a").read_text() == "later, by somebody else"


def test_a_journal_that_was_not_finished_undoes_nothing(tmp_path: Path, systemctl: list[tuple[str, ...]]) -> None:
    (tmp_path / "a").write_text("now")
    book = tmp_path / "x.journal"
    journal.begin(book, [str(tmp_path / "a")], [], [])
    (book / "journal.json").unlink()  # the crash came before it was written
    (book / "old" / "0").write_text("half")
    journal.restore(book)
    assert (tmp_path / "a").read_text() == "now"
    assert not book.exists()


def test_a_folder_with_somebody_elses_file_stays(tmp_path: Path, systemctl: list[tuple[str, ...]]) -> None:
    book = tmp_path / "x.journal"
    journal.begin(book, [], [str(tmp_path / "folder")], [])
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "theirs").write_text("x")
    journal.restore(book)
    assert (tmp_path / "folder" / "theirs").exists()


def test_the_mode_of_a_folder_comes_back(tmp_path: Path, systemctl: list[tuple[str, ...]]) -> None:
    (tmp_path / "folder").mkdir(mode=0o750)
    book = tmp_path / "x.journal"
    journal.begin(book, [], [str(tmp_path / "folder")], [])
    (tmp_path / "folder").chmod(0o700)
    journal.restore(book)
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750


def unit(
    name: str, active: bool, enabled: bool, action: str = "reload", undo: tuple[str, ...] = ()
) -> dict[str, object]:
    return {"unit": name, "active": active, "enabled": enabled, "action": action, "undo": undo}


def test_services_read_the_old_files_again_and_what_did_not_run_stops(
    tmp_path: Path, systemctl: list[tuple[str, ...]]
) -> None:
    book, trace = tmp_path / "x.journal", tmp_path / "undone"
    journal.begin(book, [], [], [unit("ran", True, True), unit("new", False, False, "", ("touch", str(trace)))])
    journal.restore(book)
    assert ("stop", "new") in systemctl
    assert ("disable", "new") in systemctl
    assert ("reload", "ran") in systemctl
    assert not any(said[-1] == "ran" and said[0] in ("stop", "disable") for said in systemctl)
    assert trace.exists()


def test_the_copy_that_the_timer_runs_needs_nothing_but_python(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "a").write_text("before")
    book = state / "x.journal"
    journal.begin(book, [str(tmp_path / "a")], [], [])
    (tmp_path / "a").write_text("after")
    script = tmp_path / "restore.py"
    script.write_text((role_code.BASE / "module_utils" / "mailwright_journal.py").read_text())
    subprocess.run([sys.executable, "-I", str(script), str(book)], check=True)
    assert (tmp_path / "a").read_text() == "before"


def test_a_state_file_is_whole_or_not_there(tmp_path: Path) -> None:
    journal.write(tmp_path / "r.json", json.dumps({"a": 1}))
    journal.write(tmp_path / "r.json", json.dumps({"a": 2}))
    assert json.loads((tmp_path / "r.json").read_text()) == {"a": 2}
    assert (tmp_path / "r.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
