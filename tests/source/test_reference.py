from __future__ import annotations

from mailwright.source.reference import page
from support.example import ROOT

PAGE = ROOT / "docs" / "reference" / "description.md"


def test_the_page_is_the_schema_s() -> None:
    """Mend with: python -m mailwright.source.reference > docs/reference/description.md"""
    assert PAGE.read_text() == page()


def test_it_has_what_a_reader_looks_for() -> None:
    text = page()
    for setting in ("`hosts.*.addresses` (required)", "`organisation.contacts[].telephone`", "`roles.*.also`"):
        assert f"| {setting} |" in text
    assert "Default: `92`." in text
