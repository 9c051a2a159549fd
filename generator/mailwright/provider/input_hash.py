"""A hash of what lies beneath a customer's own files: it is built again when that is another.

Of ``provider.yml`` and profiles that is what they say and where, since findings that are kept name lines. A comment
or a blank that moves no line is nothing to anybody.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from mailwright import __version__, resources
from mailwright.findings import Place
from mailwright.provider.model import Layer, Provider
from mailwright.records import dataclass
from mailwright.source.nodes import Mapping as Tree
from mailwright.source.nodes import Node, Scalar, Spot

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
    """Hashes. ``every``: of the program, and of what ``provider.yml`` says of all customers."""

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
        _digest((program(), *_of_all(provider, folder))),
        {name: _digest(_contents(sorted(files), folder)) for name, files in platforms.items()},
        {layer.name.removeprefix("profile "): _digest(_layer(layer, folder)) for layer in provider.profiles},
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


def _of_all(provider: Provider, folder: str) -> Iterator[bytes]:
    """What the results of customers are made of, whatever they are."""
    names = (provider.name, provider.team, sorted(provider.wide), [layer.name for layer in provider.profiles])
    yield repr(names).encode()
    for platform in provider.platforms:
        file = str(platform.file).removeprefix(folder)
        yield repr((platform.name, file, _place(platform.where, folder))).encode()
    for limit in provider.limits:
        yield repr((limit, _place(limit.where, folder))).encode()
    yield from _layer(provider.defaults, folder)


def _layer(layer: Layer, folder: str) -> Iterator[bytes]:
    """A layer that could not be read says nothing; then its customers cannot be built either."""
    yield repr((layer.name, layer.usable, layer.where and _place(layer.where, folder))).encode()
    yield from _node(layer.root, folder)


def _node(node: Node, folder: str) -> Iterator[bytes]:
    kind = type(node).__name__
    if isinstance(node, Tree):
        yield repr((kind, len(node.entries), _place(node.spot, folder))).encode()
        for key, entry in node.entries.items():
            yield repr((key, _place(entry.spot, folder))).encode()
            yield from _node(entry.node, folder)
    elif isinstance(node, Scalar):
        yield repr((kind, node.value, _place(node.spot, folder))).encode()
    else:
        yield repr((kind, len(node.items), _place(node.spot, folder))).encode()
        for item in node.items:
            yield from _node(item, folder)


def _place(place: Place | Spot, folder: str) -> tuple[str, int, int]:
    return place.file.removeprefix(folder), place.line, place.column


def _digest(parts: Iterable[bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.digest()
