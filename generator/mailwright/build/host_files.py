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
    encoded = _Encoded()
    for host in plan.hosts:
        for component in COMPONENTS:
            if component.runs_on(plan, host):
                try:
                    tree.update(_component(plan, host, component, encoded))
                except FormatError as error:
                    errors.append(error)
    return tree


class _Encoded:
    """The bytes of texts and their hashes; a text that several hosts share is encoded and hashed once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[str | bytes, bytes, str]] = {}

    def __call__(self, text: str | bytes) -> tuple[bytes, str]:
        found = self._known.get(id(text))
        if found is None:
            data = text if isinstance(text, bytes) else text.encode()
            found = self._known[id(text)] = (text, data, hashlib.sha256(data).hexdigest())
        return found[1:]


def _component(
    plan: Plan, host: HostFacts, component: Component, encoded: _Encoded
) -> Iterator[tuple[str, Output]]:
    folder = f"hosts/{host.name}/{component.name}"
    entries: list[dict[str, object]] = []
    for file in sorted(component.files(plan, host), key=lambda file: file.path):
        data, digest = encoded(file.text)
        yield safe(folder + file.path), Output(data, PERSONAL) if file.personal else Output(data)
        entries.append(_entry(file, digest))
    if entries:
        yield safe(f"{folder}/FILES.json"), json_text({"files": entries})


def _entry(file: File, digest: str) -> dict[str, object]:
    return {
        "path": file.path,
        "owner": file.owner,
        "group": file.group,
        "mode": f"{file.mode:04o}",
        "sha256": digest,
        "personal": file.personal,
    }
