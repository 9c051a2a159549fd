from __future__ import annotations

from mailwright.pages.reference import page
from support.example import ROOT


def test_the_page_is_up_to_date() -> None:
    """Mend with: python -m mailwright.pages.reference > docs/reference/pages.md"""
    assert (ROOT / "docs" / "reference" / "pages.md").read_text() == page()
