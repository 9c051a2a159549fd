"""Which document is published where."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan.model import Publication
from mailwright.site.model import Site


def rows(_site: Site) -> Iterator[Publication]:
    """None: no component publishes documents in this version."""
    return iter(())
