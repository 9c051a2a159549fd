"""The schemas of a provider's files, made in part of a site's."""

from __future__ import annotations

from typing import Any

import pytest

from mailwright.findings import Findings
from mailwright.provider.model import OWN_KEYS
from mailwright.source import schema
from mailwright.source.compose import compose
from mailwright.source.document import Document
from mailwright.source.parts import LAYER, MADE, OWN, part, path, read, text


@pytest.mark.parametrize(("name", "make"), MADE)
def test_the_files_are_as_they_are_made(name: str, make: Any) -> None:
    """``python -m mailwright.source.parts`` writes them anew."""
    assert path(name).read_text(encoding="utf-8") == text(make(read(name), read("site")))


def test_a_part_may_leave_out_what_a_whole_description_needs() -> None:
    made = part(read("site"))
    assert "required" not in made
    assert "required" not in made["properties"]["organisation"]
    assert made["properties"]["people"]["items"]["required"] == ["login", "name", "address"]


@pytest.mark.parametrize(
    ("said", "faults"),
    [
        ("organisation: {timezone: Europe/London}", []),
        ("hosts: {a.ac.uk: {os: debian-13}}", []),
        ("platform: shared\nprofiles: [a, b]", []),
        ("people: [{login: a}]", ["schema.missing-property", "schema.missing-property"]),
        ("organisation: {nome: A}", ["schema.unknown-property"]),
        ("platform: Shared", ["schema.pattern"]),
        ("profiles: [a, a]", ["schema.repeated"]),
        ("leaving: {stop: 2027-03-31}", ["schema.missing-property", "schema.missing-property"]),
    ],
)
def test_a_layer_is_judged_by_what_it_says(said: str, faults: list[str]) -> None:
    findings = Findings()
    root = compose(said.encode(), "x.yml", findings)
    assert root is not None
    schema.check(Document.of("x.yml", root), findings, LAYER)
    assert [item.id for item in findings.items] == faults


def test_the_keys_of_a_customers_own_are_the_same_in_both_places() -> None:
    assert OWN == OWN_KEYS
