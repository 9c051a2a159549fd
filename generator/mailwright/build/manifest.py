"""What a project was made from and what is in it: MANIFEST.json."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import field

from mailwright import __version__
from mailwright.build.tree import Output, Tree, json_text
from mailwright.records import dataclass

NAME = "MANIFEST.json"


@dataclass(frozen=True, slots=True)
class Input:
    """A file that the description was read from.

    name    from the description's folder on: ``../base.yml``
    sha256  of the file
    copy    where its copy lies in ``description/``, from the folder on that all inputs share: ``base.yml``. So what
            one of them calls another is right there, too
    data    the copy, which may lack what no description needs (``copies``)
    main    it is the description itself
    """

    name: str
    sha256: str
    copy: str
    data: bytes = field(repr=False)
    main: bool = False


def make(inputs: Iterable[Input], tree: Tree) -> Output:
    """The manifest of ``tree``, which does not hold it yet: no time stamp, no path of a machine."""
    digests = {id(output.data): hashlib.sha256(output.data).hexdigest() for output in _each_once(tree)}
    inputs = tuple(inputs)
    return json_text(
        {
            "mailwright": __version__,
            "description": next((item.copy for item in inputs if item.main), ""),
            "inputs": {item.copy: item.sha256 for item in inputs},
            "files": {path: digests[id(output.data)] for path, output in tree.items()},
        }
    )


def _each_once(tree: Tree) -> Iterable[Output]:
    """Hosts of one site share their long tables."""
    return {id(output.data): output for output in tree.values()}.values()
