"""One side of a review: a description, wherever it is kept, and what today's mailwright makes of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mailwright import __version__
from mailwright.build import BuildError, project, told
from mailwright.build.tree import Tree
from mailwright.changes.model import Named
from mailwright.findings import Finding, Level, Place, Status
from mailwright.plan import PlanError, make
from mailwright.plan.model import Plan
from mailwright.requirements.evaluate import evaluate
from mailwright.site import placements
from mailwright.site.model import Site
from mailwright.site.read import Reading, read

if TYPE_CHECKING:
    from mailwright.build.earlier import Earlier


class UnusableError(Exception):
    """Descriptions that cannot be used: each side with its findings, whose places are as the reader knows them."""

    def __init__(self, *faults: tuple[Side, tuple[Finding, ...]]) -> None:
        super().__init__(", ".join(f"{side.label} cannot be compared" for side, _ in faults))
        self.faults = faults


@dataclass(frozen=True)
class Side:
    """A description on disk.

    label   as the reader knows it: ``site.yml``, ``HEAD~1:site.yml``
    file    where it lies, with all that it names beside it
    known   what the reader knows a path as, and paths in a sentence, where the files were put somewhere to be
            read: ``HEAD~1:people.csv``
    prefix  what paths begin with there, before the path from the top of the repository: ``HEAD~1:``
    """

    label: str
    file: Path
    known: Callable[[str], str] = str
    prefix: str = ""

    @cached_property
    def reading(self) -> Reading:
        return read(self.file)

    @property
    def site(self) -> Site:
        """Raises UnusableError."""
        if self.reading.site is None:
            raise self.unusable(self.reading.findings)
        return self.reading.site

    @cached_property
    def inputs(self) -> Mapping[str, str]:
        """The files that the description consists of, named from its folder on → their sha256; the description
        itself is ``""``, whatever it is called.

        Raises OSError where one has gone meanwhile.
        """
        main = os.path.abspath(self.file)  # noqa: PTH100 - resolve() would follow a link that is the description
        return {
            "" if os.path.abspath(file) == main else os.path.relpath(file, self.file.parent): _sha256(Path(file))  # noqa: PTH100
            for file in self.reading.files
        }

    def same_inputs(self, other: Side) -> bool:
        """Whether ``other``, which is not read for it, consists of the same bytes under the same names."""
        folder = other.file.parent
        try:
            return other.file.is_file() and self.inputs == {
                name: _sha256(other.file if not name else _plain(folder, name))
                for name in (*self.inputs, placements.FILE)
                if name != placements.FILE or os.path.lexists(folder / name)
            }
        except OSError:
            return False

    @property
    def hosts(self) -> Plan | None:
        """The plan of the hosts that the site is on, where they are a provider's."""
        return None

    @property
    def named(self) -> Named:
        """Raises UnusableError."""
        return Named(self.label, self.site.organisation.name, self.site.primary.name, __version__)

    def shown(self, place: Place | None) -> Place | None:
        """The place, in the file as the reader knows it."""
        return None if place is None else replace(place, file=self.known(place.file))

    def told(self, finding: Finding) -> Finding:
        """The finding, with its files as the reader knows them."""
        message, fix = self.known(finding.message), self.known(finding.fix)
        return replace(finding, where=self.shown(finding.where), message=message, fix=fix)

    def unusable(self, findings: tuple[Finding, ...]) -> UnusableError:
        return UnusableError((self, tuple(self.told(finding) for finding in findings)))


@dataclass(frozen=True)
class Built:
    """A build that lies in a folder: what some mailwright, perhaps an older one, made of a description.

    described  the copy of that description in the build; None where it has none
    """

    label: str
    earlier: Earlier
    described: Side | None

    @classmethod
    def of(cls, label: str, earlier: Earlier) -> Built:
        described = None if earlier.description is None else Side(label, earlier.description)
        return cls(label, earlier, described)

    @property
    def other_version(self) -> bool:
        return self.earlier.version != __version__

    def named(self, plan: Plan) -> Named:
        """``plan`` is its own, or what today's mailwright makes of its description."""
        return Named(self.label, plan.settings.organisation, plan.settings.primary_domain, self.earlier.version)


@dataclass(frozen=True)
class Made:
    """What today's mailwright makes of a site.

    site   the side's, or as much of it as has to be looked at
    today  waivers and attestations are judged as of this day
    """

    side: Side
    site: Site
    today: date

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is the matter with it, as ``check`` says it."""
        return (*self.side.reading.findings, *evaluate(self.site, self.today))

    @cached_property
    def plan(self) -> Plan:
        """Raises UnusableError."""
        try:
            return make(self.site, self.side.hosts)
        except PlanError as error:
            raise self.side.unusable(error.findings) from None

    @cached_property
    def tree(self) -> Tree:
        """The project, as far as a review compares it: no line of a description stands in it, since a comment
        above it would move it. Raises UnusableError."""
        findings = tuple(replace(finding, where=None) for finding in self.findings)
        return self._made(lambda: told(self.site, self.plan, findings, ()))

    def built(self) -> Tree:
        """The project as ``build`` writes it. Raises UnusableError."""
        folder = self.side.file.parent
        findings = tuple(_from(finding, folder) for finding in self.findings)
        return self._made(lambda: project(self.site, self.plan, findings, ()))

    def _made(self, make_tree: Callable[[], Tree]) -> Tree:
        try:
            return make_tree()
        except BuildError as error:
            raise self.side.unusable(
                tuple(
                    Finding(
                        "build.value",
                        "",
                        Level.ERROR,
                        Status.FAIL,
                        str(fault),
                        "Write it without that.",
                        self.side.reading.find(fault.value),
                    )
                    for fault in error.errors
                )
            ) from None


def _from(finding: Finding, folder: Path) -> Finding:
    where = finding.where
    return (
        finding
        if where is None
        else replace(finding, where=replace(where, file=os.path.relpath(where.file, folder)))
    )


def _plain(folder: Path, name: str) -> Path:
    """The regular file of that name. Raises OSError where a link leads to it: that may not be allowed
    (source.files.below), which a reading has to say."""
    path = Path(os.path.normpath(Path(os.path.realpath(folder)) / name))
    if not path.is_file() or Path(os.path.realpath(path)) != path:
        raise OSError(f"{path} is no plain file")
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
