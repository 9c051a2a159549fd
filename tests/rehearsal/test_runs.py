from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailwright.rehearsal import runs


def test_a_run_of_this_process_is_alive() -> None:
    assert runs.alive(runs.new_id(1))


def test_two_labs_of_one_process_have_two_ids() -> None:
    assert runs.new_id(1) != runs.new_id(2)


def test_a_run_of_an_ended_process_is_dead() -> None:
    program = "from mailwright.rehearsal import runs; print(runs.new_id(1))"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert not runs.alive(said.strip())


def test_another_process_that_got_the_same_number_is_not_the_run() -> None:
    assert not runs.alive(f"{os.getpid()}-1-1")


@pytest.mark.parametrize("run", ["", "x", "1-2", "../../etc", "1-2-3-4"])
def test_what_is_no_id_is_not_alive(run: str) -> None:
    assert not runs.alive(run)


def test_a_name_with_anything_in_it_does_not_hide_the_start_time(tmp_path: Path) -> None:
    script = tmp_path / ") 1 2 (sleep"
    script.symlink_to("/bin/sleep")
    process = subprocess.Popen([str(script), "30"])
    try:
        found = runs.start_time(process.pid)
        own = runs.start_time(os.getpid())
        assert found is not None
        assert own is not None
        assert found >= own
    finally:
        process.kill()
        process.wait()


def test_there_is_no_start_time_of_nobody() -> None:
    assert runs.start_time(2**22 + 1) is None


def test_a_namespace_leads_back_to_its_run() -> None:
    assert runs._run_of(runs.namespace("12-34-5", "host0")) == "12-34-5"


@pytest.mark.parametrize("name", ["mw-12-34-host0", "other-12-34-5-host0", "mw-12-34-5-"])
def test_namespaces_of_others_are_nobodys(name: str) -> None:
    assert runs._run_of(name) is None


def test_the_sweep_takes_dead_runs_and_leaves_live_and_kept_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, dead, kept = runs.new_id(1), "999999999-1-1", "999999999-2-1"
    for run in (live, dead, kept):
        (tmp_path / run).mkdir()
    monkeypatch.setattr(runs, "FOLDER", tmp_path)
    monkeypatch.setattr(runs, "must", lambda _argv: "")
    monkeypatch.setattr(runs, "_namespaces", list)
    removed: list[str] = []
    monkeypatch.setattr(runs, "remove", removed.append)
    runs.keep(kept)
    assert runs.sweep() == (dead,)
    assert removed == [dead]
