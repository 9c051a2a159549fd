"""Ports of hosts, in words and in number."""

from __future__ import annotations

from mailwright.changes.risks.doors import does, grown, said


def test_doors_in_words() -> None:
    assert said([("a", 25)]) == "port 25 of a"
    assert said([("a", 587), ("a", 465), ("a", 465)]) == "ports 465 and 587 of a"
    assert said([("a", 25), ("b", 25), ("c", 587)]) == "port 25 of a and b and port 587 of c"
    assert does([("a", 25)], "is", "are") == "is"
    assert does([("a", 25), ("b", 25)], "is", "are") == "are"


def test_what_only_moves_does_not_grow() -> None:
    assert grown([("a", 25)], [("b", 25)]) == ()
    assert grown([("a", 25)], [("a", 25), ("b", 25)]) == (("b", 25),)
    assert grown([("a", 25)], [("b", 25), ("c", 25)]) == (("b", 25), ("c", 25))
    assert grown([("a", 25)], [("b", 587)]) == (("b", 587),)
