"""The files of a customer on shared hosts: what lies below ``customers/<id>/`` of the platform's project."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from mailwright import pages
from mailwright.build import BuildError, Input, manifest
from mailwright.build.tree import ORDINARY, PERSONAL, Output, Tree, safe, text
from mailwright.components import dns
from mailwright.findings import Finding
from mailwright.formats.engine import FormatError
from mailwright.pages.contents import BY_HAND
from mailwright.plan.model import Plan
from mailwright.plan.retention import view_days
from mailwright.provider import tables
from mailwright.provider.model import Head, State
from mailwright.report import matrix_html, matrix_json, mentions
from mailwright.report.mentions import Mention, Mentions
from mailwright.report.verdicts import verdicts
from mailwright.requirements.catalogue import REQUIREMENTS

TABLES = "mail.tables"
_ABOVE = "../../"  # the platform's project, from the customer's folder on
_OF_HOSTS = ("hosts/", "border/")


def tree(
    plan: Plan,
    head: Head,
    state: State,
    findings: Iterable[Finding],
    inputs: Iterable[Input],
    enforced: Mapping[str, Mention],
) -> Tree:
    """The customer's tables, zones, pages and compliance matrix. The same arguments give the same bytes.

    plan      the customer's own
    findings  of the rules over its description, in files that are named from the provider's folder on
    inputs    files that are the customer's alone
    enforced  what the platform's files say of each requirement (``of_platform``)

    Raises BuildError. Of a customer that is over there is no more than that it is.
    """
    errors: list[FormatError] = []
    made: Tree = {}
    try:
        made[TABLES] = text(tables.render(plan, head, state), PERSONAL)
    except FormatError as error:
        errors.append(error)
    for make in (_zones, _documents) if state != "over" else ():
        try:
            made |= make(plan)
        except FormatError as error:
            errors.append(error)
    if errors:
        raise BuildError(errors)
    if state != "over":
        made |= _matrix(plan.settings.organisation, findings, made, enforced)
    made[manifest.NAME] = manifest.make(inputs, made)
    return made


def of_platform(project: Tree) -> dict[str, Mention]:
    """Where hosts of the platform are told to meet a requirement: the first file of each, as a customer's matrix
    names it. Its own matrix has them all."""
    files = [(path, project[path].data) for path in sorted(project) if path.startswith(_OF_HOSTS)]
    return {
        id_: Mention(_ABOVE + found[0].path, found[0].lines, found[0].total)
        for id_, found in mentions.find(files).items()
    }


def row(plan: Plan, head: Head, state: State, tables: bytes) -> bytes:
    """The customer's line in ``customers.json``, without what separates it from the next.

    Of secrets the paths on the control machine are named; nobody has read them.
    """
    settings = plan.settings
    told = {
        "sha256": hashlib.sha256(tables).hexdigest(),
        "state": state,
        "domains": list(settings.domains),
        "days": view_days(plan),
        "passwords": settings.passwords,
        "dkim_selector": settings.dkim_selector,
        "dkim_key": settings.dkim_private_key,
    }
    return f"{json.dumps(head.id)}: {json.dumps(told, ensure_ascii=False)}".encode()


def _zones(plan: Plan) -> Tree:
    return {safe(f"dns/{name}"): text(content) for name, content in dns.fragments(plan).items()}


def _documents(plan: Plan) -> Tree:
    return {
        safe(f"documents/{name}"): Output(
            content.encode() if isinstance(content, str) else content,
            PERSONAL if name.partition(".")[0] in BY_HAND else ORDINARY,
        )
        for name, content in pages.files(plan).items()
    }


def _matrix(organisation: str, findings: Iterable[Finding], made: Tree, enforced: Mapping[str, Mention]) -> Tree:
    carriers = [(path, output.data) for path, output in sorted(made.items()) if path != TABLES]
    found: Mentions = {id_: (mention,) for id_, mention in enforced.items()}
    for id_, own in mentions.find(carriers).items():
        found[id_] = (*found.get(id_, ()), *own)
    rows = verdicts(REQUIREMENTS, findings, found, None)
    return {
        "compliance/matrix.json": text(matrix_json.render(organisation, rows)),
        "compliance/matrix.html": text(matrix_html.render(organisation, rows)),
    }
