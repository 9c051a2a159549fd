"""The languages of the pages: what their sentences are, and how they tell a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from mailwright.pages import english, welsh
from mailwright.records import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its code in a description (``cy``).

    tag     as in BCP 47, for browsers: ``en-GB``
    name    in the language itself
    months  in the form in which a day is told
    """

    code: str
    tag: str
    name: str
    words: Mapping[str, str]
    months: tuple[str, ...]

    def pattern(self, key: str) -> tuple[str, str]:
        """The sentence of that key, and the language that it is in: English where it is not translated.

        Raises KeyError for a key that English has not either.
        """
        found = self.words.get(key)
        return (found, self.code) if found is not None else (english.WORDS[key], "en")

    def plain(self, key: str) -> str:
        """The sentence of that key where its language cannot be marked."""
        return self.pattern(key)[0]

    def day(self, value: date) -> str:
        return f"{value.day} {self.months[value.month - 1]} {value.year}"


_LANGUAGES = (
    Language("en", "en-GB", "English", english.WORDS, english.MONTHS),
    Language("cy", "cy", "Cymraeg", welsh.WORDS, welsh.MONTHS),
)


def language(code: str) -> Language:
    """The language of that code. Raises StopIteration for any other than the schema has."""
    return next(one for one in _LANGUAGES if one.code == code)
