"""The trial of the seals by which the probe ``logs.sealed`` goes, with openssl and sed of both releases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.audit import logs_kept
from mailwright.components import logs
from mailwright.plan import make
from support.example import split
from support.native import RELEASES, run

pytestmark = pytest.mark.native

KEEPER = "log.college.ac.uk"


def told(release: str, *before: list[str]) -> list[tuple[str, bool]]:
    """Name and truth of what the probe sees of the trial, where these commands have been run before."""
    plan = make(split())
    host = replace(plan.host(KEEPER), os=release)  # type: ignore[arg-type]
    made = tuple(logs.files(plan, host))
    programs = ["chmod", "755", *(file.path for file in made if file.mode == 0o755)]
    files = {file.path: file.text for file in made}
    script = logs_kept.trial("hosts/mail.college.ac.uk/mail.log")
    done = run(release, ["sh", "-c", script], files, before=[["systemd-sysusers"], programs, *before])
    return [(seen.what, bool(seen.ok)) for seen in logs_kept.judged(KEEPER, done.returncode, done.stdout)]


@pytest.mark.parametrize("release", RELEASES)
def test_each_deed_is_found_for_what_it_is(release: str) -> None:
    found = told(release)
    assert len(found) == 8
    assert [what for what, ok in found if not ok] == []


def test_a_verifier_that_sees_nothing_is_found_out() -> None:
    blind = ["sed", "-i", "s/^        self.faults.append(.*/        pass/", "/usr/local/sbin/mailwright-seal"]
    found = told("debian-13", blind)
    assert [ok for _, ok in found] == [True, *[False] * 7]
