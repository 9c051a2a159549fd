"""What a project was made from and what is in it: MANIFEST.json."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from mailwright import __version__
from mailwright.build.tree import Output, Tree, json_text

NAME = "MANIFEST.json"


@dataclass(frozen=True, slots=True)
class Input:
    """A file that the description was read from. ``name`` as the description names it, never a machine's path."""

    name: str
    sha256: str


def make(inputs: Iterable[Input], tree: Tree) -> Output:
    """The manifest of ``tree``, which does not hold it yet: no time stamp, no path of a machine."""
    digests = {id(output.data): hashlib.sha256(output.data).hexdigest() for output in _each_once(tree)}
    return json_text(
        {
            "mailwright": __version__,
            "inputs": {item.name: item.sha256 for item in inputs},
            "files": {path: digests[id(output.data)] for path, output in tree.items()},
        }
    )


def _each_once(tree: Tree) -> Iterable[Output]:
    """Hosts of one site share their long tables."""
    return {id(output.data): output for output in tree.values()}.values()
