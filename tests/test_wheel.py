"""The wheel carries all that a build needs: installed in a clean environment, it builds from another folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*argv: str | Path, cwd: Path, home: Path) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name == "PATH" or name.startswith(("PIP_", "SSL_", "LANG", "LC_"))
    } | {"HOME": str(home)}
    done = subprocess.run(
        [str(word) for word in argv], cwd=cwd, env=environment, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_builds_the_example_from_another_folder(tmp_path: Path) -> None:
    home, elsewhere, dist = tmp_path / "home", tmp_path / "elsewhere", tmp_path / "dist"
    for folder in (home, elsewhere, dist):
        folder.mkdir()
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", dist, ROOT, cwd=tmp_path, home=home)
    (wheel,) = dist.glob("mailwright-*.whl")

    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / "bin"
    run(programs / "python", "-m", "pip", "install", "-q", wheel, cwd=tmp_path, home=home)
    shutil.copytree(ROOT / "inventories" / "example", elsewhere / "site")

    run(programs / "mailwright", "check", "site/site.yml", cwd=elsewhere, home=home)
    run(programs / "mailwright", "build", "site/site.yml", "--out", "made", cwd=elsewhere, home=home)

    from_wheel = {
        path.relative_to(elsewhere / "made"): path.read_bytes()
        for path in (elsewhere / "made").rglob("*")
        if path.is_file()
    }
    run(
        Path(sys.executable).parent / "mailwright", "build", "site/site.yml", "--out", "from-checkout",
        cwd=elsewhere, home=home,
    )  # fmt: skip
    from_checkout = {
        path.relative_to(elsewhere / "from-checkout"): path.read_bytes()
        for path in (elsewhere / "from-checkout").rglob("*")
        if path.is_file()
    }
    assert from_wheel == from_checkout
    assert any(path.name == "main.cf" for path in from_wheel)
