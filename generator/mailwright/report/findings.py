"""Findings as text, JSON, SARIF, GitHub annotations or JUnit: one function per format, all from the same list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailwright.findings import Finding
from mailwright.report import (
    findings_github,
    findings_json,
    findings_junit,
    findings_sarif,
    findings_text,
)

Printer = Callable[[Sequence[Finding]], str]

FORMATS: tuple[tuple[str, Printer], ...] = (
    ("text", findings_text.render),
    ("json", findings_json.render),
    ("sarif", findings_sarif.render),
    ("github", findings_github.render),
    ("junit", findings_junit.render),
)


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """By place, then by id: the order in which every format gives them."""
    return sorted(
        findings,
        key=lambda item: (
            item.where is None,
            (item.where.file, item.where.line, item.where.column) if item.where else ("", 0, 0),
            item.id,
            item.message,
        ),
    )


def render(format_name: str, findings: Sequence[Finding]) -> str:
    """The findings in that format, in order, ending in a newline unless there is nothing to say."""
    return dict(FORMATS)[format_name](in_order(findings))
