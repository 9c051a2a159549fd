"""mailwright's own repository as others clone it: what of this checkout is needed to install it, committed."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.ci_service import git
from support.example import ROOT

_NEEDED = ("generator", "schemas", "templates", "roles", "ci")
_FILES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".pre-commit-hooks.yaml")


def source(folder: Path) -> Path:
    """A repository of one commit on ``main``."""
    folder.mkdir()
    for name in _NEEDED:
        skipped = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, folder / name, ignore=skipped, copy_function=shutil.copyfile)
    for name in _FILES:
        shutil.copyfile(ROOT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder
