"""A description and the profiles that it extends, joined into one document."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mailwright.findings import Findings, Place
from mailwright.source.compose import compose
from mailwright.source.document import Document
from mailwright.source.files import content
from mailwright.source.nodes import Entry, Mapping, Scalar

MAX_BYTES = 4 * 1024 * 1024
MAX_LAYERS = 8

EXTENDS = re.compile(r"^[A-Za-z0-9._][A-Za-z0-9._/-]*$")  # the schema's pattern for extends


def load(path: Path, findings: Findings) -> Document | None:
    """The document at ``path`` laid over the profiles that it extends; None when nothing can be made of it.

    Every fault is added to ``findings`` (ids ``source.*``).
    """
    root = _layer(path, findings, None, ())
    return None if root is None else Document.of(str(path), root)


def _layer(path: Path, findings: Findings, where: Place | None, above: tuple[Path, ...]) -> Mapping | None:
    here = Path(os.path.realpath(path))
    if here in above:
        findings.error("source.extends-circle", f"{path} extends itself, round in a circle", where)
        return None
    if len(above) == MAX_LAYERS:
        findings.error("source.extends-depth", f"more than {MAX_LAYERS} profiles lie under each other", where)
        return None
    raw = content(path, MAX_BYTES, findings, where)
    if raw is None:
        return None
    root = compose(raw, str(path), findings)
    if root is None or "extends" not in root.entries:
        return root
    extends = root.entries["extends"].node
    profile = extends.value if isinstance(extends, Scalar) else None
    if not isinstance(profile, str) or not EXTENDS.match(profile):
        return root  # the schema says what is wrong with it
    at = Place(extends.spot.file, extends.spot.line, extends.spot.column, "/extends")
    base = _layer(Path(os.path.normpath(path.parent / profile)), findings, at, (*above, here))
    own = Mapping({key: entry for key, entry in root.entries.items() if key != "extends"}, root.spot)
    return own if base is None else join(base, own)


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
