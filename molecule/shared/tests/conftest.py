"""What the tests of a scenario work with: its stage, and its hosts by way of testinfra."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
import testinfra
from testinfra.host import Host

from mailwright.drift import expected, runner
from mailwright.findings import Finding
from mailwright.rehearsal.command import attempt
from mailwright.rehearsal.rehearse import Stage, evidence_of
from mailwright.report.evidence import to_json
from mailwright.report.verdicts import Verdict


def _lab() -> ModuleType:
    path = Path(__file__).resolve().parents[1] / "lab.py"
    spec = importlib.util.spec_from_file_location("lab", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
HOSTS = tuple(json.loads((FOLDER / "lab.yml").read_text(encoding="utf-8"))["all"]["hosts"])
COMPONENTS = [
    (host, place.name) for host in HOSTS for place in sorted((FOLDER / "project" / "hosts" / host).iterdir())
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that wants ``name`` runs for each host; one that wants ``component`` too, for each of its parts."""
    if "component" in metafunc.fixturenames:
        metafunc.parametrize(("name", "component"), COMPONENTS)
    elif "name" in metafunc.fixturenames:
        metafunc.parametrize("name", HOSTS)


@pytest.fixture(scope="session")
def stage() -> Stage:
    stage: Stage = _lab().attach(FOLDER)
    return stage


@pytest.fixture
def host(stage: Stage, name: str) -> Host:
    """A host of the site. (As root in its container: what SSH reaches is tested by the deployment itself.)"""
    return testinfra.get_host(f"podman://{stage.lab.containers[name]}")


@pytest.fixture(scope="session")
def drift(stage: Stage) -> Callable[[], tuple[Finding, ...]]:
    """Asks all hosts what differs from what was built."""
    hosts = expected.hosts(stage.prepared.plan)

    def ask(host: str, program: bytes) -> tuple[int, bytes]:
        argv = ["podman", "exec", "--interactive", stage.lab.containers[host], "/usr/bin/python3", "-I", "-"]
        status, said = attempt(argv, stdin=program.decode(), timeout=runner.LIMIT)
        return status, said.encode()

    return lambda: runner.look(hosts, ask, lambda _text: None)


@pytest.fixture(scope="session")
def probed(stage: Stage) -> tuple[Finding, ...]:
    """What all probes found. They run once; FOLDER/evidence.json keeps it for a scenario's own tests."""
    started = datetime.now(UTC)
    ran = stage.probe(lambda _probe, _findings, _seconds: None)
    run = evidence_of(stage.prepared.site, stage, started, ran.findings, ran.complete)
    (FOLDER / "evidence.json").write_text(to_json(run), encoding="utf-8")
    return ran.findings


@pytest.fixture(scope="session")
def verdicts(stage: Stage, probed: tuple[Finding, ...]) -> dict[str, Verdict]:
    return {verdict.requirement.id: verdict for verdict in stage.prepared.judge(probed)}
