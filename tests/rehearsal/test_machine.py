from __future__ import annotations

import resource
from pathlib import Path

import pytest

from mailwright.rehearsal import machine
from mailwright.rehearsal.errors import LabError


def test_pure_control_groups_2_take_podmans_own_runtime(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    assert machine.podman(tmp_path) == ("podman",)


def test_older_control_groups_take_runc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "which", lambda _name: "/usr/sbin/runc")
    assert machine.podman(tmp_path) == ("podman", "--runtime", "runc")


def test_older_control_groups_without_runc_are_an_error_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine.shutil, "which", lambda _name: None)
    with pytest.raises(LabError, match="apt-get install --no-install-recommends runc"):
        machine.podman(tmp_path)


@pytest.mark.parametrize(
    ("hard", "files", "processes"),
    [(1024, 1024, 1024), (40_000, 40_000, 32768), (resource.RLIM_INFINITY, 65536, 32768)],
)
def test_no_more_is_asked_for_than_there_is(
    hard: int, files: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine.resource, "getrlimit", lambda _which: (512, hard))
    expected = ("--ulimit", f"nofile={files}:{files}", "--ulimit", f"nproc={processes}:{processes}")
    assert machine.limits() == expected


def test_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match="need root") as caught:
        machine.check()
    assert "sudo" in caught.value.way_out


def test_missing_tools_are_named_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "which", lambda name: None if name in {"podman", "mmdebstrap"} else name)
    with pytest.raises(LabError) as caught:
        machine.check_tools((*machine.TOOLS, *machine.BUILD_TOOLS))
    assert caught.value.message == "Not installed: mmdebstrap, podman."


def test_too_little_space(tmp_path: Path) -> None:
    machine.check_space(tmp_path / "not" / "there", 1)
    with pytest.raises(LabError, match="Too little space"):
        machine.check_space(tmp_path, 2**60)
