"""A CSV file row by row: each row with its line, each fault with its line and column.

A row is one line, because no value may hold a line break. So the file is read line by line and never as a
whole, whatever its size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from mailwright.findings import Findings, Place
from mailwright.source.characters import FORBIDDEN, describe
from mailwright.source.files import LFS, MERGE, UNMERGED, opened
from mailwright.source.report import Report

MAX_LINE = 16 * 1024  # bytes

# One field of RFC 4180: quoted, with "" for a quotation mark; or plain, without any.
_FIELD = re.compile(r'"((?:[^"]|"")*)"(?=,|$)|([^",]*)(?=,|$)')

_QUOTED = re.compile(r'"(?:[^"]|"")*"')

# Number and text of a line, and its fields.
Row = tuple[int, str, list[str]]


class Table:
    """The rows of a CSV file with a header. Faults go to ``findings``, at most some of a kind."""

    def __init__(
        self, path: Path, required: tuple[str, ...], optional: tuple[str, ...], findings: Findings, where: Place
    ) -> None:
        self.path = path
        self.file = str(path)
        self.required = required
        self.optional = optional
        self.header: list[str] = []
        self._findings = findings
        self._report = Report(findings)
        self._where = where

    def error(self, id_: str, message: str, line: int, column: int, fix: str = "") -> None:
        self._report.error(id_, message, Place(self.file, line, column), fix)

    def column(self, text: str, index: int) -> int:
        """The column, counted from 1, in which the field of that index begins in a line's text."""
        at = 0
        for _ in range(index):
            match = _FIELD.match(text, at)
            at = match.end() + 1 if match else text.find(",", at) + 1
        return at + 1

    def rows(self) -> Iterator[Row]:
        """Each row that is whole, its fields in the header's order."""
        with opened(self.path, self._findings, self._where) as file:
            if file is None:
                return
            for number, raw in enumerate(iter(partial(file.readline, MAX_LINE), b""), 1):
                if raw == b"\n":
                    continue
                text = self._text(raw, number)
                if text is None:
                    if number == 1 or len(raw) == MAX_LINE:
                        return  # without its header, or in the middle of a line, the rest makes no sense
                    continue
                if not text:
                    continue
                if not self.header:
                    self.header = self._header(text, number)
                    if not self.header:
                        return
                    continue
                fields = self._fields(text, number)
                if fields is not None:
                    yield number, text, fields
        if not self.header:
            fix = f"Its first line must name the columns: {','.join(self.required)}"
            self.error("source.empty", "the file is empty", 1, 1, fix)

    def _text(self, raw: bytes, number: int) -> str | None:
        if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
            self.error("source.too-large", f"the line is longer than {MAX_LINE} bytes", number, 1)
            return None
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            column = len(raw[: error.start].decode()) + 1
            message = f"byte 0x{raw[error.start]:02x} is not UTF-8"
            fix = "Save the file as UTF-8 (in Excel: CSV UTF-8)."
            self.error("source.not-utf-8", message, number, column, fix)
            return None
        if number == 1:
            text = text.removeprefix("\ufeff")  # Excel writes one before its UTF-8
        text = text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")
        if match := FORBIDDEN.search(text):
            fix = "Take it out."
            if match[0] == "\r":
                fix = "Save the file with the line ends of Unix or Windows."
            elif match[0] == "\t":
                fix = "Fields are separated by commas."
            message = f"here is {describe(match[0])}"
            self.error("source.control-character", message, number, match.start() + 1, fix)
            return None
        return text

    def _header(self, text: str, number: int) -> list[str]:
        if text.encode().startswith(LFS):
            fix = "`git lfs pull` brings the file."
            self.error(
                "source.missing-column", "git LFS keeps the file, and here is a pointer to it", number, 1, fix
            )
            return []
        known = self.required + self.optional
        names = self._split(text, number)
        if names is None:
            return []
        faults = 0
        for index, name in enumerate(names):
            column = self.column(text, index)
            if name not in known:
                fix = f"Known columns: {', '.join(known)}."
                if ";" in name:
                    fix = "Separate the columns by commas, not semicolons. " + fix
                self.error("source.unknown-column", f"{name!r} is not the name of a column", number, column, fix)
                faults += 1
            elif name in names[:index]:
                self.error("source.duplicate-key", f"the column {name!r} is there twice", number, column)
                faults += 1
        missing = [name for name in self.required if name not in names]
        if missing and not any(";" in name for name in names):
            message = f"the first line must name the columns, and {', '.join(missing)} is missing"
            self.error("source.missing-column", message, number, 1, f"For example: {','.join(self.required)}")
            faults += 1
        return [] if faults else names

    def _fields(self, text: str, number: int) -> list[str] | None:
        fields = [field.strip(" ") for field in text.split(",")] if '"' not in text else self._split(text, number)
        if fields is None:
            return None
        if len(fields) != len(self.header):
            column = self.column(text, len(self.header)) if len(fields) > len(self.header) else len(text) + 1
            message = f"the row has {len(fields)} fields and the first line {len(self.header)}"
            fix = "Put a field that holds a comma in double quotes."
            if MERGE.match(text):
                message, column, fix = "a merge left its marks here", 1, UNMERGED
            self.error("source.broken-row", message, number, column, fix)
            return None
        return fields

    def _split(self, text: str, number: int) -> list[str] | None:
        fields = []
        at = 0
        while True:
            match = _FIELD.match(text, at)
            if match is None:
                quoted = _QUOTED.match(text, at)
                if text[at] == '"' and quoted is None:
                    message, column = "a quotation mark that is not closed", at + 1
                else:
                    message = "a quotation mark inside a field"
                    column = (quoted.end() if quoted else text.index('"', at)) + 1
                fix = 'Put the whole field in double quotes, and write "" for one inside it.'
                self.error("source.broken-row", message, number, column, fix)
                return None
            fields.append((match[2] if match[1] is None else match[1].replace('""', '"')).strip(" "))
            if match.end() == len(text):
                return fields
            at = match.end() + 1
