"""The colour of a style sheet."""

from __future__ import annotations

import pytest

from mailwright.formats.css import colour
from mailwright.formats.engine import FormatError


def test_a_colour_passes() -> None:
    assert colour("#7a1f3D") == "#7a1f3D"


@pytest.mark.parametrize("value", ["red", "#fff", "#7a1f3d;} body {", "#7a1f3d\n", "url(x)", 5, None, ""])
def test_nothing_else_does(value: object) -> None:
    with pytest.raises(FormatError):
        colour(value)
