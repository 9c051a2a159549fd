"""How sentences of risks name people."""

from __future__ import annotations

import pytest

from mailwright.changes.personal import impersonal, whole
from mailwright.changes.risks import phrases


def test_people_are_left_out_with_their_colon() -> None:
    said = f"2 people leave{phrases.people(['rl204', 'km217'])}; that is all"
    assert whole(said) == "2 people leave: rl204 and km217; that is all"
    assert impersonal(said) == "2 people leave; that is all"


@pytest.mark.parametrize(
    ("values", "said", "without"),
    [
        (("a@x", "b@x"), "a@x and b@x", "a@x and b@x"),
        (("a@x", "p@x"), "a@x and p@x", "a@x, and 1 address of people"),
        (("p@x", "q@x"), "p@x and q@x", "2 addresses of people"),
        (("p@x",), "p@x", "an address in x"),
        (("a@x",), "a@x", "a@x"),
    ],
)
def test_addresses_of_people_are_counted_for_strangers(values: tuple[str, ...], said: str, without: str) -> None:
    sentence = phrases.addresses(values, frozenset({"a@x", "b@x"}))
    assert whole(sentence) == said
    assert impersonal(sentence) == without
