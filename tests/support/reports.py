"""Reports on the example, of evidence that a test says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache

from mailwright import plan as planning
from mailwright.audit import for_site
from mailwright.build import Input, project
from mailwright.plan.digest import digest
from mailwright.report import merge
from mailwright.report.compliance import Basis, Report, compile_
from mailwright.report.evidence import Run
from mailwright.requirements.evaluate import evaluate
from mailwright.site.model import Site
from support.example import load_example
from support.runs import NOW, file_of, for_plan, of_all

TODAY = NOW.date()


def basis(site: Site | None = None, today: date = TODAY) -> Basis:
    """What a report on the site (the example) is made of."""
    site = site or load_example()
    plan = planning.make(site)
    checks = evaluate(site, today)
    files = (Input("site.yml", "a" * 64, "site.yml", b"a: 1\n", main=True),)
    return Basis(site, plan.hosts, checks, files, project(site, plan, checks, files), digest(plan), for_site(plan))


@cache
def example_basis() -> Basis:
    return basis()


def report(*runs: Run, of: Basis | None = None, today: date = TODAY) -> Report:
    """The report on the example, or on another basis, from these runs."""
    made = of or example_basis()
    return compile_(made, merge.sources(map(file_of, runs), made.plan, today), today)


def rehearsed(of: Basis | None = None, **parts: object) -> Run:
    """A rehearsal in which everything passed."""
    made = of or example_basis()
    return replace(
        for_plan(planning.make(made.site), *of_all(made.probes), kind="rehearsal", days=1),
        vantages=("inside", "outside", "host"),
        **parts,  # type: ignore[arg-type]
    )


def audited(vantage: str, of: Basis | None = None, leave_out: Iterable[str] = (), **parts: object) -> Run:
    """An audit from there in which everything passed that may be looked at in a running service."""
    made = of or example_basis()
    probes = [
        probe
        for probe in made.probes
        if probe.vantage == vantage and not probe.harm and probe.id not in set(leave_out)
    ]
    return replace(
        for_plan(planning.make(made.site), *of_all(probes)),
        vantages=(vantage,),
        **parts,  # type: ignore[arg-type]
    )
