"""Findings as annotations of GitHub Actions (workflow commands)."""

from __future__ import annotations

from collections.abc import Sequence

from mailwright.findings import Finding, Level, Status

_COMMANDS = {Level.ERROR: "error", Level.MUST: "error"}


def render(findings: Sequence[Finding]) -> str:
    """A command for each finding but those that passed: error for a failed MUST, warning, or notice."""
    return "".join(f"{_command(finding)}\n" for finding in findings if finding.status is not Status.PASS)


def _command(finding: Finding) -> str:
    command = _COMMANDS.get(finding.level, "warning") if finding.fails else "notice"
    properties = {"title": f"{finding.level.value} {finding.id}"}
    if finding.where:
        place = finding.where
        properties = {"file": place.file, "line": str(place.line), "col": str(place.column), **properties}
    head = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = f"{finding.message}\n{finding.fix}" if finding.fix else finding.message
    return f"::{command} {head}::{_data(text)}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
