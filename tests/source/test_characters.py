from __future__ import annotations

import unicodedata

import pytest

from mailwright.source.characters import FORBIDDEN, FORBIDDEN_IN_FILE, describe


def test_every_control_character_and_separator_is_forbidden() -> None:
    """Categories of Unicode as the oracle."""
    for number in range(0x110000):
        character = chr(number)
        if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs"):
            assert FORBIDDEN.match(character), hex(number)
            assert bool(FORBIDDEN_IN_FILE.match(character)) == (character not in "\t\n")


def test_every_character_that_changes_the_direction_is_forbidden() -> None:
    for number in range(0x110000):
        if unicodedata.bidirectional(chr(number)) in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        ):
            assert FORBIDDEN.match(chr(number)), hex(number)


def test_letters_marks_digits_and_signs_are_not() -> None:
    for number in range(0x110000):
        if unicodedata.category(chr(number))[0] in "LMNPS":
            assert not FORBIDDEN.match(chr(number)), hex(number)
    for character in " \u00a0\u3000\u200c\u200d":
        assert not FORBIDDEN.match(character)


@pytest.mark.parametrize(
    ("character", "words"),
    [
        ("\0", "control character U+0000"),
        ("\t", "tab U+0009"),
        ("\n", "line break U+000A"),
        ("\x85", "line separator U+0085"),
        ("\u2028", "line separator U+2028"),
        ("\u202e", "direction"),
        ("\u200b", "invisible character U+200B"),
        ("\U000e0041", "invisible character U+E0041"),
    ],
)
def test_they_are_described(character: str, words: str) -> None:
    assert words in describe(character)
