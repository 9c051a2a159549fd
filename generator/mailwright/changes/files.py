"""Two built projects as the files that differ between them, each with its unified difference.

Left out is what says again what other files say: MANIFEST.json (hashes of all files), plan.json (the tables, which
are compared row by row), description/ (the input, which whoever asks for a review has before them), and FILES.json
of each component (owner, mode and hash of each file), of which owner and mode are said with the file itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

import yaml

from mailwright.build.tree import PERSONAL, Output
from mailwright.changes.model import FileChange, kind

_AREAS = frozenset({"dns", "border", "documents", "compliance", "roles", "inventory"})
_LEFT_OUT = frozenset({"MANIFEST.json", "plan.json"})
_PLAYS = frozenset({"site.yml", "ansible.cfg"})
_BASE = "base"  # the role that every other one depends on

Files = Mapping[str, Output]


def compare(old: Files, new: Files, *, diffs: bool = True) -> tuple[FileChange, ...]:
    """The files that differ, by area, component and path.

    diffs  also work out what differs in them; else they are only named
    """
    before, after = _Project(old), _Project(new)
    return tuple(
        sorted(
            (_change(path, before, after, diffs) for path in differing(old, new)),
            key=lambda change: (change.area, change.component, change.path),
        )
    )


def differing(old: Files, new: Files) -> tuple[str, ...]:
    """Paths of the files that ``compare`` speaks of."""
    before, after = _Project(old), _Project(new)
    return tuple(
        path
        for path in sorted(old.keys() | new.keys())
        if not _left_out(path)
        and not (_same(old.get(path), new.get(path)) and before.owned(path) == after.owned(path))
    )


def _left_out(path: str) -> bool:
    return path in _LEFT_OUT or path.startswith("description/") or path.endswith("/FILES.json")


def _same(old: Output | None, new: Output | None) -> bool:
    return old is not None and new is not None and (old.data is new.data or old.data == new.data)


class _Project:
    """What has to be known of a whole project to speak of one of its files."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._owned: dict[str, dict[str, str]] = {}

    def owned(self, path: str) -> str:
        """Owner, group and mode on its host, of a file that lands on one; empty otherwise."""
        if not path.startswith("hosts/"):
            return ""
        folder = "/".join(path.split("/", 3)[:3])
        if folder not in self._owned:
            self._owned[folder] = {}
            if (listed := self.files.get(f"{folder}/FILES.json")) is not None:
                self._owned[folder] = {
                    folder + entry["path"]: f"{entry['owner']}:{entry['group']} {entry['mode']}"
                    for entry in json.loads(listed.data)["files"]
                }
        return self._owned[folder].get(path, "")

    @cached_property
    def _inventory(self) -> dict[str, dict[str, dict[str, object]]]:
        found = self.files.get("inventory/hosts.yml")
        everything = {} if found is None else yaml.load(found.data, _Inventory)["all"]  # noqa: S506 - a SafeLoader
        return {"hosts": everything.get("hosts") or {}, "children": everything.get("children") or {}}

    @property
    def hosts(self) -> dict[str, dict[str, object]]:
        """Each host of the inventory with its variables."""
        return self._inventory["hosts"]

    def having(self, role: str) -> Collection[str]:
        """Hosts that have the role."""
        if role == _BASE:
            return self.hosts.keys()
        group = self._inventory["children"].get(role, {}).get("hosts", {})
        return group.keys() if isinstance(group, dict) else ()

    @cached_property
    def roles(self) -> set[str]:
        return {path.split("/")[1] for path in self.files if path.startswith("roles/")}


class _Inventory(yaml.SafeLoader):
    """Reads what formats/yaml.py writes: plain YAML, but for strings that Ansible must not template."""


def _as_it_is(loader: _Inventory, node: yaml.ScalarNode) -> object:
    return loader.construct_scalar(node)


_Inventory.add_constructor("!unsafe", _as_it_is)


def _change(path: str, before: _Project, after: _Project, diffs: bool) -> FileChange:
    old, new = before.files.get(path), after.files.get(path)
    area, _, rest = path.partition("/")
    component, lands = "", ""
    if area == "hosts":
        area, component, lands = rest.split("/", 2)
        lands = f"/{lands}"
    elif area == "roles":
        component = rest.partition("/")[0]
    elif area not in _AREAS:
        area = "project"
    return FileChange(
        path,
        kind(old, new),
        area,
        component,
        lands,
        any(output is not None and output.mode == PERSONAL for output in (old, new)),
        tuple(_said(path, before, after)) if diffs else (),
        (area,) if lands else tuple(sorted(_hosts(path, component, before, after))),
    )


def _hosts(path: str, role: str, before: _Project, after: _Project) -> Collection[str]:
    """The hosts that an apply treats otherwise because of a file that lands on none of them."""
    if path == "inventory/hosts.yml":
        names = before.hosts.keys() | after.hosts.keys()
        return {name for name in names if before.hosts.get(name) != after.hosts.get(name)}
    if role:
        return {*before.having(role), *after.having(role)}
    # A play names the roles. Where one comes or goes, the files of the hosts that have it tell of it.
    if path.startswith("inventory/") or (path in _PLAYS and before.roles == after.roles):
        return {*before.hosts, *after.hosts}
    return ()


def _said(path: str, before: _Project, after: _Project) -> Iterator[str]:
    old, new = before.files.get(path), after.files.get(path)
    one, other = before.owned(path), after.owned(path)
    if one and other and one != other:
        yield from ("@@ owner and mode @@", f"-{one}", f"+{other}")
    if not _same(old, new):
        from mailwright.formats.differences import unified

        yield from unified(old.data if old is not None else b"", new.data if new is not None else b"")
