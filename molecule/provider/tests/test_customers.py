"""Each customer of the shared hosts, by itself and against the others (SCALE-2)."""

from __future__ import annotations

import pytest

from mailwright.findings import Status
from mailwright.rehearsal.platform import PlatformStage

IDS = ("abbey", "college", "harbour", "school", "trust")


def test_all_are_here(platform: PlatformStage) -> None:
    assert tuple(guest.id for guest in platform.prepared.guests) == IDS


@pytest.mark.parametrize("name", IDS)
def test_what_is_asked_of_a_site_holds_of_each_and_walls_stand(platform: PlatformStage, name: str) -> None:
    guest = next(one for one in platform.prepared.guests if one.id == name)
    ran = platform.probe(guest, lambda _probe, _findings, _seconds: None)
    assert [str(finding) for finding in ran.findings if finding.status is not Status.PASS] == []
    assert {"walls.sender", "walls.mailbox", "walls.delivery", "addresses.reach"} <= {
        finding.id for finding in ran.findings
    }
