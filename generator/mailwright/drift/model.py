"""What must be on a host: the files of the build, with what belongs to them."""

from __future__ import annotations

from collections.abc import Mapping

from mailwright.findings import Finding, Level, Status, Target
from mailwright.formats.visible import visible
from mailwright.records import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file as it shall be.

    sha256     of its text; empty for a secret, which no build knows: the record of the apply does
    text       as it was built; None for a secret
    personal   it holds people
    secret     its content is never shown
    completed  an apply puts one more line behind the text, with a secret
    """

    path: str
    owner: str
    group: str
    mode: int
    sha256: str
    text: bytes | None = None
    personal: bool = False
    secret: bool = False
    completed: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A component of a host.

    record    name of its record, ``/var/lib/mailwright/<record>.json``
    products  what is made on the host → the file that it is made of
    """

    component: str
    record: str
    files: tuple[Wanted, ...]
    products: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Host:
    """All that must be on one host."""

    name: str
    parts: tuple[Part, ...]

    @property
    def files(self) -> dict[str, Wanted]:
        return {file.path: file for part in self.parts for file in part.files}

    def has(self, component: str) -> bool:
        return any(part.component == component for part in self.parts)


def differs(id_: str, host: str, message: str, fix: str, evidence: str = "", level: Level = Level.MUST) -> Finding:
    """A finding: something on ``host`` is not as it must be."""
    return _finding(id_, host, level, Status.FAIL, message, fix, evidence)


def unknown(id_: str, host: str, message: str, fix: str, evidence: str = "") -> Finding:
    """A finding: it could not be told whether something on ``host`` is as it must be."""
    return _finding(id_, host, Level.MUST, Status.NOT_PROVEN, message, fix, evidence)


def _finding(id_: str, host: str, level: Level, status: Status, message: str, fix: str, evidence: str) -> Finding:
    """Names and words in it are the host's, so nothing in them may do anything but be read."""
    return Finding(
        id_,
        "",
        level,
        status,
        visible(message),
        visible(fix),
        target=Target(host),
        evidence=visible(evidence.expandtabs(), keep="\n"),
    )
