"""Runs of probes as evidence: tests say only what differs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from mailwright.audit.model import Probe
from mailwright.findings import Finding, Status, Target
from mailwright.plan.digest import digest
from mailwright.plan.model import Plan
from mailwright.report.evidence import Run
from mailwright.requirements.lookup import level_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLAN = "0" * 63 + "1"
PLAIN = Run(
    kind="audit",
    vantages=("outside",),
    addresses=("203.0.113.7",),
    started=NOW - timedelta(minutes=5),
    ended=NOW,
    version="0.1.0",
    domain="college.ac.uk",
    plan=PLAN,
    complete=True,
    findings=(),
)


def run(*findings: Finding, days: float = 0, **parts: object) -> Run:
    """A run that ended so many days before NOW."""
    ended = NOW - timedelta(days=days)
    moments = {"started": ended - timedelta(minutes=5), "ended": ended}
    return replace(PLAIN, findings=findings, **(moments | parts))  # type: ignore[arg-type]


def found(status: Status, id_: str, requirement: str, text: str = "", **parts: object) -> Finding:
    """What a probe found."""
    level = level_of(requirement)
    assert level is not None
    message = text or f"{id_}: {status.value}"
    plain = Finding(id_, requirement, level, status, message, target=Target("mail.college.ac.uk", 25))
    return replace(plain, **parts)  # type: ignore[arg-type]


def of_all(probes: Iterable[Probe], status: Status = Status.PASS) -> tuple[Finding, ...]:
    """What these probes find when all end so."""
    return tuple(
        found(status, probe.id, requirement, probe.title, evidence="1 observation\nRCPT TO: 554 5.7.1 denied")
        for probe in probes
        for requirement in probe.requirements
    )


def for_plan(plan: Plan, *findings: Finding, **parts: object) -> Run:
    """A run that was judged by this plan."""
    return run(*findings, plan=digest(plan), **parts)


def file_of(made: Run) -> tuple[str, str, Run]:
    """The run as ``merge.sources`` takes it."""
    return "run.json", sha256(repr(made).encode()).hexdigest(), made
