"""Walking through a description: values with their pointers, turned into what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from mailwright.findings import Findings, Place
from mailwright.source import Document
from mailwright.source.document import Plain, step
from mailwright.source.files import below
from mailwright.source.report import Report

T = TypeVar("T")


NO_WALLS: Mapping[Path, Path] = {}


class Reader:
    """The document that is read, and where the findings of reading it go.

    walls  folder of a file that says something → the folder below it that what it names must lie in, where that is
           not the same: of several descriptions in one folder, each has files of its own
    """

    def __init__(self, document: Document, findings: Findings, walls: Mapping[Path, Path] = NO_WALLS) -> None:
        self.document = document
        self.findings = findings
        self.report = Report(findings)
        self.walls = walls

    def wall(self, folder: Path) -> Path:
        """What the files that are named by a file in ``folder`` must lie in."""
        return self.walls.get(folder, folder)

    def inside(self, path: Path, folder: Path, where: Place) -> bool:
        """Whether a file in ``folder`` may name ``path``; where not, a finding, and it is not to be opened."""
        wall = self.wall(folder)
        if wall is not folder and not path.is_relative_to(wall):
            fix = f"Put it into {wall}, and write {wall.name}/ before its name."
            self.report.error("source.outside", f"{path} is not in {wall}", where, fix)
            return False
        return below(path, wall, self.findings, where)

    def turn(self, turn: Callable[[str], T], text: str, where: Place, fix: str = "") -> T | None:
        """The text turned into what it means; None, with a finding, where it means nothing."""
        try:
            return turn(text)
        except ValueError as error:
            self.report.error("site.value", str(error), where, fix)
            return None


class At:
    """A value of the document and what it may be turned into. Pointers lead from here to every place.

    A value of the wrong type, or none, gives the default: the schema has found fault with it, or allows it.
    """

    __slots__ = ("at", "reader", "value")

    def __init__(self, reader: Reader, at: str, value: Plain) -> None:
        self.reader = reader
        self.at = at
        self.value = value

    @property
    def place(self) -> Place:
        return self.reader.document.place(self.at)

    @property
    def key_place(self) -> Place:
        return self.reader.document.key_place(self.at)

    def __getitem__(self, key: str) -> At:
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return At(self.reader, f"{self.at}/{key}" if key.isidentifier() else self.at + step(key), value)

    def items(self) -> list[At]:
        """The items of a list; none where there is no list."""
        found = self.value if isinstance(self.value, list) else []
        return [At(self.reader, f"{self.at}/{index}", item) for index, item in enumerate(found)]

    def entries(self) -> list[tuple[str, At]]:
        """Keys and values of a mapping; none where there is no mapping."""
        found = self.value if isinstance(self.value, dict) else {}
        return [(key, At(self.reader, self.at + step(key), item)) for key, item in found.items()]

    def text(self, default: str = "") -> str:
        return self.value if isinstance(self.value, str) else default

    @property
    def folder(self) -> Path:
        """Where the file lies that says this: the description's, or a profile's."""
        return Path(self.place.file).parent

    def beside(self) -> Path | None:
        """What the text names in ``folder`` or below it; None, with a finding, where links lead out of there."""
        path = self.folder / self.text()
        return path if self.reader.inside(path, self.folder, self.place) else None

    def number(self, default: int) -> int:
        return self.value if isinstance(self.value, int) else default

    def flag(self, default: bool) -> bool:
        return self.value if isinstance(self.value, bool) else default

    def texts(self, turn: Callable[[str], T]) -> tuple[T, ...]:
        if not isinstance(self.value, list):
            return ()
        turned = [item.turn(turn) for item in self.items()]
        return tuple([item for item in turned if item is not None])

    def turn(self, turn: Callable[[str], T], fix: str = "") -> T | None:
        """The text turned into what it means; None, with a finding, where it means nothing."""
        if not isinstance(self.value, str):
            return None
        try:
            return turn(self.value)
        except ValueError as error:  # only then is its place looked for, which takes longer than all else
            self.reader.report.error("site.value", str(error), self.place, fix)
            return None
