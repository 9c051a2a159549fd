"""Processor time that one organisation costs, step by step, once templates and texts are loaded: the example's.

python bench/organisation.py

Each figure is the least of many runs, since other work on the machine only adds to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from mailwright import pages
from mailwright.build import project
from mailwright.components import dns
from mailwright.plan import make, stored
from mailwright.requirements.evaluate import evaluate
from mailwright.site.read import read

EXAMPLE = Path(__file__).resolve().parent.parent / "inventories" / "example" / "site.yml"
RUNS = 150
TODAY = date(2026, 1, 1)


def least(step: Callable[[], object]) -> float:
    """Milliseconds."""
    found = []
    for _ in range(RUNS):
        started = time.process_time()
        step()
        found.append(time.process_time() - started)
    return min(found) * 1000


def steps() -> None:
    site = read(EXAMPLE).site
    if site is None:
        raise SystemExit("the example cannot be used")
    plan = make(site)
    findings = tuple(evaluate(site, TODAY))
    named: tuple[tuple[str, Callable[[], object]], ...] = (
        ("read", lambda: read(EXAMPLE)),
        ("judged by all rules", lambda: tuple(evaluate(site, TODAY))),
        ("planned", lambda: make(site)),
        ("zones", lambda: dns.fragments(plan)),
        ("tables, stored", lambda: stored.dump(plan)),
        ("pages", lambda: pages.files(plan)),
    )
    total = 0.0
    for name, step in named:
        milliseconds = least(step)
        total += milliseconds
        print(f"{name:<60} {milliseconds:8.2f} ms", flush=True)
    print(f"{'together':<60} {total:8.2f} ms   wanted: 10 ms", flush=True)
    whole = least(lambda: project(site, plan, findings, ()))
    print(f"{'a project of its own, with what lands on its host':<60} {whole:8.2f} ms", flush=True)


if __name__ == "__main__":
    steps()
