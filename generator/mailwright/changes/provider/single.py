"""The ordinary review of one customer: a customer's joined description is a site like any other."""

from __future__ import annotations

from mailwright import __version__
from mailwright.build.tree import Tree
from mailwright.changes.cause import Asked
from mailwright.changes.model import FileChange, Named, Part, Review
from mailwright.changes.provider.customer import CustomerSide, pair
from mailwright.changes.steps import steps
from mailwright.provider.model import Head


def single(old: CustomerSide, new: CustomerSide, asked: Asked, heads: tuple[Head, Head]) -> Review:
    """On shared hosts with the files that are built for it alone, when they are asked for: its fragment, zones and
    pages. Raises UnusableError."""
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
    built = _files(old, new, asked, heads) if asked.complete else ()
    part = Part("description", comparison.changes, risks, built)
    return Review(
        before,
        after,
        (comparison.old, comparison.new),
        (part,),
        steps(comparison, list(risks)),
        complete=asked.complete,
    )


def _files(old: CustomerSide, new: CustomerSide, asked: Asked, heads: tuple[Head, Head]) -> tuple[FileChange, ...]:
    """None where it has hosts of its own on a side. The matrix says again what findings and files say."""
    from mailwright.build import BuildError
    from mailwright.changes import files
    from mailwright.changes.side import Made
    from mailwright.provider.project import tree

    trees: list[Tree] = []
    for side, head in zip((old, new), heads, strict=True):
        if side.hosts is None:
            return ()
        try:
            made = tree(Made(side, side.site, asked.today).plan, head, head.state(asked.today), (), (), {})
        except BuildError:  # a check says it of its description
            return ()
        trees.append({path: one for path, one in made.items() if not path.startswith("compliance/")})
    return files.compare(*trees)
