"""Copies of the roles that a site uses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mailwright import resources
from mailwright.build.tree import Output, Tree, safe
from mailwright.components import COMPONENTS
from mailwright.plan.model import Plan

BASE = "base"  # no component: it has no files of its own, and every other role depends on it
_LEFT_OUT = frozenset({"__pycache__", "molecule", "tests", ".ansible"})


def used(plan: Plan) -> tuple[str, ...]:
    """Names of the roles that some host needs, in the order in which they are applied; ``base`` first, always."""
    return (BASE, *(item.name for item in COMPONENTS if any(item.runs_on(plan, host) for host in plan.hosts)))


def make(names: tuple[str, ...]) -> Tree:
    """``roles/<role>/…``, byte for byte."""
    source = resources.folder("roles")
    return {path: output for name in names for path, output in _copied(source, name)}


@cache
def _copied(source: Path, name: str) -> tuple[tuple[str, Output], ...]:
    """One role, which both sides of a review and every customer with hosts of its own have."""
    return tuple(
        (safe(f"roles/{path.relative_to(source).as_posix()}"), Output(path.read_bytes()))
        for path in _files(source / name)
    )


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _LEFT_OUT:
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path
