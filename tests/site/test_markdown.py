"""What a text may not hold. Which links lead is tested with what becomes of them, in tests/formats."""

from __future__ import annotations

from mailwright.site.markdown import faults


def test_each_fault_has_its_place() -> None:
    text = "One.\n\nTwo <b>x</b> and <b>y</b>,\n[z](x:y) and\n[z](x:y).\n\n> <i>q</i>\n"
    places = [(fault.line, fault.column) for fault in faults(text)]
    assert places == [(3, 5), (3, 9), (3, 18), (3, 22), (4, 5), (5, 5), (7, 3), (7, 7)]


def test_what_is_shown_letter_by_letter_is_no_fault() -> None:
    assert (
        list(faults("`<b>` and\n\n    <script>\n\nand a < b > c, <karl@college.ac.uk>, <https://a.example>\n"))
        == []
    )
