"""vCard 3.0 (RFC 2426), which every address book reads: a card for one person.

``\\``, ``;``, ``,`` and line ends are escaped, and lines folded; control characters are refused.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from mailwright.formats.engine import single_line

NAME = "a vCard"
_NAMESPACE = uuid.UUID("0f2c3c52-5b0b-5f83-8a43-1a1a5f8a7a54")
_LONGEST = 75  # octets of a line, without its end (RFC 2425, 5.8.1)


def card(name: str, address: str, organisation: str, department: str = "") -> str:
    """The card, with LF at line ends; the same address always has the same UID.

    Raises FormatError for a value with a control character.
    """
    given, _, family = name.rpartition(" ")
    lines = (
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"UID:{uuid.uuid5(_NAMESPACE, address.lower())}",
        f"FN:{_text(name)}",
        f"N:{_text(family)};{_text(given)};;;",
        f"EMAIL;TYPE=INTERNET:{_text(address)}",
        f"ORG:{_text(organisation)}" + (f";{_text(department)}" if department else ""),
        "END:VCARD",
    )
    return "".join(f"{part}\n" for line in lines for part in _folded(line))


def _text(value: str) -> str:
    single_line(value, NAME)
    return value.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")


def _folded(line: str) -> Iterator[str]:
    """Parts of at most 75 octets that are whole characters, each but the first with a space before it."""
    part = ""
    for character in line:
        if len((part + character).encode()) > _LONGEST:
            yield part
            part = " "
        part += character
    yield part
