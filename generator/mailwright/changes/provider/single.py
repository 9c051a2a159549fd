"""The ordinary review of one customer: a customer's joined description is a site like any other."""

from __future__ import annotations

from mailwright import __version__
from mailwright.changes.cause import Asked
from mailwright.changes.model import Named, Part, Review
from mailwright.changes.provider.customer import CustomerSide, pair
from mailwright.changes.steps import steps


def single(old: CustomerSide, new: CustomerSide, asked: Asked) -> Review:
    """Without the files that are built, which on shared hosts are the platform's. Raises UnusableError."""
    found = pair(old, new, asked)
    after = Named(new.label, new.site.organisation.name, new.site.primary.name, __version__)
    before = Named(old.label, old.site.organisation.name, old.site.primary.name, __version__)
    if found is None:
        from mailwright.changes.cause import nothing
        from mailwright.changes.side import Made

        same = nothing(Made(new, new.site, asked.today), asked)
        return Review(
            before, after, (same.comparison.old, same.comparison.new), (same.part,), complete=asked.complete
        )
    comparison, risks, _ = found
    part = Part("description", comparison.changes, risks)
    return Review(
        before,
        after,
        (comparison.old, comparison.new),
        (part,),
        steps(comparison, list(risks)),
        complete=asked.complete,
    )
