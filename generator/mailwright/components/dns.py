"""A fragment for each zone, to be merged by whoever keeps the zone: forward and reverse (DNS-1 to DNS-4)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailwright.formats import zone as zone_file
from mailwright.formats.engine import FormatError
from mailwright.plan.model import Plan

_HEAD = "; Records that {} needs, for the file of the zone. No SOA or NS: those are its keeper's.\n"
# A zone's name becomes a file name.
_ZONE = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


def fragments(plan: Plan) -> Mapping[str, str]:
    """File name (``college.ac.uk.zone``) to text, for each zone that the plan has records in.

    A fragment has no SOA and no NS records and every name is absolute, so that it can be included anywhere
    in the zone's file. Raises FormatError for a record that cannot be written.
    """
    texts: dict[str, list[str]] = {}
    files: dict[str, str] = {}
    for row in plan.records:
        file = files.get(row.zone)
        if file is None:
            name = row.zone.removesuffix(".")
            if not _ZONE.fullmatch(name):
                raise FormatError(row.zone, "a file name", "it is no zone name in lower case")
            file = files[row.zone] = f"{name}.zone"
            texts.setdefault(file, [_HEAD.format(name)])
        texts[file].append(zone_file.record(row.zone, row.owner, row.type, row.value, row.ttl, row.because))
    return {file: "\n".join(text) for file, text in texts.items()}
