"""What a plain (unquoted) YAML scalar means, where all readers of YAML agree; and where they do not."""

from __future__ import annotations

import re

import yaml

from mailwright.records import dataclass

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# YAML 1.2 reads these as numbers, YAML 1.1 (or PyYAML) as text.
_NUMBER_1_2 = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+")
_LETTERS_1_1 = frozenset({"y", "Y", "n", "N"})

_READ_AS = {
    "tag:yaml.org,2002:bool": "a yes or no",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:timestamp": "a date",
    "tag:yaml.org,2002:null": "nothing",
    "tag:yaml.org,2002:merge": "a merge of mappings",
    "tag:yaml.org,2002:value": "a default value",
}
_RESOLVER = yaml.resolver.Resolver()
_BEGINNINGS = frozenset(_RESOLVER.yaml_implicit_resolvers) | frozenset("+-.0123456789")
"""Characters with which everything begins that may be anything but text."""
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that may be anything but text, in small letters."""
_LONGEST = max(map(len, _WORDS))


@dataclass(frozen=True, slots=True)
class Surprise:
    """A scalar that some readers of YAML would change: ``no``, ``012``, ``12:30:45``."""

    text: str
    read_as: str

    @property
    def fix(self) -> str:
        if self.read_as == "a yes or no":
            return f'Write true or false; or, if the text is meant, "{self.text}" in quotes.'
        if self.read_as == "a number":
            return f'Write "{self.text}" in quotes; or, if a number is meant, plain digits.'
        return f'Write "{self.text}" in quotes.'


def is_text(text: str) -> bool:
    """Whether a plain scalar is text for every reader, as nearly all are: asked first, since it is fast."""
    if not text:
        return False
    first = text[0]
    return first not in _BEGINNINGS or (first.isalpha() and (len(text) > _LONGEST or text.lower() not in _WORDS))


def resolve(text: str, *, date: bool) -> str | int | bool | Surprise | None:
    """The value of a plain scalar. ``date``: a date may stand here, and is kept as text."""
    if is_text(text):
        return text
    if text in _NULLS:
        return None
    if text == "true" or text == "false":
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if text in _LETTERS_1_1:
        return Surprise(text, "a yes or no")
    if _NUMBER_1_2.fullmatch(text):
        return Surprise(text, "a number")
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    if tag not in _READ_AS or (date and tag == "tag:yaml.org,2002:timestamp"):
        return text
    return Surprise(text, _READ_AS[tag])
