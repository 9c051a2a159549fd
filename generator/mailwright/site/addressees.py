"""Who is behind a gateway, from a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mailwright.findings import Findings, Place
from mailwright.site import values
from mailwright.site.addresses import key
from mailwright.site.model import Addressee
from mailwright.source.table import Table


def from_csv(path: Path, findings: Findings, where: Place) -> Iterator[Addressee]:
    """The rows of a file, in its order. ``where`` the description names it; faults go to ``findings``.

    Columns: ``address``, the published one; ``internal``, what the system behind the gateway calls it, where that
    is another one.
    """
    table = Table(path, ("address",), ("internal",), findings, where)
    first: dict[str, int] = {}
    for line, text, fields in table.rows():
        row = dict(zip(table.header, fields, strict=True))
        address, internal = row["address"], row.get("internal", "")
        try:
            found = Addressee(
                values.address(address),
                values.address(internal) if internal else values.address(address),
                Place(table.file, line, 1),
            )
        except ValueError as error:
            table.error("site.addressee", str(error), line, 1)
            continue
        if (before := first.setdefault(key(found.address), line)) != line:
            message = f"{address} is there twice; the first time in line {before}"
            column = table.column(text, table.header.index("address"))
            table.error("site.duplicate", message, line, column, "Keep one of the two.")
            continue
        yield found
