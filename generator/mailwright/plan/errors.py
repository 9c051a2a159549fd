"""A description from which no plan can be made."""

from __future__ import annotations

from mailwright.findings import Finding, Findings, Place


class PlanError(Exception):
    """The description contradicts itself: two facts claim one key, or a fact leads nowhere.

    ``findings`` has one ERROR for each fault, with its place: all of them, not the first.
    """

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = findings


class Faults:
    """Collects the faults of one plan."""

    def __init__(self) -> None:
        self._found = Findings()

    def add(self, id_: str, message: str, where: Place, fix: str) -> None:
        self._found.error(f"plan.{id_}", message, where, fix)

    def done(self) -> None:
        """Raises PlanError if anything was added."""
        if self._found.items:
            raise PlanError(tuple(self._found.items))
