"""What lies beneath customers: the program itself, in whatever version of whatever it is made of."""

from __future__ import annotations

import re
import sys
from importlib import metadata

import pytest

from mailwright.provider import input_hash


def test_the_same_program_has_one_hash() -> None:
    assert input_hash.program() == input_hash.program()


@pytest.mark.parametrize("library", input_hash.LIBRARIES)
def test_another_version_of_a_library_is_another_program(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = input_hash.program(), metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.0" if name == library else real(name))
    assert input_hash.program() != before


def test_another_python_is_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    before = input_hash.program()
    monkeypatch.setattr(sys, "version", "4.0")
    assert input_hash.program() != before


def test_what_writes_output_is_among_the_libraries() -> None:
    said = [one.lower() for one in metadata.requires("mailwright") or ()]
    needed = {re.split(r"[^a-z0-9-]", one)[0] for one in said if "extra ==" not in one}
    other = {"ansible-core", "click", "dkimpy", "dnspython", "pyspf", "rich"}  # those that apply, ask and show
    assert needed - other <= set(input_hash.LIBRARIES)
