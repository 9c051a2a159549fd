"""Each scenario of molecule: its hosts are brought up, applied twice, probed and judged."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.example import ROOT

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

# Those with most to do first, as they are named; then all others.
_LONG = ("whole", "split", "gateway")
_FOUND = sorted(path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml"))
SCENARIOS = [*_LONG, *(name for name in _FOUND if name not in _LONG)]

_TELLING = re.compile(r"^\s*\"?(?:FAILED|ERROR|E  )|^(?:fatal|failed): ")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str) -> None:
    beside = Path(sys.executable).parent  # molecule calls its tools by name
    done = subprocess.run(
        [beside / "molecule", "test", "--scenario-name", scenario],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{beside}:{os.environ['PATH']}", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    print(done.stdout)  # shown when the test fails
    assert done.returncode == 0, "\n".join(_gist(done.stdout))


def _gist(said: str) -> list[str]:
    """The lines of molecule's output that say what failed: pytest's own, and Ansible's."""
    return [line for line in said.splitlines() if _TELLING.search(line)]
