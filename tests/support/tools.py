"""Parsers that are asked on this machine: a test without its tool is skipped, but fails where CI is."""

from __future__ import annotations

import os
import shutil

import pytest


def need(*commands: str, root: bool = False) -> None:
    """Skip the test when a command is not installed or root is needed and not there; with CI set, fail."""
    missing = [command for command in commands if shutil.which(command) is None]
    if root and os.geteuid() != 0:
        missing.append("root")
    if missing:
        reason = f"this machine has no {', '.join(missing)}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
