"""A built project before it is written: a mapping from paths to files."""

from __future__ import annotations

import re

import msgspec

from mailwright.records import dataclass

ORDINARY = 0o644
PERSONAL = 0o640

PLAN = "plan.json"
"""The tables of which all else in a project is made."""
DESCRIPTION = "description/"
"""Where copies of the inputs lie."""

_NAME = re.compile(r"[A-Za-z0-9_.+@~,=-][A-Za-z0-9_.+@~,= -]*")


@dataclass(frozen=True, slots=True)
class Output:
    """A file of the project. ``mode`` is 0640 when it holds people."""

    data: bytes
    mode: int = ORDINARY


Tree = dict[str, Output]
"""Paths are relative, with ``/``."""


def safe(path: str) -> str:
    """``path`` if each of its parts is a plain name; no description can make one that leads elsewhere.

    Raises ValueError for anything else.
    """
    for part in path.split("/"):
        if not _NAME.fullmatch(part) or part in (".", "..") or part.startswith("-"):
            raise ValueError(f"{path!r} is no path inside a project: {part!r}")
    return path


def text(content: str, mode: int = ORDINARY) -> Output:
    return Output(content.encode(), mode)


def json_text(value: object) -> Output:
    """JSON with sorted keys, indented, so that two builds of the same are the same bytes."""
    return Output(msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n")
