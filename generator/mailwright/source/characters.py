"""Characters that no value of a description may hold."""

from __future__ import annotations

import re

# Control characters (Unicode category Cc), line and paragraph separators, characters that change the direction
# of what follows or that are not seen at all, and non-characters. The joiners U+200C and U+200D stay: names in
# several scripts are misspelt without them.
_FORBIDDEN = (
    "\\x00-\\x1f\\x7f-\\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f"
)
FORBIDDEN = re.compile(f"[{_FORBIDDEN}]")

# The same for the text of a whole YAML file, where tab and line feed are part of the syntax.
FORBIDDEN_IN_FILE = re.compile(f"(?![\\t\\n])[{_FORBIDDEN}]")

_SEPARATORS = "\n\r\x0b\x0c\x85\u2028\u2029"
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def describe(character: str) -> str:
    """What a forbidden character is, in words: ``the line separator U+2028``."""
    number = f"U+{ord(character):04X}"
    if character in _SEPARATORS:
        return f"the line break {number}" if character in "\n\r" else f"the line separator {number}"
    if character == "\t":
        return f"the tab {number}"
    if _DIRECTION.match(character):
        return f"the character {number}, which changes the direction of writing"
    if ord(character) < 0xA0:
        return f"the control character {number}"
    return f"the invisible character {number}"
