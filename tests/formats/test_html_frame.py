"""What is around values that differ is made once, and each value is in its place."""

from __future__ import annotations

import pytest

from mailwright.formats import html
from mailwright.formats.engine import Verbatim
from mailwright.formats.html_frame import frame, place


def test_values_are_in_their_places_however_often_and_in_whatever_order() -> None:
    made = frame(f"<b>{place(1)}</b>{place(0)}{place(1)}!")
    assert made.filled((Verbatim("one"), Verbatim("two"))) == "<b>two</b>onetwo!"


def test_a_page_without_places_is_itself() -> None:
    assert frame("<p>é</p>").filled(()) == "<p>é</p>"


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(IndexError):
        frame(place(1)).filled((Verbatim("one"),))


def test_each_place_is_another_and_too_many_are_refused() -> None:
    made = frame("".join(place(number) for number in range(6400)))
    assert made.numbers == tuple(range(6400))
    with pytest.raises(IndexError):
        place(6400)


def test_no_value_can_look_like_a_place() -> None:
    assert str(place(0)) not in html.text(f"a{place(0)}b")


def test_what_is_in_a_place_is_not_looked_through() -> None:
    assert frame(f"{place(0)}-{place(1)}").filled((place(1), Verbatim("x"))) == f"{place(1)}-x"
