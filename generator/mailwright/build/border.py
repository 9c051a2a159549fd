"""``border/``: the policy for mail ports, for whoever runs the site's router."""

from __future__ import annotations

from mailwright.border import DIALECTS
from mailwright.build.tree import Tree, safe, text
from mailwright.plan.model import Plan


def make(plan: Plan) -> Tree:
    """A file for each dialect. Raises FormatError for a row that none may be written from."""
    return {safe(f"border/{dialect.file}"): text(dialect.render(plan)) for dialect in DIALECTS}
