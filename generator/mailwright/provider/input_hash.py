"""A hash of what lies beneath a customer's own files: it is built again when that is another."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from mailwright import __version__, resources
from mailwright.provider.model import FILE, Layer, Provider
from mailwright.records import dataclass
from mailwright.source.nodes import Mapping as Tree
from mailwright.source.nodes import Node, Scalar

LIBRARIES = (
    "cryptography",
    "idna",
    "jinja2",
    "jsonschema-rs",
    "markdown-it-py",
    "markupsafe",
    "msgspec",
    "publicsuffixlist",
    "pyyaml",
    "tzdata",
)
"""Whose version decides what is built."""

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class InputHashes:
    """Hashes. ``every``: of the program, and of ``provider.yml``, which is beneath all."""

    every: bytes
    platforms: Mapping[str, bytes]
    profiles: Mapping[str, bytes]

    def of(self, platform: str, profiles: Iterable[str]) -> bytes:
        parts = [self.every, self.platforms.get(platform, b"")]
        parts += [self.profiles.get(name, b"") for name in profiles]
        return _digest(part for each in parts for part in (len(each).to_bytes(2, "big"), each))


def of(provider: Provider, platforms: Mapping[str, Iterable[str]]) -> InputHashes:
    """``platforms``: name → files that its description was read from. Raises OSError."""
    folder = str(provider.folder)
    return InputHashes(
        _digest((program(), *_contents([f"{folder}/{FILE}"], folder))),
        {name: _digest(_contents(sorted(files), folder)) for name, files in platforms.items()},
        {
            layer.name.removeprefix("profile "): _digest(_contents(sorted(_files(layer)), folder))
            for layer in provider.profiles
        },
    )


def program() -> bytes:
    """Of all that this program consists of: the same description may be built otherwise by another version of it,
    of Python, or of a library that reads what is described or writes what is built."""
    folders = (_PACKAGE, *map(resources.folder, ("schemas", "templates", "roles")))
    files = sorted(
        f"{parent}/{name}"
        for folder in folders
        for parent, _folders, names in os.walk(folder)
        if not parent.endswith("__pycache__")
        for name in names
    )
    versions = (sys.version, __version__, *(f"{name} {metadata.version(name)}" for name in LIBRARIES))
    return _digest((*(f"{one}\0".encode() for one in versions), *_contents(files, str(_PACKAGE))))


def _contents(files: Iterable[str], folder: str) -> Iterator[bytes]:
    for file in files:
        with open(file, "rb") as opened:  # noqa: PTH123 - of a thousand files
            data = opened.read()
        yield f"{file.removeprefix(folder)}\0{len(data)}\0".encode("utf-8", "surrogateescape")
        yield data


def _files(layer: Layer) -> set[str]:
    """Of a layer that could not be read there is none; then its customers cannot be built either."""
    return {node.spot.file for node in _nodes(layer.root)} if layer.usable else set()


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Tree):
        for entry in node.entries.values():
            yield from _nodes(entry.node)
    elif not isinstance(node, Scalar):
        for item in node.items:
            yield from _nodes(item)


def _digest(parts: Iterable[bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.digest()
