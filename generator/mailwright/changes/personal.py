"""Names of people inside sentences: said in full where people work, left out where strangers may read along.

A sentence of a Change or a Risk holds each login, name and personal address between two marks, with what to say in
its place. The marks are non-characters (U+FDD0 to U+FDD2), which no description can hold (source/characters.py).
"""

from __future__ import annotations

import re

_OPEN, _THEN, _CLOSE = "\ufdd0", "\ufdd1", "\ufdd2"
_MARKS = re.compile(f"[{_OPEN}{_THEN}{_CLOSE}]")
_MARKED = re.compile(f"{_OPEN}([^{_THEN}]*){_THEN}([^{_CLOSE}]*){_CLOSE}")


def personal(said: object, instead: str) -> str:
    """``said`` inside a sentence, to be replaced by ``instead`` ("somebody", "an address") where it must not stand.

    >>> impersonal(f"{personal('rl204', 'somebody')} gets a mailbox")
    'somebody gets a mailbox'
    """
    return f"{_OPEN}{_MARKS.sub('', instead)}{_THEN}{_MARKS.sub('', str(said))}{_CLOSE}"


def whole(sentence: str) -> str:
    """The sentence with everybody's name."""
    return _MARKED.sub(r"\2", sentence)


def impersonal(sentence: str) -> str:
    """The sentence without anybody's name."""
    return _MARKED.sub(r"\1", sentence)
