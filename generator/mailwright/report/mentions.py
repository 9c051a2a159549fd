"""Where the rendered files name a requirement: the evidence of the kinds ``config`` and ``document``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_LINES = 8
DOCUMENTS = "documents/"
FOLDERS = ("hosts/", "dns/", "border/", DOCUMENTS)
"""The parts of a project whose files are evidence."""

# An id is found by its hyphen, which is rare in tables of many people, so that those cost next to nothing.
_NUMBER = re.compile(rb"-[0-9]{1,2}\b")
_WORD = re.compile(rb"\b[A-Z]{3,8}$")
# What makes the rest of a line a comment in the formats that are rendered; nftables has comments as statements too,
# and routers have remarks, which take a line of their own.
_COMMENT = re.compile(rb'(?:^|[\s{};])(?:#|;|--|//)(?=[\s#;]|$)|(?:^|\s)comment "|^\s*(?:!|/\*|remark)(?=\s)')


@dataclass(frozen=True, slots=True)
class Mention:
    """``path`` names the requirement in comments on these lines, of which the first few are given."""

    path: str
    lines: tuple[int, ...]
    total: int

    def __str__(self) -> str:
        more = f" and {self.total - len(self.lines)} more" if self.total > len(self.lines) else ""
        return f"{self.path}:{','.join(map(str, self.lines))}{more}"


Mentions = dict[str, tuple[Mention, ...]]
"""Requirement id → files that carry it."""


def find(files: Iterable[tuple[str, bytes]]) -> Mentions:
    """Mentions of every requirement in the comments of ``files`` (path, content), in the order of the files.

    A value that looks like an id (a person called ``ROLE-5``) is none: only what follows a comment sign counts.
    """
    found: dict[str, list[Mention]] = {}
    for path, data in files:
        for id_, lines in _lines(data).items():
            found.setdefault(id_, []).append(Mention(path, tuple(lines[:MOST_LINES]), len(lines)))
    return {id_: tuple(mentions) for id_, mentions in found.items()}


def _lines(data: bytes) -> dict[str, list[int]]:
    lines: dict[str, list[int]] = {}
    number, counted = 1, 0
    for match in _NUMBER.finditer(data):
        start = data.rfind(b"\n", 0, match.start()) + 1
        before = data[start : match.start()]
        word = _WORD.search(before)
        if word is None or not _COMMENT.search(before[: word.start()]):
            continue
        number += data.count(b"\n", counted, start)
        counted = start
        known = lines.setdefault((word.group() + match.group()).decode(), [])
        if not known or known[-1] != number:
            known.append(number)
    return lines
