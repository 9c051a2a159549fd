"""The findings of an audit for people: one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from mailwright.findings import Status
from mailwright.formats.engine import render as render_template
from mailwright.formats.html import HTML
from mailwright.report.audit_checks import counts, groups
from mailwright.report.evidence import Run


def render(organisation: str, run: Run, notes: Sequence[str]) -> str:
    """The page. ``notes``: what is to be known of this run. No script, and nothing loaded from elsewhere."""
    found = groups(run.findings)
    number = counts(check for group in found for check in group.checks)
    return render_template(
        HTML,
        "report/audit.html.j2",
        organisation=organisation,
        domain=run.domain,
        version=run.version,
        vantage=", ".join(run.vantages),
        addresses=", ".join(run.addresses),
        started=run.started.isoformat(sep=" ", timespec="seconds"),
        ended=run.ended.isoformat(sep=" ", timespec="seconds"),
        complete=run.complete,
        counts=[
            ("pass", "met", number[Status.PASS]),
            ("FAIL", "not met", number[Status.FAIL]),
            ("not proven", "not proven", number[Status.NOT_PROVEN]),
        ],
        groups=found,
        notes=notes,
    )
