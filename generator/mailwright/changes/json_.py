"""Changes as JSON, for programs: every one of them, with the rows before and after."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, is_dataclass

from mailwright import __version__
from mailwright.changes.model import Change


def render(changes: Sequence[Change]) -> str:
    """All changes, and how many there are in each table."""
    document = {
        "mailwright": __version__,
        "counts": dict(sorted(Counter(change.table for change in changes).items())),
        "changes": [_change(change) for change in changes],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _change(change: Change) -> dict[str, object]:
    return {
        "table": change.table,
        "kind": change.kind,
        "key": change.key,
        "sentence": change.sentence,
        "note": change.note,
        "old": _plain(change.old),
        "new": _plain(change.new),
    }


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        # Reasons and places in the description are no part of what differs.
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.compare and field.name != "because"
        }
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)
