"""The probes and their published page."""

from __future__ import annotations

import inspect

import pytest

from mailwright.audit import PROBES
from mailwright.audit.model import Probe
from mailwright.audit.page import page
from mailwright.requirements.lookup import level_of
from support.example import ROOT


def test_the_page_is_that_of_the_probes() -> None:
    """To mend: python -m mailwright.audit.page > docs/reference/probes.md"""
    assert (ROOT / "docs/reference/probes.md").read_text(encoding="utf-8") == page()


def test_ids_are_unique() -> None:
    assert len({probe.id for probe in PROBES}) == len(PROBES)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.id)
def test_each_probe_names_requirements_of_the_catalogue_and_says_what_it_does(probe: Probe) -> None:
    assert probe.requirements
    for requirement in probe.requirements:
        assert level_of(requirement) is not None, requirement
    assert inspect.getdoc(probe.run)
