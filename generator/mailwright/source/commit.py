"""The files of one commit of a git repository, by their paths; links in it are followed as Linux would."""

from __future__ import annotations

import os

from mailwright.source import attributes
from mailwright.source.git import Entry, Objects

LINK, FOLDER = 0o120000, 0o040000
_FILES = (0o100644, 0o100755, 0o100664)

MAX_LINK = 4096  # bytes of the path that a symbolic link holds; Linux knows no longer one
MAX_HOPS = 40  # links behind each other, as Linux counts


class Commit:
    """Paths are from the top of the repository, with ``/``. Only folders on the way are looked into.

    links       where one has been followed → what is in it
    attributes  the files of attributes that are on the way
    """

    def __init__(self, objects: Objects, name: str) -> None:
        self._objects = objects
        self._top = Entry(FOLDER, f"{name}^{{tree}}")
        self._width = len(name) // 2  # bytes of an object's name
        self._folders: dict[str, dict[str, Entry]] = {}
        self.links: dict[str, str] = {}
        self.attributes: dict[str, Entry] = {}

    def follow(self, path: str) -> tuple[str, Entry] | None:
        """What is behind a path when its links are followed, and where; marks the links. None: nothing is."""
        waiting = path.split("/")
        at: list[tuple[str, Entry]] = [("", self._top)]
        hops = 0
        while waiting:
            part = waiting.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                if len(at) == 1:
                    return None
                at.pop()
                continue
            folder, entry = at[-1]
            found = self.folder(folder, entry).get(part) if entry.mode == FOLDER else None
            if found is None:
                return None
            here = f"{folder}/{part}" if folder else part
            if found.mode != LINK:
                at.append((here, found))
                continue
            target = os.fsdecode(self._objects.copy(found.name, None, MAX_LINK))
            self.links[here] = target
            hops += 1
            if hops > MAX_HOPS or target.startswith("/"):
                return None
            waiting = [*target.split("/"), *waiting]
        return at[-1]

    def folder(self, path: str, entry: Entry) -> dict[str, Entry]:
        """Names in a folder. A tree object is a row of: mode, space, name, NUL, object name."""
        if path not in self._folders:
            raw, found, start = self._objects.copy(entry.name), {}, 0
            while start < len(raw):
                end = raw.index(b"\0", start)
                mode, _, name = raw[start:end].partition(b" ")
                start = end + 1 + self._width
                if (kind := int(mode, 8)) in (LINK, FOLDER, *_FILES):
                    found[os.fsdecode(name)] = Entry(kind, raw[end + 1 : start].hex())
            self._folders[path] = found
            if (said := found.get(attributes.FILE)) is not None and said.mode != FOLDER:
                self.attributes[f"{path}/{attributes.FILE}" if path else attributes.FILE] = said
        return self._folders[path]
