"""Text from elsewhere, made safe to look at: on a terminal, in a log, in a page."""

from __future__ import annotations


def visible(value: str, keep: str = "") -> str:
    """``value`` with every character that does not print written as ``\\x1b`` or ``\\u202e``; ``keep`` stays.

    So nothing in it can move the cursor, colour a line, start a new one or turn the reading direction.
    """
    if value.isprintable():
        return value
    return "".join(
        character if character.isprintable() or character in keep else _escaped(character) for character in value
    )


def _escaped(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
