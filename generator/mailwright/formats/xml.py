"""XML: a document is made of elements, and written by the standard library, which escapes every value.

What XML 1.0 cannot carry at all (control characters, half of a surrogate pair) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from mailwright.formats.engine import FormatError

NAME = "XML"

# XML 1.0, section 2.2: Char
_NOT_CHAR = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def child(parent: Element, tag: str, text: str | int = "", **attributes: str) -> Element:
    """A new element at the end of ``parent``."""
    made = SubElement(parent, tag, attributes)
    if text != "":
        made.text = str(text)
    return made


def document(root: Element) -> str:
    """The document in UTF-8, indented. Raises FormatError for a value that XML cannot carry."""
    for value in _values(root):
        wrong = _NOT_CHAR.search(value)
        if wrong is not None:
            raise FormatError(value, NAME, f"it holds the character U+{ord(wrong[0]):04X}")
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _values(root: Element) -> Iterator[str]:
    for element in root.iter():
        yield element.text or ""
        yield from element.attrib.values()
