"""Commands on hosts are run in a container's first process, and never in another that has its number."""

from __future__ import annotations

import os
import subprocess

from mailwright.rehearsal import vantage
from mailwright.rehearsal.vantage import PodmanShell


def test_a_number_alone_is_not_a_process() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        first = vantage._Process(process.pid, vantage._began(process.pid))
        assert first.lives
        assert not vantage._Process(process.pid, f"{first.began}0").lives
        process.kill()
    assert not first.lives
    assert not vantage._Process(0, "").lives


def test_where_no_container_runs_nothing_is_run() -> None:
    shell = PodmanShell({"mail.college.ac.uk": "mailwright-no-such-container"})
    shell._first["mail.college.ac.uk"] = vantage._Process(os.getpid(), "another time")
    assert shell.run("mail.college.ac.uk", "true") == (125, "mail.college.ac.uk is not running")
