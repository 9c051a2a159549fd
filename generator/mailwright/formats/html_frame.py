"""Pages of which thousands differ by a few values: what is around these is made once, by its template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailwright.formats.engine import Verbatim

# No value says these characters of private use by itself: ``html.text`` makes all that do not print visible.
_PLACES = range(0xE000, 0xF900)
_PLACE = re.compile("([\ue000-\uf8ff])")


def place(number: int) -> Verbatim:
    """For a template: where the value of that number will be, from 0 on. Raises IndexError from 6400 on."""
    return Verbatim(chr(_PLACES[number]))


@dataclass(frozen=True, slots=True)
class Frame:
    """A page with places in it: its literals, and the number of the value between each two of them."""

    literals: tuple[str, ...]
    numbers: tuple[int, ...]

    def filled(self, values: Sequence[Verbatim]) -> str:
        """The page with these values, which are HTML, in their places. Raises IndexError where one is missing."""
        parts = [""] * (2 * len(self.numbers) + 1)
        parts[::2] = self.literals
        parts[1::2] = [values[number] for number in self.numbers]
        return "".join(parts)


def frame(page: str) -> Frame:
    """The page that a template made with ``place`` where values are to be."""
    parts = _PLACE.split(page)
    return Frame(tuple(parts[::2]), tuple(_PLACES.index(ord(found)) for found in parts[1::2]))
