"""Golden trees: what a build is, kept in git, so that a change shows as a difference to be read.

``make golden`` accepts what is built now.
"""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Mapping
from pathlib import Path


def differences(built: Mapping[str, bytes], golden: Path) -> list[str]:
    """A line for each file that is missing or too many, and a unified difference for each that differs."""
    kept = {
        path.relative_to(golden).as_posix(): path.read_bytes()
        for path in sorted(golden.rglob("*"))
        if path.is_file()
    }
    found = [f"missing in the build: {path}" for path in sorted(kept.keys() - built.keys())]
    found += [f"not in the golden tree: {path}" for path in sorted(built.keys() - kept.keys())]
    for path in sorted(kept.keys() & built.keys()):
        if kept[path] != built[path]:
            before, now = kept[path].decode().splitlines(), built[path].decode().splitlines()
            found += difflib.unified_diff(before, now, f"golden/{path}", f"built/{path}", lineterm="")
    return found


def accept(built: Mapping[str, bytes], golden: Path) -> None:
    """Makes the golden tree what was built."""
    shutil.rmtree(golden, ignore_errors=True)
    for path, data in built.items():
        target = golden / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
