"""How every rendered file is made: a Jinja2 environment per format, whose ``finalize`` writes each value.

A template is the file as a reviewer reads it; ``{{ value }}`` in it can never be more than that value in that
format, because the format's own writer quotes it or refuses it. A template cannot forget to escape, and there
is no way around it but ``Verbatim``, which only functions in ``mailwright.formats`` make.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context

from mailwright import resources
from mailwright.formats.compiled import Compiled
from mailwright.records import dataclass

_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]")


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
    @pass_context
    def finalize(_context: Context, value: object) -> str:
        return value if isinstance(value, Verbatim) else format_.write(value)

    environment = Environment(
        loader=FileSystemLoader(resources.folder("templates")),
        undefined=StrictUndefined,
        finalize=finalize,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        # What is compiled is the same in every format: nothing that a writer has a part in is worked out before,
        # be it by the optimizer or by a ``finalize`` without a context.
        optimized=False,
        bytecode_cache=Compiled(),
    )
    environment.filters.update(dict(format_.filters))
    return environment


def render(format_: Format, template: str, **values: object) -> str:
    """The text of ``template`` (``postfix/main.cf.j2``) with every value written by the format.

    Raises FormatError for a value that the format cannot carry, jinja2.UndefinedError for one it was not given.
    """
    return _template(format_, template).render(**values)


@cache
def _template(format_: Format, name: str) -> Template:
    return _environment(format_).get_template(name)


def single_line(value: str, format_name: str) -> str:
    """``value`` unless it holds a control character or a line separator of any kind."""
    control = _CONTROL.search(value)
    if control is not None:
        raise FormatError(value, format_name, f"it holds the control character U+{ord(control[0]):04X}")
    return value


def comment(value: object) -> Verbatim:
    """``value`` as the rest of a line that a comment sign opened.

    A comment must never stop a build, so control characters and line separators are shown as escapes; so are
    backslashes, because one at the end of a line joins the next to it in several formats.
    """
    text = str(value)
    if text.isprintable() and "\\" not in text:
        return Verbatim(text)
    return Verbatim("".join(c if c.isprintable() and c != "\\" else f"<U+{ord(c):04X}>" for c in text))
