"""Passwords of one customer at another's door: last, because the guard remembers them (SCALE-2)."""

from __future__ import annotations

import pytest

from mailwright.findings import Status
from mailwright.rehearsal.platform import PlatformStage

IDS = ("abbey", "college", "harbour", "school", "trust")


@pytest.mark.parametrize("name", IDS)
def test_a_password_fits_one_customer_alone(platform: PlatformStage, name: str) -> None:
    guest = next(one for one in platform.prepared.guests if one.id == name)
    ran = platform.probe(guest, lambda _probe, _findings, _seconds: None, late=True)
    assert [str(finding) for finding in ran.findings if finding.status is not Status.PASS] == []
    assert {finding.id for finding in ran.findings} == {"walls.login"}
