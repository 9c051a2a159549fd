"""What somebody sees who waits for a rehearsal."""

from __future__ import annotations

import pytest

from mailwright.audit import PROBES
from mailwright.findings import Finding, Level, Status
from mailwright.rehearsal.progress import progress


def test_without_a_terminal_steps_and_verdicts_are_plain_lines_and_images_are_announced(
    capsys: pytest.CaptureFixture[str],
) -> None:
    probe = PROBES[0]
    failed = Finding(probe.id, probe.requirements[0], Level.MUST, Status.FAIL, "no")
    with progress() as told:
        told.step("Bringing up hosts")
        told.detail("debian-13: building the image of trixie (once, about a minute)")
        told.detail("joining networks")
        told.probe(probe, (failed,), 1.25)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line[9:] for line in shown.err.splitlines()] == [
        "Bringing up hosts",
        "  debian-13: building the image of trixie (once, about a minute)",
        f"  FAILED     {probe.title} (1.2 s)",
    ]
