"""HTML: every value is text, never markup, in an element or in a quoted attribute.

The functions that return markup take values apart from their own: what they are given is text too.
"""

from __future__ import annotations

import html
import re
import string
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from urllib.parse import quote

from mailwright.formats.engine import Format, FormatError, Verbatim
from mailwright.formats.visible import visible

NAME = "HTML"

_MARKUP = re.compile("[&<>\"']")

# A page of the same folder, or a place on one.
_BESIDE = re.compile(r"(?:[a-z0-9-]+(?:\.[a-z]{2})?\.(?:html|txt))?(?:#[a-z0-9-]+)?")
_WEB = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[!-~]*)?")


def text(value: object) -> str:
    """``value`` as text of an element or a quoted attribute; control characters are made visible."""
    if isinstance(value, Verbatim):
        return value
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, int | date):
        raise FormatError(value, NAME, f"there is no way to write a {type(value).__name__}")
    return _text(str(value))


@lru_cache(maxsize=16_384)
def _text(value: str) -> str:
    """Pages of several sites have most of their words in common."""
    shown = visible(value, keep="\n")
    return html.escape(shown) if _MARKUP.search(shown) else shown


def slug(value: str) -> Verbatim:
    """``value`` as the name of a class: lower-case letters and hyphens."""
    return Verbatim(re.sub(r"[^a-z]+", "-", value.lower()).strip("-"))


def code(value: object) -> Verbatim:
    """``value`` as what is typed or read letter by letter."""
    return Verbatim(f"<code>{text(value)}</code>")


def anchor(target: str, words: object) -> Verbatim:
    """A link to a web page, or to a page of the same folder. Raises FormatError for any other target."""
    return Verbatim(f'<a href="{_target(target)}">{text(words)}</a>')


@lru_cache(maxsize=4096)
def _target(target: str) -> str:
    if not _WEB.fullmatch(target) and not (target and _BESIDE.fullmatch(target)):
        raise FormatError(target, NAME, "it is no address of a page")
    return text(target)


@lru_cache(maxsize=1024, typed=True)
def mail(address: str) -> Verbatim:
    """A mail address that can be written to by following it (RFC 6068)."""
    return Verbatim(f'<a href="mailto:{quote(address, safe="@")}">{text(address)}</a>')


def telephone(number: str) -> Verbatim:
    """A telephone number that can be dialled by following it (RFC 3966), where it is an international one."""
    digits = re.sub(r"[^0-9]", "", number)
    if not digits or not number.startswith("+"):
        return Verbatim(text(number))
    return Verbatim(f'<a href="tel:+{digits}">{text(number)}</a>')


def day(value: date, words: str) -> Verbatim:
    """A day, told in ``words``."""
    return Verbatim(f'<time datetime="{value.isoformat()}">{text(words)}</time>')


def sentence(pattern: str, values: Mapping[str, object]) -> Verbatim:
    """``pattern`` as text, with ``{name}`` replaced by the value of that name: text too, or markup made here.

    Raises KeyError for a name without a value.
    """
    first, rest = _parts(pattern)
    return Verbatim(first + "".join([text(values[name]) + after for name, after in rest]))


@lru_cache(maxsize=4096)
def names(pattern: str) -> tuple[str, ...]:
    """Names of the values that a sentence asks for."""
    return tuple(name for name, _after in _parts(pattern)[1])


@lru_cache(maxsize=4096)
def _parts(pattern: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What a sentence consists of: its first words, and names of values, each with the words that follow it."""
    words, named = [""], []
    for literal, name, _, _ in string.Formatter().parse(pattern):
        words[-1] += text(literal)
        if name is not None:
            named.append(name)
            words.append("")
    return words[0], tuple(zip(named, words[1:], strict=True))


_FOREIGN = '<span lang="'


def foreign(language: str, inner: Verbatim) -> Verbatim:
    """``inner`` in another language than what is around it."""
    return Verbatim(f'{_FOREIGN}{text(language)}">{inner}</span>')


def has_foreign(markup: str) -> bool:
    """Whether something in what was made here is what ``foreign`` made: no value can look like that."""
    return _FOREIGN in markup


def comment(value: object) -> Verbatim:
    """A comment that says ``value``, which cannot end it."""
    return _comment(str(value))


@lru_cache(maxsize=4096)
def _comment(value: str) -> Verbatim:
    inner = visible(value).replace("--", "- -").replace(">", "")
    return Verbatim(f"<!-- {inner} -->")


HTML = Format(NAME, text, (("slug", slug), ("comment", comment)))
