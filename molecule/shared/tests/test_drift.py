"""Hosts that nobody touched since the apply are as they were built, whatever is on them."""

from __future__ import annotations

from mailwright.drift import expected, runner
from mailwright.rehearsal.command import attempt
from mailwright.rehearsal.rehearse import Stage


def test_nothing_differs(stage: Stage) -> None:
    """As root in the containers: what ssh reaches is tried in the scenario ``default``."""
    hosts = expected.hosts(stage.prepared.plan)

    def ask(host: str, program: bytes) -> tuple[int, bytes]:
        argv = ["podman", "exec", "--interactive", stage.lab.containers[host], "/usr/bin/python3", "-I", "-"]
        status, said = attempt(argv, stdin=program.decode(), timeout=runner.LIMIT)
        return status, said.encode()

    found = runner.look(hosts, ask, lambda _text: None)
    assert [f"{one.target} {one.id} {one.message}: {one.evidence}" for one in found] == []
    assert {part.component for host in hosts for part in host.parts}
