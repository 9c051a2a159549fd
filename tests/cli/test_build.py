"""mailwright build."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwright.cli.build import command
from support.example import EXAMPLE


def build(path: Path, out: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        command, [str(path), "--out", str(out), "--today", "2026-03-01", *arguments], standalone_mode=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    for path in EXAMPLE.parent.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder / "site.yml"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_the_example_is_built_and_built_again(tmp_path: Path) -> None:
    first = build(EXAMPLE, tmp_path)
    assert first.return_value == 0, first.output
    assert (tmp_path / "college.ac.uk" / "MANIFEST.json").is_file()
    assert " 0 changed, 0 removed" in first.output
    assert "nothing changed" in build(EXAMPLE, tmp_path).output


def test_a_broken_must_builds_nothing(copy: Path, tmp_path: Path) -> None:
    change(copy, "  abuse: [rl204, ii305]\n", "")
    result = build(copy, tmp_path / "out")
    assert result.return_value == 1
    assert "MUST ROLE-1" in result.output
    assert "Nothing was built" in result.output
    assert not (tmp_path / "out").exists()


def test_a_broken_should_is_built_with_status_1_and_with_0_once_it_is_waived(copy: Path, tmp_path: Path) -> None:
    change(copy, "support: {members: [ii305, wm118, nn223]", "support: {members: [ii305]")
    result = build(copy, tmp_path / "out")
    assert result.return_value == 1
    assert "ROLE-5" in result.output
    matrix = json.loads((tmp_path / "out" / "college.ac.uk" / "compliance" / "matrix.json").read_text())
    (verdict,) = [item for item in matrix["requirements"] if item["id"] == "ROLE-5"]
    assert (verdict["verdict"], verdict["waived"]) == ("not met", False)
    copy.write_text(
        copy.read_text()
        + "\nwaivers:\n  ROLE-5: {reason: only one is trained yet, owner: Rosa Luxemburg, until: 2026-06-30}\n"
    )
    result = build(copy, tmp_path / "out")
    assert result.return_value == 0, result.output
    assert "waived" in result.output
    matrix = json.loads((tmp_path / "out" / "college.ac.uk" / "compliance" / "matrix.json").read_text())
    (verdict,) = [item for item in matrix["requirements"] if item["id"] == "ROLE-5"]
    assert (verdict["verdict"], verdict["waived"]) == ("not met", True)


def test_a_broken_should_in_the_matrix_names_the_place_from_the_descriptions_folder(
    copy: Path, tmp_path: Path
) -> None:
    change(copy, "support: {members: [ii305, wm118, nn223]", "support: {members: [ii305]")
    build(copy, tmp_path / "out")
    text = (tmp_path / "out" / "college.ac.uk" / "compliance" / "matrix.json").read_text()
    assert '"site.yml:' in text
    assert str(tmp_path) not in text


def test_input_that_cannot_be_used_builds_nothing(copy: Path, tmp_path: Path) -> None:
    change(copy, "os: debian-13", "os: debian-9")
    result = build(copy, tmp_path / "out")
    assert result.return_value == 2
    assert not (tmp_path / "out").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "college.ac.uk").mkdir()
    (tmp_path / "college.ac.uk" / "letter").write_text("mine")
    result = build(EXAMPLE, tmp_path)
    assert getattr(result.exception, "exit_code", None) == 2
    assert "not empty" in str(result.exception)
    assert os.listdir(tmp_path / "college.ac.uk") == ["letter"]  # noqa: PTH208


def test_an_output_folder_that_cannot_be_made_is_status_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = build(EXAMPLE, tmp_path / "file" / "below")
    assert getattr(result.exception, "exit_code", None) == 2


def test_a_value_that_a_format_cannot_carry_leads_back_to_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailwright.build import inventory
    from mailwright.formats.engine import FormatError

    def refuse(_plan: object) -> None:
        raise FormatError("College of Example", "a test", "it is refused")

    monkeypatch.setattr(inventory, "make", refuse)
    result = build(EXAMPLE, tmp_path)
    assert result.return_value == 2
    line = next(n for n, text in enumerate(EXAMPLE.read_text().splitlines(), 1) if "College of Example" in text)
    assert f"{EXAMPLE}:{line}:" in result.output
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_with_another_format_standard_output_is_that_format_alone(tmp_path: Path) -> None:
    result = build(EXAMPLE, tmp_path, "--format", "json")
    assert json.loads(result.stdout)["counts"]
    assert "files" in result.stderr


def test_who_is_on_which_store_is_remembered_and_stays(copy: Path, tmp_path: Path) -> None:
    remembered, people = copy.parent / "stores.csv", copy.parent / "people.csv"
    assert build(copy, tmp_path / "out").return_value == 0
    assert not remembered.exists()
    first = 'mail.college.ac.uk: {addresses: [198.51.100.25, "2001:db8:c011::25"], os: debian-13}\n'
    second = "store2.college.ac.uk: {addresses: [198.51.100.31], os: debian-13, functions: [store]}\n"
    change(copy, f"  {first}", f"  {first}  {second}")
    result = build(copy, tmp_path / "out")
    assert f"{remembered} remembers" in result.output
    before = set(remembered.read_text().splitlines())
    assert len(before) == 41
    # Somebody comes who is the first by login: nobody else moves for that.
    row = "aa000,New One,New.One@college.ac.uk" + "," * (people.read_text().splitlines()[0].count(",") - 2)
    people.write_text(people.read_text() + row + "\n")
    build(copy, tmp_path / "out")
    after = set(remembered.read_text().splitlines())
    assert before < after
    assert {line.partition(",")[0] for line in after - before} == {"aa000"}


def test_the_language_of_the_shell_does_not_matter(tmp_path: Path) -> None:
    """Templates are UTF-8 where the system says ASCII, as cron and small containers do."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mailwright",
            "build",
            str(EXAMPLE),
            "--today",
            "2026-03-01",
            "--out",
            str(tmp_path / "build"),
        ],
        env=os.environ | plain,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
