"""The description of a customer with hosts of its own as one file, for its project's folder ``description/``.

The layers that it comes of are the provider's and hold for others too. What is put into the project is what they
amount to for this customer alone: a site description like any other, that can be checked, built and compared by
itself. Limits, profiles by name, and whatever the customer overrides are not in it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from mailwright.build import Input, copies
from mailwright.formats import description as form
from mailwright.provider.customer import Customer
from mailwright.site import ldif, placements
from mailwright.site.read import Reading
from mailwright.source.document import Plain, pointer

FILE = "site.yml"
_LAYERS = (".yml", ".yaml")


def inputs(customer: Customer, reading: Reading) -> tuple[Input, ...]:
    """The joined description, and the further files that it names, by the names that they have from it on.

    reading  the customer's, with the file that remembers who is on which store, where there is one
    Raises FormatError, and OSError when a file has gone since it was read.
    """
    return tuple(sorted(_inputs(customer, reading), key=lambda item: item.name))


def _inputs(customer: Customer, reading: Reading) -> Iterator[Input]:
    document, file = reading.document, customer.head.file
    if document is None:
        return
    known = {os.path.abspath(name) for name in reading.files if not name.endswith(_LAYERS)}  # noqa: PTH100
    data = form.dump(_mapping(customer, reading, document.data, known)).encode()
    yield Input(file.name, hashlib.sha256(data).hexdigest(), FILE, data, main=True)
    directory = reading.site.directory if reading.site is not None else None
    placed = str(file.with_suffix("").absolute() / placements.FILE)
    for name in sorted(known):
        content = Path(name).read_bytes()
        relative = os.path.relpath(name, file.parent)
        yield Input(
            name=relative,
            sha256=hashlib.sha256(content).hexdigest(),
            copy=placements.FILE if name == placed else copies.name(relative),
            data=ldif.needed(content, directory.attributes) if directory and name.endswith(".ldif") else content,
        )


def _mapping(customer: Customer, reading: Reading, data: dict[str, Plain], known: set[str]) -> dict[str, Plain]:
    """``data`` with files named from the joined description on, wherever the layer lies that names them."""
    document = reading.document
    assert document is not None  # noqa: S101
    folder = os.path.abspath(customer.head.file.parent)  # noqa: PTH100

    def moved(value: Plain, at: str) -> Plain:
        if isinstance(value, dict):
            return {key: moved(inner, at + pointer(key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [moved(inner, at + pointer(index)) for index, inner in enumerate(value)]
        if isinstance(value, str) and known:
            named = os.path.abspath(Path(document.place(at).file).parent / value)  # noqa: PTH100
            if named in known:
                return os.path.relpath(named, folder)
        return value

    return {key: moved(inner, pointer(key)) for key, inner in data.items()}
