"""Which files of a provider's folder are needed, by their paths in it: those of all customers, and those of one."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from mailwright.findings import Findings
from mailwright.provider.model import CUSTOMERS, FILE
from mailwright.provider.read import ENDING
from mailwright.site import distribution, placements
from mailwright.source.compose import compose
from mailwright.source.folder import Folder
from mailwright.source.layers import MAX_BYTES
from mailwright.source.nodes import Mapping as Tree
from mailwright.source.nodes import Node, Scalar, Sequence

MOST = 10_000
"""Files of one customer, and files that all share: no description needs more."""

_PATH = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._/-]*")
_WORDS = re.compile(rb"[A-Za-z0-9._/-]+")


def customers(hashes: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    """Stem of each customer's file → its files and their hashes, in the order of the stems."""
    found: dict[str, dict[str, str]] = {}
    beside: dict[str, dict[str, str]] = {}
    start = f"{CUSTOMERS}/"
    for path, name in hashes.items():
        if not path.startswith(start):
            continue
        stem, slash, _ = path[len(start) :].partition("/")
        if slash:
            beside.setdefault(stem, {})[path] = name
        elif stem.endswith(ENDING):
            found[stem.removesuffix(ENDING)] = {path: name}
    for stem, files in found.items():
        files.update(beside.get(stem, {}))
        if f"{start}{stem}" in hashes:  # a link to a folder
            files[f"{start}{stem}"] = hashes[f"{start}{stem}"]
    return dict(sorted(found.items()))


def shared(folder: Folder) -> tuple[str, ...]:
    """provider.yml, and what it and what it names name; nothing of customers."""
    start = f"{CUSTOMERS}/"
    hashes = {path for path in folder.hashes if not path.startswith(start)}
    found: dict[str, None] = {}
    waiting = [FILE]
    while waiting and len(found) < MOST:
        path = waiting.pop()
        if path in found or path not in hashes:
            continue
        found[path] = None
        at = os.path.dirname(path)  # noqa: PTH120 - paths in the folder, not of this machine
        for word in _named(folder, path):
            inner = os.path.normpath(os.path.join(at, word))  # noqa: PTH118
            waiting += [inner] if inner in hashes else _below(inner, hashes)
        if path.endswith((".yml", ".yaml")):
            waiting.append(os.path.join(at, placements.FILE))  # noqa: PTH118
    return tuple(sorted(found))


def _below(inner: str, hashes: Collection[str]) -> list[str]:
    if inner in (".", ""):
        return []
    return [path for path in hashes if path.startswith(f"{inner}/")]


def _named(folder: Folder, path: str) -> Iterable[str]:
    if path.endswith((".yml", ".yaml")):
        raw = folder.content(path, MAX_BYTES + 1)
        root = compose(raw, path, Findings()) if raw is not None and len(raw) <= MAX_BYTES else None
        return {word for word in _words(root) if _PATH.fullmatch(word)} if root is not None else ()
    if path.endswith(distribution.TABLE):
        raw = folder.content(path, MAX_BYTES) or b""
        return {word.decode() for word in _WORDS.findall(raw) if word.endswith(distribution.TABLE.encode())}
    return ()


def _words(node: Node) -> Iterator[str]:
    if isinstance(node, Tree):
        for entry in node.entries.values():
            yield from _words(entry.node)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _words(item)
    elif isinstance(node, Scalar) and isinstance(node.value, str):
        yield node.value
