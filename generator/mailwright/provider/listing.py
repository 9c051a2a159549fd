"""The list of a platform's customers, which the platform's hosts are told."""

from __future__ import annotations

from collections.abc import Sequence

from mailwright.build.tree import PERSONAL, Output

LIST = "customers.json"
"""Of a platform's project: its customers, a line for each."""


def listed(rows: Sequence[bytes]) -> Output:
    """``customers.json`` of the rows (``project.row``), which are in the order of their ids."""
    return Output(b"{\n" + b",\n".join(rows) + b"\n}\n" if rows else b"{}\n", PERSONAL)
