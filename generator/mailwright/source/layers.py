"""A description and the profiles that it extends, joined into one document."""

from __future__ import annotations

import os
import re
from functools import reduce
from pathlib import Path

from mailwright.findings import Findings, Place
from mailwright.source.compose import compose
from mailwright.source.document import Document
from mailwright.source.files import below, content
from mailwright.source.nodes import Entry, Mapping, Scalar

MAX_BYTES = 4 * 1024 * 1024
MAX_LAYERS = 8

EXTENDS = re.compile(r"^[A-Za-z0-9._][A-Za-z0-9._/-]*$")  # the schema's pattern for extends


def load(path: Path, findings: Findings) -> Document | None:
    """The document at ``path`` laid over the profiles that it extends; None when nothing can be made of it.

    Every fault is added to ``findings`` (ids ``source.*``).
    """
    files = stack(path, findings)
    return Document.of(str(path), reduce(join, files)) if files else None


def stack(
    path: Path, findings: Findings, *, wall: Path | None = None, named: Place | None = None
) -> tuple[Mapping, ...]:
    """The file at ``path``, last, and those that it extends, the lowest first; none when it cannot be used.

    wall   the folder that files must be in that are extended; one outside is a finding, and is not opened
    named  where something names ``path``; a finding of a file that is not there stands there

    A file below that cannot be used is a finding, and those above it are there without it.
    """
    found: list[Mapping] = []
    above: list[Path] = []
    where = named
    while True:
        if above and Path(os.path.realpath(path)) in above:
            message = f"{path} extends itself, round in a circle"
            findings.error("source.extends-circle", message, where, "Take this extends out, or name another file.")
            break
        if len(above) == MAX_LAYERS:
            findings.error("source.extends-depth", f"more than {MAX_LAYERS} profiles lie under each other", where)
            break
        if above and wall is not None and where is not None and not _within(path, wall, findings, where):
            break
        raw = content(path, MAX_BYTES, findings, where)
        root = None if raw is None else compose(raw, str(path), findings)
        if root is None:
            break
        profile = extended(root)
        if profile is None:
            found.append(root)  # where there is an ``extends`` all the same, the schema says what is wrong with it
            break
        entry = root.entries["extends"].node.spot
        where = Place(entry.file, entry.line, entry.column, "/extends")
        found.append(Mapping({key: one for key, one in root.entries.items() if key != "extends"}, root.spot))
        above.append(Path(os.path.realpath(path)))
        path = Path(os.path.normpath(path.parent / profile))
    return tuple(reversed(found))


def _within(path: Path, wall: Path, findings: Findings, where: Place) -> bool:
    if path.is_relative_to(wall):
        return below(path, wall, findings, where)
    findings.error("source.outside", f"{path} is not in {wall}", where, f"Put what is extended into {wall}.")
    return False


def extended(root: Mapping) -> str | None:
    """The path, from the file's folder on, of the profile that a layer extends; None where it extends none."""
    entry = root.entries.get("extends")
    said = entry.node.value if entry is not None and isinstance(entry.node, Scalar) else None
    return said if isinstance(said, str) and EXTENDS.match(said) else None


def join(below: Mapping, above: Mapping) -> Mapping:
    """Two layers as one: mappings merge, lists and single values of the upper one replace the lower one's."""
    entries = dict(below.entries)
    for key, entry in above.entries.items():
        lower = entries.get(key)
        if lower is not None and isinstance(lower.node, Mapping) and isinstance(entry.node, Mapping):
            entries[key] = Entry(entry.spot, join(lower.node, entry.node))
        else:
            entries[key] = entry
    return Mapping(entries, above.spot)
