"""A customer, read, judged by every rule, and planned."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from mailwright.findings import Finding, Level, Place, Status
from mailwright.plan import PlanError, make
from mailwright.plan.model import Plan
from mailwright.provider.customer import Customer, read_customer, unread
from mailwright.provider.leaving import notes
from mailwright.provider.model import Head, Provider
from mailwright.provider.platform import Shared
from mailwright.records import dataclass
from mailwright.requirements.evaluate import evaluate
from mailwright.site.model import Site


@dataclass(frozen=True, slots=True)
class Judged:
    """A customer and what was found. ``site`` and ``plan`` are None where a finding says why.

    The plan is in the customer's own terms (its logins are plain), with the hosts of its platform.
    """

    customer: Customer
    site: Site | None
    plan: Plan | None
    findings: tuple[Finding, ...]

    @property
    def head(self) -> Head:
        return self.customer.head

    @property
    def status(self) -> int:
        """2 when its description cannot be used, 1 when something fails, 0."""
        if any(finding.level is Level.ERROR and finding.fails for finding in self.findings):
            return 2
        return 1 if any(finding.fails for finding in self.findings) else 0


def judge(provider: Provider, platforms: Mapping[str, Shared], path: Path, today: date) -> Judged:
    """The customer whose file is at ``path``. ``platforms``: those that check, by name. Nothing is raised.

    There is a plan unless the description cannot be used or breaks a MUST, as of any site.
    """
    try:
        return _judge(provider, platforms, path, today)
    except Exception as error:  # of one customer among many: it may not end the work on the others
        found = (fault(path, error),)
        return Judged(unread(path, found), None, None, found)


def fault(path: Path, error: Exception) -> Finding:
    """What is said of a customer of which this program itself could make nothing."""
    way = traceback.extract_tb(error.__traceback__)
    at = f", in {Path(way[-1].filename).name}:{way[-1].lineno}" if way else ""
    message = f"nothing could be made of {path.name}: {type(error).__name__}: {error}{at}"
    fix = "That is a fault of mailwright: tell its makers, with these words. All others are not concerned."
    return Finding("customer.fault", "", Level.ERROR, Status.FAIL, message, fix, Place(str(path), 1, 1))


def _judge(provider: Provider, platforms: Mapping[str, Shared], path: Path, today: date) -> Judged:
    customer = read_customer(provider, platforms, path)
    site, findings = customer.reading.site, customer.reading.findings
    if site is None:
        return Judged(customer, None, None, findings)
    shared = platforms.get(customer.head.platform)
    findings = (*findings, *notes(customer.head, today), *_of_the_platform(evaluate(site, today), shared))
    if any(finding.level is Level.MUST and finding.fails for finding in findings):
        return Judged(customer, site, None, findings)
    try:
        return Judged(customer, site, make(site, shared.plan if shared is not None else None), findings)
    except PlanError as error:
        return Judged(customer, site, None, (*findings, *error.findings))


def _of_the_platform(findings: tuple[Finding, ...], shared: Shared | None) -> Iterator[Finding]:
    """The findings; those at a place of the platform's description as the platform's own judgement has them.

    What the provider has waived there, with its reason, is waived for customers too, who cannot mend it.
    """
    files = shared.reading.files if shared is not None else ()
    for finding in findings:
        if shared is None or finding.where is None or not finding.fails or finding.where.file not in files:
            yield finding
        else:
            same = (one for one in shared.findings if (one.id, one.where) == (finding.id, finding.where))
            yield next(same, finding)
