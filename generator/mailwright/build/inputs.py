"""The files that a description was read from, and their hashes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from mailwright.build.manifest import Input
from mailwright.site.read import IN_DIRECTORY, Reading


def of(reading: Reading, folder: Path) -> tuple[Input, ...]:
    """The description, its profiles, the file of the people and the public key, named from ``folder`` on.

    Raises OSError when one of them has gone since it was read.
    """
    files = sorted(_files(reading))
    return tuple(
        Input(os.path.relpath(file, folder), hashlib.sha256(Path(file).read_bytes()).hexdigest()) for file in files
    )


def _files(reading: Reading) -> set[str]:
    document = reading.document
    if document is None:
        return set()
    files = {place.file for place in document.places.values()}
    for pointer in ("/people", "/dkim/public_key"):
        named = document.value(pointer) if pointer in document.places else None
        if isinstance(named, str) and named != IN_DIRECTORY:
            files.add(str(Path(document.place(pointer).file).parent / named))
    return files
