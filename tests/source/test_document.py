from __future__ import annotations

import pytest

from mailwright.findings import Findings, Place
from mailwright.source.compose import compose
from mailwright.source.document import Document, pointer

TEXT = b"""\
a: text
b:
  c/d: [1, true, ~, text]
  e~f: {}
g: 1
"""


def document() -> Document:
    findings = Findings()
    root = compose(TEXT, "x.yml", findings)
    assert root is not None
    assert not findings.items
    return Document.of("x.yml", root)


def test_data() -> None:
    assert document().data == {"a": "text", "b": {"c/d": [1, True, None, "text"], "e~f": {}}, "g": 1}


def test_pointer_escapes() -> None:
    assert pointer("b", "c/d", 0) == "/b/c~1d/0"
    assert pointer("e~f") == "/e~0f"
    assert pointer() == ""


def test_places() -> None:
    found = document()
    assert found.place("") == Place("x.yml", 1, 1, "")
    assert found.place("/a") == Place("x.yml", 1, 4, "/a")
    assert found.place(pointer("b", "c/d", 3)) == Place("x.yml", 3, 21, "/b/c~1d/3")
    assert found.key_place(pointer("b", "c/d")) == Place("x.yml", 3, 3, "/b/c~1d")


def test_what_is_missing_is_where_it_would_be() -> None:
    found = document()
    assert found.place("/b/nothing/below") == found.place("/b")
    assert found.place("/nothing") == found.place("")
    assert found.key_place("/nothing") == found.place("")


def test_an_item_has_no_key() -> None:
    found = document()
    assert found.key_place("/b/c~1d/1") == found.place("/b/c~1d/1")


def test_value() -> None:
    found = document()
    assert found.value("") == found.data
    assert found.value("/b/c~1d/1") is True
    for at in ("/x", "/a/b"):
        with pytest.raises(KeyError):
            found.value(at)
    with pytest.raises(IndexError):
        found.value("/b/c~1d/9")


def test_find() -> None:
    found = document()
    assert found.find("text") == found.place("/a")
    assert found.find(1) == found.place("/b/c~1d/0")
    assert found.find(True) == found.place("/b/c~1d/1")
    assert found.find("e~f") == found.key_place("/b/e~0f")
    assert found.find("nothing") is None
