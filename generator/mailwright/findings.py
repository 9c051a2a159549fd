"""The one type that check, build, rehearse and audit speak in: a finding."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from mailwright.records import dataclass


class Level(StrEnum):
    """How strongly the note asks (RFC 2119); ERROR is for input that cannot be used at all."""

    ERROR = "ERROR"
    MUST = "MUST"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD-NOT"
    ADVICE = "ADVICE"


class Status(StrEnum):
    """What is known. Only a measurement or a rule that ran may say PASS."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    NOT_PROVEN = "not-proven"
    WAIVED = "waived"
    ATTESTED = "attested"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a description: line and column count from 1, pointer is RFC 6901."""

    file: str
    line: int
    column: int
    pointer: str = ""

    def __post_init__(self) -> None:
        if self.line < 1 or self.column < 1:
            raise ValueError("lines and columns count from 1")

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Target:
    """Something out there that was looked at: a host name or address, and a port where there is one."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host} port {self.port}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    id           the rule or probe that says so: ``ROLE-5.one-person``, ``source.duplicate-key``
    requirement  the note's requirement (``ROLE-5``), empty for faults of the input itself
    message      what is the matter, in a sentence
    fix          the way out, in a sentence; empty when nothing is to be mended
    evidence     what was seen, word for word where that helps
    customers    ids of a provider's customers that it concerns, where it is of several descriptions
    """

    id: str
    requirement: str
    level: Level
    status: Status
    message: str
    fix: str = ""
    where: Place | None = None
    target: Target | None = None
    evidence: str = ""
    customers: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash((self.id, self.message, self.where))  # verdicts are remembered by findings

    @property
    def fails(self) -> bool:
        return self.status is Status.FAIL


@dataclass(slots=True)
class Findings:
    """What comes of reading; it is filled meanwhile, and nothing stops at the first fault.

    files  the regular files that were opened
    """

    items: list[Finding] = field(default_factory=list)
    files: set[str] = field(default_factory=set)

    def error(self, id_: str, message: str, where: Place | None, fix: str = "") -> None:
        """Input that cannot be used: exit status 2."""
        self.items.append(Finding(id_, "", Level.ERROR, Status.FAIL, message, fix, where))

    @property
    def unusable(self) -> bool:
        return any(item.level is Level.ERROR for item in self.items)
