"""How every rendered file is made: a Jinja2 environment per format, whose ``finalize`` writes each value.

A template is the file as a reviewer reads it; ``{{ value }}`` in it can never be more than that value in that
format, because the format's own writer quotes it or refuses it. A template cannot forget to escape, and there
is no way around it but ``Verbatim``, which only functions in ``mailwright.formats`` make.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailwright import resources


class FormatError(ValueError):
    """A value that a format cannot carry. ``value`` leads back to its place in the description."""

    def __init__(self, value: object, format_name: str, why: str) -> None:
        super().__init__(f"{value!r} cannot be written to {format_name}: {why}")
        self.value = value
        self.format_name = format_name
        self.why = why


class Verbatim(str):
    """Text that is already in the format's syntax. Made by the functions of ``mailwright.formats`` alone."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    write    turns one value into its text in this format, or raises FormatError; Verbatim passes as it is
    filters  named writers that a template of this format can ask for: ``{{ prefixes | addresses }}``; each
             returns Verbatim
    """

    name: str
    write: Callable[[object], str]
    filters: tuple[tuple[str, Callable[..., Verbatim]], ...] = ()


@cache
def _environment(format_: Format) -> Environment:
    def finalize(value: object) -> str:
        return str(value) if isinstance(value, Verbatim) else format_.write(value)

    environment = Environment(
        loader=FileSystemLoader(resources.folder("templates")),
        undefined=StrictUndefined,
        finalize=finalize,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(dict(format_.filters))
    return environment


def render(format_: Format, template: str, **values: object) -> str:
    """The text of ``template`` (``postfix/main.cf.j2``) with every value written by the format.

    Raises FormatError for a value that the format cannot carry, jinja2.UndefinedError for one it was not given.
    """
    return _environment(format_).get_template(template).render(**values)


def single_line(value: str, format_name: str) -> str:
    """``value`` unless it holds a control character or a line separator of any kind."""
    for character in value:
        if ord(character) < 0x20 or 0x7F <= ord(character) <= 0x9F or character in "\u2028\u2029":
            raise FormatError(value, format_name, f"it holds the control character U+{ord(character):04X}")
    return value


def comment(value: object) -> Verbatim:
    """``value`` as the rest of a line that a comment sign opened.

    A comment must never stop a build, so control characters and line separators are shown as escapes; so are
    backslashes, because one at the end of a line joins the next to it in several formats.
    """
    return Verbatim("".join(c if c.isprintable() and c != "\\" else f"<U+{ord(c):04X}>" for c in str(value)))
