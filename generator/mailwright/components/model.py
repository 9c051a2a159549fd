"""What a component is, and the files that it puts on a host."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from mailwright.plan.model import HostFacts, Plan
from mailwright.records import dataclass

Made = TypeVar("Made")


def once(make: Callable[[Plan], Made]) -> Callable[[Plan], Made]:
    """Remembers what was made of the last plan: the long tables that all hosts of a site share are made once."""
    last: list[tuple[Plan, Made]] = []

    def made(plan: Plan) -> Made:
        if not last or last[0][0] is not plan:
            last[:] = [(plan, make(plan))]
        return last[0][1]

    return made


@dataclass(frozen=True, slots=True)
class File:
    """A whole file as it lands on a host. ``path`` is absolute there; ``text`` is UTF-8 with LF, or a picture.

    personal  holds people's names, logins or addresses: 0640 on hosts, never world readable
    """

    path: str
    text: str | bytes
    owner: str = "root"
    group: str = "root"
    mode: int = 0o644
    personal: bool = False

    def __post_init__(self) -> None:
        if not self.path.startswith("/") or "/../" in self.path or "\n" in self.path:
            raise ValueError(f"not an absolute path: {self.path!r}")
        if self.personal and self.mode & 0o007:
            raise ValueError(f"{self.path} holds people and would be readable by everybody")


@dataclass(frozen=True, slots=True)
class Component:
    """A service. ``files`` says what it needs on one host, from the plan alone.

    name       the same in components/, templates/, roles/ and tests/components/
    functions  a host with one of these functions runs it; empty: every host
    instead    a host with one of these functions does not, whatever else it is
    variables  the few values its role needs on this host (paths of secrets on the control machine ...)
    wanted     the sites that have it at all; where it is not wanted, no host gets its files, role or packages
    """

    name: str
    functions: frozenset[str]
    files: Callable[[Plan, HostFacts], Iterable[File]]
    variables: Callable[[Plan, HostFacts], dict[str, object]] = lambda _plan, _host: {}
    instead: frozenset[str] = frozenset()
    wanted: Callable[[Plan], bool] = lambda _plan: True

    def runs_on(self, plan: Plan, host: HostFacts) -> bool:
        """Whether ``host``, one of the plan's, has this component."""
        has = set(host.functions)
        fits = self.instead.isdisjoint(has) and (not self.functions or not self.functions.isdisjoint(has))
        return fits and self.wanted(plan)
