"""mailwright build of a provider's folder."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwright.cli.build import command
from mailwright.provider import index
from mailwright.provider.build import STAGED
from support.provider_folder import EXAMPLE, TODAY, change, copied, customer


def build(folder: Path, out: Path, *arguments: str) -> Result:
    words = [str(folder), "--out", str(out), "--today", TODAY.isoformat(), *arguments]
    return CliRunner().invoke(command, words, standalone_mode=False)


def last(result: Result) -> str:
    return result.output.splitlines()[-1]


def test_the_example_is_built_and_built_again(tmp_path: Path) -> None:
    first = build(EXAMPLE, tmp_path)
    assert first.return_value == 1, first.output  # customers of it have something to mend
    assert "6 customers built, 0 unchanged, 0 failed; files: " in last(first)
    assert (tmp_path / "shared" / "customers" / "college" / "mail.tables").is_file()
    assert (tmp_path / "institute.ac.uk" / "site.yml").is_file()
    again = build(EXAMPLE, tmp_path)
    assert "0 customers built, 6 unchanged, 0 failed; no file changed" in last(again)
    assert again.return_value == 1
    assert again.output.splitlines()[:-1] == first.output.splitlines()[:-1]


def test_a_provider_with_nothing_to_mend_is_status_0(tmp_path: Path) -> None:
    provider = copied(tmp_path)
    for path in (provider / "customers").glob("*.yml"):
        path.unlink()
    for id_ in ("bede", "cuthbert"):
        customer(provider, id_)
    for line in (provider / "provider.yml").read_text().splitlines(keepends=True):
        if line.startswith("profiles:") or ": profiles/" in line:
            change(provider / "provider.yml", line, "")
    result = build(provider, tmp_path / "out")
    assert result.return_value == 0, result.output
    assert result.output.count("\n") == 1


def test_what_is_broken_is_said_and_the_status_tells(tmp_path: Path) -> None:
    provider = copied(tmp_path)
    (provider / "customers" / "school.yml").write_text("platform: shared\nprofiles: [scool]\n")
    result = build(provider, tmp_path / "out")
    assert result.return_value == 1
    assert f"{provider}/customers/school.yml:2:12: ERROR customer.profile" in result.output
    assert "5 customers built, 0 unchanged, 1 failed" in last(result)
    (provider / "provider.yml").unlink()
    result = build(provider, tmp_path / "out")
    assert result.return_value == 2
    assert f"{provider}/provider.yml:1:1: ERROR source.no-file" in result.output


def test_one_alone(tmp_path: Path) -> None:
    result = build(EXAMPLE, tmp_path, "--only", "school", "--jobs", "1")
    assert "1 customers built, 0 unchanged, 0 failed" in last(result)
    assert "school.yml" in result.output
    assert "trust.yml" not in result.output
    result = build(EXAMPLE, tmp_path, "--only", "hill.sch.uk")
    assert "0 customers built, 1 unchanged, 0 failed; no file changed" in last(result)
    result = build(EXAMPLE, tmp_path, "--only", "nobody")
    assert getattr(result.exception, "exit_code", None) == 2
    assert "is called 'nobody', nor has that domain" in str(result.exception)


def test_only_and_jobs_are_for_folders(tmp_path: Path) -> None:
    for words in (("--only", "school"), ("--jobs", "2")):
        result = build(EXAMPLE / "platforms" / "shared.yml", tmp_path, *words)
        assert getattr(result.exception, "exit_code", None) == 2


def test_with_another_format_standard_output_is_that_format_alone(tmp_path: Path) -> None:
    result = build(EXAMPLE, tmp_path, "--format", "json")
    assert json.loads(result.stdout)["counts"]
    assert "6 customers built" in result.stderr


def test_an_output_folder_that_cannot_be_made_is_status_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = build(EXAMPLE, tmp_path / "file" / "below")
    assert getattr(result.exception, "exit_code", None) == 2
    assert "Not a directory" in str(result.exception)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "letter").write_text("mine")
    result = build(EXAMPLE, tmp_path)
    assert result.return_value == 1
    assert "it was not made by mailwright" in result.output
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["letter"]
    assert (tmp_path / "institute.ac.uk" / "site.yml").is_file()


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    build(EXAMPLE, tmp_path)
    (tmp_path / index.FILE).unlink()
    (tmp_path / index.FILE).mkdir()  # nothing can take its place
    (tmp_path / index.FILE / "x").write_text("")
    result = build(EXAMPLE, tmp_path)
    assert getattr(result.exception, "exit_code", None) == 2
    assert index.FILE in str(result.exception)


def test_an_interrupt_ends_it_cleanly(tmp_path: Path) -> None:
    provider = copied(tmp_path)
    for number in range(60):
        customer(provider, f"bede{number}")
    out = tmp_path / "out"
    words = ["-m", "mailwright", "build", str(provider), "--out", str(out), "--jobs", "2"]
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while not any((out / STAGED).glob("bede*")):
            assert process.poll() is None
            time.sleep(0.01)
        import os

        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: all of them
        _out, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not (out / STAGED).exists()
    assert not (out / index.FILE).exists()
    assert "66 customers built" in last(build(provider, out))


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_is_for_terminals(tmp_path: Path, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from mailwright.cli import build as module

    said: list[str] = []
    monkeypatch.setattr(module.click, "echo", lambda text, **_options: said.append(text))
    monkeypatch.setattr(module.sys, "stderr", type("Stream", (), {"isatty": lambda _self: terminal})())
    progress = module._progress()
    progress(1, 20_000)
    time.sleep(0.25)
    progress(12_345, 20_000)
    progress(20_000, 20_000)
    assert [line.strip().rpartition(",")[0] for line in said] == (
        ["12,345 of 20,000 customers", "20,000 of 20,000 customers"] if terminal else []
    )
