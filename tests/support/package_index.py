"""Whether pip can fetch packages here: an installation as others do it needs their index, or what stands for it."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from support.ci_service import bash


def needs_index() -> None:
    """Skips the test where there is no index."""
    if fault := _fault():
        pytest.skip(f"pip reaches no package index: {fault}")


@cache
def _fault() -> str:
    """What pip says last when it is to fetch what every build of mailwright needs; empty: it can."""
    fetch = '"$PYTHON" -I -m pip download --quiet --retries 1 --timeout 20 --no-deps --no-cache-dir hatchling'
    with TemporaryDirectory() as folder:
        done = bash(fetch, Path(folder), {"PYTHON": sys.executable}, Path(folder))
    return (done.stderr.splitlines() or [f"status {done.returncode}"])[-1] if done.returncode else ""
