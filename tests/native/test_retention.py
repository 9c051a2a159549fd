"""Retention over simulated days, by logrotate of both releases: no line or seal goes early, none stays too long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mailwright.components import logs
from mailwright.plan import make
from support.example import example, load_example
from support.native import RELEASES, run

pytestmark = pytest.mark.native

HOST = "mail.college.ac.uk"
DAYS = (Path(__file__).parent / "retention_days.py").read_text(encoding="utf-8")
# logrotate's hook asks systemd to tell rsyslog, and neither runs here.
QUIET = ["sh", "-c", "printf '#!/bin/sh\\n' > /usr/lib/rsyslog/rsyslog-rotate"]
BEFORE = [["systemd-sysusers"], ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/mailwright.conf"], QUIET]


def simulated(release: str, days: int, maximum: int, passing: str) -> list[list[str]]:
    """What was there each morning: see retention_days.py."""
    logging = replace(load_example().logging, days=days, minimum_days=days, maximum_days=maximum)
    plan = make(example(logging=logging))
    host = replace(plan.host(HOST), os=release)  # type: ignore[arg-type]
    made = tuple(logs.files(plan, host))
    programs = ["chmod", "755", *(file.path for file in made if file.mode == 0o755)]
    files = {file.path: file.text for file in made}
    done = run(release, ["python3", "-c", DAYS, passing], files, before=[*BEFORE, programs])
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Fault(") == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("days", "maximum", "passing"),
    [
        (92, 100, "110x1"),
        (10, 12, "13x1 1x2 6x1 1x3 14x1"),
        (10, 20, "15x1 1x15 3x1 1x200 5x1"),
    ],
    ids=["every day", "short absences", "long absences"],
)
def test_all_is_there_until_its_days_are_over_and_gone_before_the_maximum(
    release: str, days: int, maximum: int, passing: str
) -> None:
    mornings = simulated(release, days, maximum, passing)
    assert len(mornings) == sum(int(part.partition("x")[0]) for part in passing.split())
    assert int(mornings[-1][0]) > maximum
    before = 0
    for now, oldest, lost, oldest_seal, lost_seal, *well in mornings:
        # What grew too old while the host was off is put away on the first morning, and gone on the second.
        if int(now) == before + 1:
            assert int(oldest) <= maximum, now
            assert int(oldest_seal) <= maximum, now
        before = int(now)
        for gone in (int(lost), int(lost_seal)):
            assert gone == -1 or gone > days, now
        assert well == ["as", "sealed"], now
    # Something did go, or this would show nothing.
    assert int(mornings[-1][2]) > days
    assert int(mornings[-1][4]) > days
