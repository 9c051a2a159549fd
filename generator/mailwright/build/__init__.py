"""Site and Plan → an Ansible project as a mapping from paths to bytes; ``writer.write`` puts it into a folder.

>>> tree = project(site, plan, findings, inputs)
>>> writer.write(tree, Path("build") / site.primary.name)

What renders is loaded when something is rendered: a build of a provider in which nothing changed needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mailwright.build import manifest
from mailwright.build.manifest import Input
from mailwright.build.tree import PERSONAL, PLAN, Output, Tree, safe, text

if TYPE_CHECKING:
    from mailwright.findings import Finding
    from mailwright.formats.engine import FormatError
    from mailwright.plan.model import Plan
    from mailwright.site.model import Site

__all__ = ["BuildError", "Input", "project", "told"]


class BuildError(Exception):
    """Values that some format cannot carry: one error for each file that could not be written."""

    def __init__(self, errors: Sequence[FormatError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = tuple(errors)


def project(site: Site, plan: Plan, findings: Iterable[Finding], inputs: Iterable[Input]) -> Tree:
    """The whole project of a site. The same arguments give the same bytes.

    findings  of the rules over the description: the evidence of kind ``check`` in the matrix
    inputs    the files that the description was read from
    Raises BuildError; nothing is read but our own templates and roles, nothing is written.
    """
    from mailwright.plan import stored

    inputs = tuple(inputs)
    tree = told(site, plan, findings, inputs)
    tree[PLAN] = Output(stored.dump(plan), PERSONAL)
    tree[manifest.NAME] = manifest.make(inputs, tree)
    return tree


def told(site: Site, plan: Plan, findings: Iterable[Finding], inputs: tuple[Input, ...]) -> Tree:
    """``project`` without what says again what else is there: the tables of the plan and the manifest."""
    from mailwright.build import border, copies, documents, host_files, inventory, roles
    from mailwright.formats.engine import FormatError
    from mailwright.report import matrix_html, matrix_json, mentions
    from mailwright.report.verdicts import verdicts
    from mailwright.requirements.catalogue import REQUIREMENTS

    errors: list[FormatError] = []
    names = roles.used(plan)
    tree: Tree = {}
    tree |= host_files.make(plan, errors)
    for make in (
        _zones,
        border.make,
        inventory.make,
        lambda plan: documents.make(plan, names),
        lambda _: copies.make(inputs),
    ):
        try:
            tree |= make(plan)
        except FormatError as error:
            errors.append(error)
    if errors:
        raise BuildError(errors)
    carriers = [(path, tree[path].data) for path in sorted(tree) if path.startswith(mentions.FOLDERS)]
    verdict_rows = verdicts(REQUIREMENTS, findings, mentions.find(carriers), None)
    tree["compliance/matrix.json"] = text(matrix_json.render(site.organisation.name, verdict_rows))
    tree["compliance/matrix.html"] = text(matrix_html.render(site.organisation.name, verdict_rows))
    tree |= roles.make(names)
    return tree


def _zones(plan: Plan) -> Tree:
    from mailwright.components import dns

    return {safe(f"dns/{name}"): text(content) for name, content in dns.fragments(plan).items()}
