"""vCard: read back, each value is that value; lines are short enough; no value makes a line of its own."""

from __future__ import annotations

import re

import pytest

from mailwright.formats import vcard
from mailwright.formats.engine import FormatError


def read(text: str) -> dict[str, str]:
    """Properties of a card as a reader sees them (RFC 2425, 5.8.1; RFC 2426, 4)."""
    lines = re.sub(r"\n ", "", text).splitlines()
    assert (lines[0], lines[1], lines[-1]) == ("BEGIN:VCARD", "VERSION:3.0", "END:VCARD")
    return {name.partition(";")[0]: value for name, _, value in (line.partition(":") for line in lines[2:-1])}


def plain(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value)


def test_a_card() -> None:
    found = read(vcard.card("Karl Marx", "K.Marx@chem.college.ac.uk", "College", "History"))
    again = read(vcard.card("Another Name", "k.marx@CHEM.college.ac.uk", "College"))
    assert found.pop("UID") == again.pop("UID")  # whose address it is says who it is
    assert found == {
        "FN": "Karl Marx",
        "N": "Marx;Karl;;;",
        "EMAIL": "K.Marx@chem.college.ac.uk",
        "ORG": "College;History",
    }
    assert again["ORG"] == "College"


NAMES = ("A; B", "A, B\\", "X\\n", "END:VCARD", "Ŵ" * 120, "N:A;B", "o" * 300)


@pytest.mark.parametrize("name", NAMES)
def test_a_value_stays_a_value_and_lines_are_short(name: str) -> None:
    text = vcard.card(name, "a@b.example", name, name)
    assert max(len(line.encode()) for line in text.splitlines()) <= 75
    found = read(text)
    assert set(found) == {"UID", "FN", "N", "EMAIL", "ORG"}
    assert plain(found["FN"]) == name
    assert found["ORG"] == f"{found['FN']};{found['FN']}"


@pytest.mark.parametrize("name", ["x\ny", "x\r\nEMAIL:z@z", "x\0", "x\u2028y"])
def test_a_control_character_is_refused(name: str) -> None:
    for values in ((name, "a@b", "o"), ("n", "a@b", name), ("n", "a@b", "o", name), ("n", name, "o")):
        with pytest.raises(FormatError):
            vcard.card(*values)
