"""People from an export of a directory: LDIF (RFC 2849), as ``ldapsearch -LLL`` writes it.

A record is the lines between two empty ones. A line that begins with a blank goes on with the one before, ``::``
announces base64, ``#`` a comment. Nothing else of the format is for people: changes and URLs are faults.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TypeVar

from mailwright.findings import Findings, Place
from mailwright.records import dataclass
from mailwright.site import values
from mailwright.site.model import Attributes, Person
from mailwright.source.characters import FORBIDDEN, describe
from mailwright.source.files import opened
from mailwright.source.report import Report

T = TypeVar("T")

MAX_VALUE = 64 * 1024  # characters of one attribute, over all its lines

UNREADABLE = "\ufffd"
"""Stands for a value that is no text."""

IGNORED = ("search", "result")
"""Names with which ``ldapsearch`` without -LLL ends its output."""


_LOGICAL = re.compile(rb"^[^ \r\n].*(?:\n .*)*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute, and the line in which it begins."""

    attribute: str  # lower case, without options
    text: str
    line: int


class _File:
    """An LDIF file, record by record. Faults go to ``findings``, at most some of a kind."""

    def __init__(self, path: Path, findings: Findings, where: Place) -> None:
        self.path = path
        self.file = str(path)
        self._findings = findings
        self._report = Report(findings)
        self._where = where

    def error(self, id_: str, message: str, line: int, fix: str = "", column: int = 1) -> None:
        self._report.error(id_, message, Place(self.file, line, column), fix)

    def records(self) -> Iterator[tuple[Value, ...]]:
        """The values of each record, among them ``dn``, in their order."""
        record: list[Value] = []
        for number, text in self._logical():
            if text:
                value = self._value(text, number)
                if value is not None:
                    record.append(value)
            elif record:
                yield tuple(record)
                record = []
        if record:
            yield tuple(record)

    def _logical(self) -> Iterator[tuple[int, str]]:
        """Lines whose continuations are joined, without comments; an empty one ends each record."""
        begun, parts, length = 0, [""], 0
        for number, line in self._lines():
            if line.startswith(" "):
                length += len(line)
                if not begun:
                    self.error("source.broken-row", "the line goes on with none before it", number)
                elif length > MAX_VALUE:
                    self.error("source.too-large", f"the value is longer than {MAX_VALUE} characters", begun)
                    return
                else:
                    parts.append(line[1:])
                continue
            if begun and not parts[0].startswith("#"):
                yield begun, "".join(parts)
            begun, parts, length = number, [line], len(line)
            if not line:
                yield number, ""
                begun = 0
        if begun and not parts[0].startswith("#"):
            yield begun, "".join(parts)

    def _lines(self) -> Iterator[tuple[int, str]]:
        with opened(self.path, self._findings, self._where) as file:
            if file is None:
                return
            for number, raw in enumerate(iter(partial(file.readline, MAX_VALUE), b""), 1):
                try:
                    text = raw.decode("ascii")
                except UnicodeDecodeError as error:
                    message = f"byte 0x{raw[error.start]:02x} is not ASCII"
                    fix = "Export it again, with ldapsearch -LLL: LDIF has such values in base64."
                    self.error("source.not-ascii", message, number, fix, error.start + 1)
                    return
                text = text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")
                if match := FORBIDDEN.search(text):
                    message = f"here is {describe(match[0])}"
                    self.error("source.control-character", message, number, "Take it out.", match.start() + 1)
                    return
                yield number, text

    def _value(self, line: str, number: int) -> Value | None:
        name, colon, rest = line.partition(":")
        attribute = name.partition(";")[0].lower()
        if not colon or not attribute.replace("-", "").replace(".", "").isalnum():
            fix = "Write attribute: value. The file is what ldapsearch -LLL writes."
            self.error("source.broken-row", f"{line[:40]!r} is not an attribute and its value", number, fix)
            return None
        if attribute == "changetype":
            self.error("source.broken-row", "the file holds changes, not entries", number, "Export the entries.")
            return None
        if rest.startswith("<"):
            self.error("source.broken-row", f"the value of {name} is the URL of a file", number, "Write the value.")
            return None
        if not rest.startswith(":"):
            return Value(attribute, rest.strip(" "), number)
        try:
            text = base64.b64decode(rest[1:].strip(" "), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            # Pictures and passwords are of no interest; what is wanted is judged as it is used.
            text = UNREADABLE
        return Value(attribute, text, number)


def people(path: Path, attributes: Attributes, findings: Findings, where: Place) -> Iterator[Person]:
    """The people of an export, in its order. ``where`` the description names it; faults go to ``findings``.

    An entry without a login or without an address is none of a person with a mailbox, and passed over: an export
    may hold more than was asked for. Of several values the first counts where one is wanted.
    """
    file = _File(path, findings, where)
    first: dict[str, int] = {}
    records = 0
    for record in file.records():
        if record[0].attribute in ("version", *IGNORED):
            record = record[1:]
        if not record or record[0].attribute in IGNORED:
            continue
        records += 1
        if record[0].attribute != "dn":
            file.error("source.broken-row", "the entry does not begin with its name (dn)", record[0].line)
            continue
        person = _person(file, attributes, record)
        if person is None:
            continue
        line = person.where.line
        if (before := first.setdefault(person.login, line)) != line:
            message = f"the login {person.login!r} is there twice; the first time in line {before}"
            file.error("site.duplicate-login", message, line, "Give each person a login of their own.")
            continue
        yield person
    if not records and not findings.unusable:
        file.error("source.empty", "the file holds no entry", 1, "Export the people with ldapsearch -LLL.")


def needed(data: bytes, attributes: Attributes) -> bytes:
    """An export without what ``people`` does not look at, passwords above all.

    Each line of that becomes a bare ``#``, so that the others keep their numbers.
    """
    kept = {"dn", "version", *IGNORED, *(getattr(attributes, field.name).lower() for field in fields(attributes))}

    def line(match: re.Match[bytes]) -> bytes:
        attribute = re.split(rb"[:;]", match[0], maxsplit=1)[0].decode("ascii", "replace").lower()
        return match[0] if attribute in kept else b"#" + b"\n#" * match[0].count(b"\n")

    return _LOGICAL.sub(line, data)


def _person(file: _File, attributes: Attributes, record: tuple[Value, ...]) -> Person | None:
    """The person of an entry; None for no person, and after a finding for each value that cannot be used."""

    def of(attribute: str) -> list[Value]:
        return [value for value in record if attribute and value.attribute == attribute.lower()]

    faults = 0

    def turned(found: list[Value], turn: Callable[[str], T]) -> tuple[T, ...]:
        nonlocal faults
        done = []
        for value in found:
            try:
                done.append(turn(value.text))
            except ValueError as error:
                faults += 1
                file.error("site.person", str(error), value.line)
        return tuple(done)

    def several(attribute: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(turned([value for value in of(attribute) if _is_mail(value.text)], _address)))

    if not of(attributes.login) or not of(attributes.address):
        return None
    login = turned(of(attributes.login)[:1], _login)
    address = turned(of(attributes.address)[:1], _address)
    name = turned(of(attributes.name)[:1], _name)
    aliases, internal = several(attributes.aliases), several(attributes.internal)
    quota = turned(of(attributes.quota)[:1], _quota)
    store = turned(of(attributes.store)[:1], values.name)
    if faults:
        return None
    return Person(
        login[0],
        name[0] if name else login[0],
        address[0],
        aliases,
        internal,
        "",
        quota[0] if quota else None,
        Place(file.file, record[0].line, 1),
        store[0] if store else "",
    )


def _login(text: str) -> str:
    """In small letters: directories compare logins without regard to case."""
    return values.login(text.lower())


def _name(text: str) -> str:
    if FORBIDDEN.search(text) or UNREADABLE in text or not text or len(text) > 500:
        raise ValueError("the name is not one line of text, of 500 characters at most")
    return text


def _quota(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**18):
        raise ValueError(f"{text!r} is not a number of bytes")
    return int(text)


def _is_mail(text: str) -> bool:
    """Whether a value is a mail address. Active Directory's proxyAddresses hold others too: ``X500:``, ``sip:``."""
    kind, colon, _rest = text.partition(":")
    return not colon or kind.lower() == "smtp"


def _address(text: str) -> str:
    """An address, without the ``smtp:`` that Active Directory writes before it."""
    return values.address(text[5:] if text[:5].lower() == "smtp:" else text)
