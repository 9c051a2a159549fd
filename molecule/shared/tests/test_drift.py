"""Hosts that nobody touched since the apply are as they were built, whatever is on them."""

from __future__ import annotations

from collections.abc import Callable

from mailwright.drift import expected
from mailwright.findings import Finding
from mailwright.rehearsal.rehearse import Stage


def test_nothing_differs(stage: Stage, drift: Callable[[], tuple[Finding, ...]]) -> None:
    """As root in the containers: what ssh reaches is tried in the scenario ``default``."""
    assert [f"{one.target} {one.id} {one.message}: {one.evidence}" for one in drift()] == []
    assert {part.component for host in expected.hosts(stage.prepared.plan) for part in host.parts}
