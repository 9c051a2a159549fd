"""The verb: what it refuses, and a whole rehearsal as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailwright.cli import rehearse
from mailwright.report.evidence import from_json
from support.example import EXAMPLE


def test_a_description_that_cannot_be_used_is_said_before_anything_starts(tmp_path: Path) -> None:
    site = tmp_path / "site.yml"
    site.write_text("organisation: [\n", encoding="utf-8")
    result = CliRunner().invoke(
        rehearse.command, [str(site), "--out", str(tmp_path / "out")], standalone_mode=False
    )
    assert result.return_value == 2
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "college.ac.uk" / "thesis.txt"
    kept.parent.mkdir()
    kept.write_text("years of work", encoding="utf-8")
    result = CliRunner().invoke(rehearse.command, [str(EXAMPLE), "--out", str(tmp_path)])
    assert result.exit_code == 3
    assert "something else than a rehearsal" in result.output
    assert kept.read_text(encoding="utf-8") == "years of work"


def test_without_root_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    result = CliRunner().invoke(rehearse.command, [str(EXAMPLE), "--out", str(tmp_path)])
    assert result.exit_code == 3
    assert "root" in result.output
    assert "Traceback" not in result.output


@pytest.mark.hosts
@pytest.mark.slow
def test_the_example_from_nothing_to_the_verdict(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "mailwright", "rehearse", str(EXAMPLE), "--out", "out"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "52 requirements: " in done.stdout
    assert "0 not met" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    folder = tmp_path / "out" / "college.ac.uk"
    matrix = json.loads((folder / "matrix.json").read_text(encoding="utf-8"))
    assert len(matrix["requirements"]) == 52
    assert "52" in done.stdout
    assert (folder / "matrix.html").stat().st_size > 10_000
    kept = folder / "evidence.json"
    made = from_json(kept.read_text(encoding="utf-8"))
    assert (made.kind, made.complete, made.domain) == ("rehearsal", True, "college.ac.uk")
    argv = [sys.executable, "-m", "mailwright", "report", str(EXAMPLE), "--evidence", str(kept), "--out", "report"]
    told = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    # The report says what the rehearsal said, and its evidence counts.
    counts = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))["counts"]
    assert counts == matrix["counts"]
    # What is left for people to look at and to send on holds no secret of the run.
    left = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"-----BEGIN PRIVATE KEY-----\n" not in left
    assert b"{SSHA512}" not in left
