"""A hundred thousand people. Time and memory are printed (``pytest -s``), not judged: that is for `make bench`."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.example import EXAMPLE

PEOPLE = 100_000


@pytest.mark.slow
def test_everybody_is_in_the_build(tmp_path: Path) -> None:
    for path in EXAMPLE.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    csv = tmp_path / "people.csv"
    header, *known = csv.read_text().splitlines()
    assert header.split(",")[:4] == ["login", "name", "address", "aliases"]
    rest = "," * (header.count(",") - 3)
    rows = (
        f"u{number:06d},First Last{number},First.Last{number}@college.ac.uk,f.last{number}@college.ac.uk{rest}"
        for number in range(PEOPLE)
    )
    csv.write_text("\n".join((header, *known, *rows)) + "\n")
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "mailwright", "build", str(tmp_path / "site.yml"), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
    )
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\n{PEOPLE} people: {took:.1f} s, {peak:.0f} MiB")
    assert done.returncode in (0, 1), done.stdout + done.stderr
    host = tmp_path / "out" / "college.ac.uk" / "hosts" / "mail.college.ac.uk"
    for table in ("postfix/etc/postfix/virtual_mailboxes", "dovecot/etc/dovecot/users"):
        lines = (host / table).read_text().splitlines()
        assert sum("u0" in line for line in lines) >= PEOPLE
        assert any(f"last{PEOPLE - 1}@college.ac.uk" in line for line in lines)
