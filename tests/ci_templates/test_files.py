"""The files that others use are what GitHub, GitLab and pre-commit take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.example import ROOT


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", *map(str, command)]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


SCHEMAS = {
    "ci/github/action.yml": ("vendor.github-actions",),
    "ci/gitlab/mailwright.yml": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
}


@pytest.mark.parametrize("path", SCHEMAS)
def test_the_services_schemas_take_them(path: str, tmp_path: Path) -> None:
    check = ("check_jsonschema", "--builtin-schema", *SCHEMAS[path])
    done = run(*check, ROOT / path)
    assert done.returncode == 0, done.stdout
    text = (ROOT / path).read_text(encoding="utf-8")
    bad = tmp_path / "bad.yml"
    bad.write_text(text.replace("using: composite", "using: magic").replace("when: always", "when: perhaps"))
    assert run(*check, bad).returncode == 1


def test_the_example_of_the_manual_is_a_workflow(tmp_path: Path) -> None:
    """It is copied."""
    manual = (ROOT / "docs" / "how-to.md").read_text(encoding="utf-8")
    block = manual[manual.index("    on: pull_request\n") :].split("\n\nA pull request", 1)[0]
    example = tmp_path / "mail.yml"
    example.write_text("".join(f"{line.removeprefix('    ')}\n" for line in block.splitlines()), encoding="utf-8")
    assert "uses: OWNER/mailwright/ci/github@" in block
    done = run("check_jsonschema", "--builtin-schema", "vendor.github-workflows", example)
    assert done.returncode == 0, done.stdout


def test_the_hooks_are_valid(tmp_path: Path) -> None:
    assert run("pre_commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml").returncode == 0
    bad = tmp_path / "hooks.yaml"
    bad.write_text("- id: mailwright-check\n")
    assert run("pre_commit", "validate-manifest", bad).returncode == 1


@pytest.mark.parametrize("path", ["ci/review.sh"])
def test_scripts_are_bash(path: str) -> None:
    assert subprocess.run(["bash", "-n", str(ROOT / path)], check=False).returncode == 0
