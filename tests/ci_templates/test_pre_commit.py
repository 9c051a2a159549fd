"""The hook, run by pre-commit itself: it clones mailwright, installs it with pip, and judges descriptions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.ci_service import UNCOMPILED, Request, git, request
from support.ci_source import source
from support.package_index import needs_index

pytestmark = pytest.mark.slow

CONFIGURATION = """\
repos:
  - repo: {repository}
    rev: {commit}
    hooks:
      - id: mailwright-check
{more}"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with mailwright's repository, and where pre-commit keeps what it has installed."""
    folder = tmp_path_factory.mktemp("home")
    needs_index()
    source(folder / "mailwright")
    return folder


def pre_commit(home: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=folder,
        env=os.environ | UNCOMPILED | {"PRE_COMMIT_HOME": str(home / "cache"), "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def configure(home: Path, change: Request, more: str = "") -> None:
    """The hook, from that repository, with more that is said of it; all that is new is to be committed."""
    commit = git(home / "mailwright", "rev-parse", "HEAD")
    told = CONFIGURATION.format(repository=home / "mailwright", commit=commit, more=more)
    (change.folder / ".pre-commit-config.yaml").write_text(told, encoding="utf-8")
    git(change.folder, "add", "--all")


def test_a_good_description_passes_and_a_bad_one_does_not(home: Path, tmp_path: Path) -> None:
    change = request(tmp_path / "repository")
    (change.folder / "build" / "college.ac.uk").mkdir(parents=True)
    (change.folder / "build" / "college.ac.uk" / "site.yml").write_text("- hosts: all\n", encoding="utf-8")
    (change.folder / "--second").mkdir()
    (change.folder / "--second" / "site.yml").write_text("extends: ../site.yml\n", encoding="utf-8")
    configure(home, change, "        args: [site.yml, --second/site.yml]\n")
    done = pre_commit(home, change.folder, "run", "--all-files", "--verbose")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout
    change.commit("timezone: Europe/London", "timezone: Nowhere/London")
    done = pre_commit(home, change.folder, "run", "--all-files", "--verbose")
    assert done.returncode == 1
    assert "exit code: 2" in done.stdout
    assert "site.yml:5:13" in done.stdout


def test_people_are_judged_with_their_description(home: Path, tmp_path: Path) -> None:
    change = request(tmp_path / "repository")
    people = change.folder / "people.csv"
    people.write_text(people.read_text(encoding="utf-8") + "km217,Twice,Twice@college.ac.uk\n", encoding="utf-8")
    configure(home, change)
    done = pre_commit(home, change.folder, "run")
    assert done.returncode == 1
    assert "people.csv:" in done.stdout
    assert done.stdout.count("Failed") == 1
