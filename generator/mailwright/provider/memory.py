"""Whose a domain was when there is no index: builds say it, which are kept in version control (SCALE-2).

An index is for speed, and is missing on a fresh folder or after a change of the program. Without any memory whoever
claims a customer's domain would take that customer out of the build.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mailwright.build import manifest
from mailwright.provider.listing import LIST
from mailwright.provider.model import CUSTOMERS

if TYPE_CHECKING:
    from mailwright.provider.build_one import Made

DESCRIPTION = "description/"


class _Row(msgspec.Struct):
    domains: tuple[str, ...] = ()


_DECODER = msgspec.json.Decoder(dict[str, _Row])


def names(out: Path, platforms: Iterable[str], made: Iterable[Made]) -> Mapping[str, frozenset[str]]:
    """Id → names that were the customer's in the builds below ``out``.

    platforms  names of those whose lists of customers are looked at, and what these are called inside by their
               tables; one that cannot be read remembers nothing
    made       customers with hosts of their own had what they claim when there is their project, of the very same
               description
    """
    found: dict[str, frozenset[str]] = {}
    for name in platforms:
        try:
            rows = _DECODER.decode((out / name / LIST).read_bytes())
        except (OSError, msgspec.MsgspecError, ValueError):
            continue
        for id_, row in rows.items():
            found[id_] = frozenset((*row.domains, *_inside(out / name / CUSTOMERS / id_)))
    for one in made:
        entry = one.entry
        if entry.platform or entry.outputs is None or not (out / entry.outputs.folder / manifest.NAME).is_file():
            continue
        if not any(path.startswith(DESCRIPTION) for path in (*one.written.added, *one.written.changed)):
            found[entry.id] = entry.names
    return found


def _inside(folder: Path) -> Iterator[str]:
    from mailwright.provider.project import TABLES  # loaded already, since there is no index

    try:
        lines = (folder / TABLES).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return
    yield from (line.partition(" ")[2] for line in lines if line.startswith("inside "))
