"""XML: what goes in comes out again, and no more; what XML cannot carry is refused."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

import pytest

from mailwright.formats import xml
from mailwright.formats.engine import FormatError

TEXTS = (
    "A & B",
    "<script>",
    "]]>",
    "&amp;",
    '"',
    "'",
    "Coleg Cymru, Ŵyl",
    "%EMAILADDRESS%",
    "\u2028",
    "🙂",
    "x\ny",
)


def test_the_form() -> None:
    root = Element("a", {"version": "1"})
    xml.child(xml.child(root, "b", id="x"), "c", 5)
    assert xml.document(root) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<a version="1">\n  <b id="x">\n    <c>5</c>\n  </b>\n</a>\n'
    )


@pytest.mark.parametrize("text", TEXTS)
def test_a_value_stays_a_value(text: str) -> None:
    root = Element("a")
    xml.child(root, "b", text, said=text)
    (found,) = fromstring(xml.document(root).encode())  # noqa: S314 - made here
    assert found.text == text
    assert found.get("said") == text
    assert list(found) == []


@pytest.mark.parametrize("text", ["x\0y", "x\x1by", "\ud800", "\ufffe"])
def test_what_is_no_character_is_refused(text: str) -> None:
    for root in (Element("a"), Element("a", {"said": text})):
        xml.child(root, "b", text if not root.attrib else "")
        with pytest.raises(FormatError):
            xml.document(root)
