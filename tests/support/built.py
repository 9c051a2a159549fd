"""A built project without the command line: from a Site, or from a description on disk."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from mailwright.build import inputs, project
from mailwright.build.tree import Tree
from mailwright.plan import make
from mailwright.requirements.evaluate import evaluate
from mailwright.site.model import Site
from mailwright.site.read import read

DAY = date(2026, 3, 1)


def built(site: Site) -> Tree:
    """The project of a site as it is judged on one fixed day."""
    return project(site, make(site), evaluate(site, DAY), ())


def built_from(path: Path) -> Tree:
    """The project of the description at ``path``, with its inputs in the manifest."""
    reading = read(path)
    assert reading.site is not None, reading.findings
    findings = [item for item in evaluate(reading.site, DAY) if item.where is None]
    return project(reading.site, make(reading.site), findings, inputs.of(reading, path.parent))
