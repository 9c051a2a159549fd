"""Where the rendered files name a requirement: the evidence of the kinds ``config`` and ``document``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailwright.records import dataclass

MOST_LINES = 8
DOCUMENTS = "documents/"
FOLDERS = ("hosts/", "dns/", "border/", DOCUMENTS)
"""The parts of a project whose files are evidence."""

# An id is found by its hyphen, which is rare in tables of many people, so that those cost next to nothing.
_NUMBER = re.compile(rb"-[0-9]{1,2}\b")
_WORD = re.compile(rb"\b[A-Z]{3,8}$")
_LONGEST_WORD = 8
# What makes the rest of a line a comment in the formats that are rendered; nftables has comments as statements too,
# routers have remarks, which take a line of their own, and so do comments of pages.
_COMMENT = re.compile(rb'(?:^|[\s{};])(?:#|;|--|//)(?=[\s#;]|$)|(?:^|\s)comment "|^\s*(?:!|/\*|<!--|remark)(?=\s)')


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
        at = match.start()
        word = _WORD.search(data, max(0, at - _LONGEST_WORD), at)
        if word is None:
            continue
        start = data.rfind(b"\n", 0, at) + 1
        if not _COMMENT.search(data[start : word.start()]):
            continue
        number += data.count(b"\n", counted, start)
        counted = start
        known = lines.setdefault((word.group() + match.group()).decode(), [])
        if not known or known[-1] != number:
            known.append(number)
    return lines


@dataclass(frozen=True, slots=True)
class Extract:
    """What a file says at a mention: the comment's words, and the setting, record or rule that it is about."""

    line: int
    reason: str
    setting: str  # empty where the comment is about the whole file


_NEAR = 6  # lines below a comment in which its setting begins
_LONGEST = 240  # characters
_SIGNS = "#;/!*-<> \t"
_LEADS = ("remark ", 'comment "')


def extracts(data: bytes, lines: Iterable[int], most: int) -> tuple[Extract, ...]:
    """What ``data`` says on these lines (of a Mention), which count from 1; at most so many different things."""
    rows = data.split(b"\n")
    found: dict[str, Extract] = {}
    for line in lines:
        if len(found) == most:
            break
        extract = _extract(rows, line)
        found.setdefault(extract.reason, extract)
    return tuple(found.values())


def _extract(rows: list[bytes], line: int) -> Extract:
    row = rows[line - 1]
    before = _uncommented(row)
    reason = _plain(row[len(before) :]).strip(_SIGNS)
    for lead in _LEADS:
        reason = reason.removeprefix(lead)
    return Extract(line, reason.removesuffix('"'), _plain(before) or _below(rows, line))


def _below(rows: list[bytes], line: int) -> str:
    """The first line after the comment that is none itself; an empty line ends its reach."""
    for row in rows[line : line + _NEAR]:
        if not row.strip():
            return ""
        setting = _plain(_uncommented(row))
        if setting.strip(_SIGNS):
            return setting
    return ""


def _uncommented(row: bytes) -> bytes:
    comment = _COMMENT.search(row)
    return row[: comment.start()] if comment else row


def _plain(row: bytes) -> str:
    text = row.decode("utf-8", "replace").strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
