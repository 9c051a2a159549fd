"""What a review consists of: changes of the plan, risks, steps and differences of files.

Texts of changes, risks and steps mark the names of people (``personal``): renderers pass each through
``personal.whole`` or ``personal.impersonal`` before it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, fields
from datetime import date
from enum import IntEnum
from typing import Any, Literal, Protocol, TypeVar

from mailwright.findings import Finding, Place
from mailwright.plan.model import Plan
from mailwright.records import dataclass

Kind = Literal["added", "removed", "changed"]
Origin = Literal["description", "mailwright"]

THRESHOLD = 0.3
"""Share of a table's rows, of ten or more, above which a change of them is many at once."""


class Severity(IntEnum):
    """How much harm a change may do before somebody notices. Ordered, so that ``--fail-on`` can compare."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Change:
    """A row of ``table`` that appears, vanishes or differs.

    key       which one, in words: ``mx1.college.ac.uk port 25``; personal where that is somebody
    sentence  what it means, whole, without a full stop
    alike     what many such changes are called together, to stand behind their number: ``mailboxes are new``; a
              list of their keys follows. Empty: it always stands alone
    note      what somebody has to do or know about it; the same for all that are alike
    old, new  the rows themselves; None where there is none
    """

    table: str
    kind: Kind
    key: str
    sentence: str
    alike: str = ""
    note: str = ""
    old: object = None
    new: object = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a risk rule judges: two plans, and what is known about the way from the one to the other.

    old        its rows speak of each host by its new name (``renamed``)
    changes    of all tables, as ``compare`` found them
    sizes      table of the plan → its rows in the old plan. A review leaves out people who are the same on both
               sides before it plans (``reduce``); they are counted here
    broken     rules over the description that the new one breaks and the old one does not
    threshold  share of a table's rows, of ten or more, above which a change of them is many at once
    renamed    old name → new name of each host that is the same machine and is called otherwise
    """

    old: Plan
    new: Plan
    changes: tuple[Change, ...]
    sizes: Mapping[str, int]
    today: date
    broken: tuple[Finding, ...] = ()
    threshold: float = THRESHOLD
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nobody was left out."""
        return all(len(getattr(self.old, table)) == size for table, size in self.sizes.items())

    def then(self, host: str) -> str:
        """What a host of the old plan was called in it."""
        return next((was for was, now in self.renamed.items() if now == host), host)


@dataclass(frozen=True, slots=True)
class Hit:
    """What a risk rule found.

    sentence  what happens, whole, without a full stop; names of people marked
    severity  where this case weighs other than the rule says; None: as the rule says
    safely    how to do just this safely, where the rule's own words do not fit; empty: they do
    value     a value of the new description that it is about, by which its place there is found; empty: none
    """

    sentence: str
    severity: Severity | None = None
    safely: str = ""
    value: str = ""


Find = Callable[[Comparison], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class RiskRule:
    """A question to two plans. The docstring of ``find`` is its page: a line, then why it matters.

    id           ``relay.widened``: what it is about, and what happens to it
    requirement  the note's requirement that is at stake
    title        what the change does, in a few words: ``more clients may relay``
    safely       the way to do it safely, in a sentence or two
    """

    id: str
    severity: Severity
    requirement: str
    title: str
    safely: str
    find: Find


def risk(id_: str, severity: Severity, requirement: str, title: str, safely: str) -> Callable[[Find], RiskRule]:
    """Makes a RiskRule of the function below it. It registers nothing: ``risks.RISKS`` lists them all."""

    def made(find: Find) -> RiskRule:
        return RiskRule(id_, severity, requirement, title, safely, find)

    return made


@dataclass(frozen=True, slots=True)
class Risk:
    """One Hit of one rule, ready to be shown.

    where   its place in the new description, where there is one
    forced  the reason for which somebody lets it pass; empty: nobody does
    """

    rule: RiskRule
    severity: Severity
    sentence: str
    safely: str
    where: Place | None = None
    forced: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, in the order of the review.

    do    what, in the imperative, whole, without a full stop
    wait  seconds that have to pass after it, from a record's time to live; 0: none
    why   what would go wrong otherwise, a sentence; empty where that is plain
    """

    do: str
    wait: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of the build that appears, vanishes or differs.

    path       inside the project, with ``/``
    area       where it lands: a host's name, or ``dns``, ``border``, ``documents``, ``compliance``, ``roles``,
               ``inventory``, ``project``
    component  of a file on a host, or the role: ``postfix``; empty elsewhere
    lands      as which path on its host: ``/etc/postfix/main.cf``; empty elsewhere
    personal   it holds people's data (mode 0640)
    diff       unified, without line feeds, from ``@@`` on; empty for what is no text
    hosts      on which the next apply does something else because of it: its own, for what lands on one; those
               whose variables differ, for the inventory; those that have the role. Empty: it is for people, or for
               the DNS or the border
    """

    path: str
    kind: Kind
    area: str
    component: str = ""
    lands: str = ""
    personal: bool = False
    diff: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What one cause brings: the ``description``, or a newer ``mailwright`` with the same description."""

    origin: Origin
    changes: tuple[Change, ...] = ()
    risks: tuple[Risk, ...] = ()
    files: tuple[FileChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """One of the two sides, as it is spoken of.

    label         as the reader knows it: ``HEAD~1:site.yml``, ``build/college.ac.uk``
    organisation  its name
    domain        its primary domain
    version       of the mailwright that made it: of a build what its manifest says, else this one
    """

    label: str
    organisation: str
    domain: str
    version: str


@dataclass(frozen=True, slots=True)
class Review:
    """All that a review says. Renderers show it, and decide nothing.

    parts     the description's part first, then mailwright's, where the old side is a build of another version
    complete  whether ``files`` have their differences (HTML, JSON, text with --files); else they are only named
    warnings  what the reader has to know about the comparison itself, whole sentences
    edited    how many files of the build that is the old side are not what was built, or gone
    """

    old: Named
    new: Named
    plans: tuple[Plan, Plan] = field(repr=False)
    parts: tuple[Part, ...]
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    complete: bool = False
    edited: int = 0

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for part in self.parts for change in part.changes)

    @property
    def risks(self) -> tuple[Risk, ...]:
        """The gravest first; those that somebody lets pass last."""
        found = (risk for part in self.parts for risk in part.risks)
        return tuple(sorted(found, key=lambda one: (bool(one.forced), -one.severity)))

    @property
    def files(self) -> tuple[FileChange, ...]:
        return tuple(file for part in self.parts for file in part.files)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Hosts on which something changes with the next apply."""
        return tuple(sorted({host for file in self.files for host in file.hosts}))

    @property
    def worst(self) -> Severity | None:
        """The gravest risk that nobody lets pass."""
        return max((one.severity for one in self.risks if not one.forced), default=None)


class _Row(Protocol):
    @property
    def key(self) -> Any: ...  # each table has its own kind of key


Row = TypeVar("Row", bound=_Row)


def pairs(old: Iterable[Row], new: Iterable[Row]) -> Iterator[tuple[Row | None, Row | None, Row]]:
    """The rows that differ in more than their reasons, in the order of their keys: (old, new, whichever is there).

    ``old`` is None where a row appears, ``new`` where one vanishes.
    """
    before = {row.key: row for row in old}
    after = {row.key: row for row in new}
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        if one is not None and other is not None and not differences(one, other):
            continue
        yield one, other, other if other is not None else before[key]


def differences(old: object, new: object) -> tuple[str, ...]:
    """The names of the fields, but for ``because``, in which two rows of one table differ."""
    if old == new:
        return ()
    names = (field.name for field in fields(old) if field.compare and field.name != "because")  # type: ignore[arg-type]
    return tuple(name for name in names if getattr(old, name) != getattr(new, name))


def kind(old: object, new: object) -> Kind:
    return "added" if old is None else "removed" if new is None else "changed"
