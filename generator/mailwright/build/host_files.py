"""The files that land on hosts, and the list of them that goes with each component."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from mailwright.build.tree import PERSONAL, Output, Tree, json_text, safe
from mailwright.components import COMPONENTS
from mailwright.components.model import Component, File
from mailwright.formats.engine import FormatError
from mailwright.plan.model import HostFacts, Plan


def make(plan: Plan, errors: list[FormatError]) -> Tree:
    """``hosts/<host>/<component>/…`` with ``FILES.json``. Values that a format cannot carry go to ``errors``."""
    tree: Tree = {}
    for host in plan.hosts:
        for component in COMPONENTS:
            if component.runs_on(host):
                try:
                    tree.update(_component(plan, host, component))
                except FormatError as error:
                    errors.append(error)
    return tree


def _component(plan: Plan, host: HostFacts, component: Component) -> Iterator[tuple[str, Output]]:
    folder = f"hosts/{host.name}/{component.name}"
    entries: list[dict[str, object]] = []
    for file in sorted(component.files(plan, host), key=lambda file: file.path):
        data = file.text.encode()
        yield safe(folder + file.path), Output(data, PERSONAL) if file.personal else Output(data)
        entries.append(_entry(file, data))
    if entries:
        yield safe(f"{folder}/FILES.json"), json_text({"files": entries})


def _entry(file: File, data: bytes) -> dict[str, object]:
    return {
        "path": file.path,
        "owner": file.owner,
        "group": file.group,
        "mode": f"{file.mode:04o}",
        "sha256": hashlib.sha256(data).hexdigest(),
        "personal": file.personal,
    }
