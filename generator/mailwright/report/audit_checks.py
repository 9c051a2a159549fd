"""The findings of an audit as people read them: one check for each probe, in groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailwright.findings import Finding, Level, Status, Target
from mailwright.records import dataclass

_STRENGTH = (Level.ADVICE, Level.SHOULD_NOT, Level.SHOULD, Level.MUST, Level.ERROR)

_GROUPS = {
    "identity": "DNS and identity",
    "zone": "Served zones",
    "addresses": "Addresses and roles",
    "relay": "Relaying",
    "submission": "Submission and message format",
    "smuggling": "Smuggling",
    "transport": "Transport security",
    "certificates": "Certificates",
    "published": "What the DNS publishes of TLS",
    "gateway": "Gateways",
    "store": "Store and access",
    "clock": "Time",
    "trail": "Audit trail",
    "border": "Border",
    "firewall": "Firewall",
    "links": "Between the hosts",
    "ports": "Open ports",
    "lists": "Distribution lists",
    "webmail": "Webmail",
    "accounts": "Accounts",
    "carddav": "Address book for mail programs",
    "clients": "Mail programs that set themselves up",
    "pages": "The site's own pages",
    "publications": "Publications",
    "contacts": "Contacts",
}
_WORDS = {Status.PASS: "pass", Status.FAIL: "FAIL", Status.NOT_PROVEN: "not proven"}
_STYLES = {Status.PASS: "met", Status.FAIL: "not met", Status.NOT_PROVEN: "not proven"}


@dataclass(frozen=True, slots=True)
class Check:
    """What one probe came to. ``level`` is that of the strongest of its requirements."""

    id: str
    requirements: tuple[str, ...]
    level: Level
    status: Status
    message: str
    target: Target | None
    evidence: tuple[str, ...]

    @property
    def word(self) -> str:
        return _WORDS.get(self.status, self.status.value)

    @property
    def style(self) -> str:
        """The word of the compliance matrix that is set in the same way."""
        return _STYLES.get(self.status, "not proven")


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    checks: tuple[Check, ...]


def groups(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """The checks in the order of the findings, a group for each first part of their ids."""
    by_id: dict[str, list[Finding]] = {}
    for finding in findings:
        by_id.setdefault(finding.id, []).append(finding)
    by_group: dict[str, list[Check]] = {}
    for id_, own in by_id.items():
        by_group.setdefault(id_.partition(".")[0], []).append(_check(id_, own))
    return tuple(Group(_GROUPS.get(name, name.capitalize()), tuple(checks)) for name, checks in by_group.items())


def counts(checks: Iterable[Check]) -> dict[Status, int]:
    """How many there are of each verdict; all three verdicts are there."""
    found = dict.fromkeys((Status.FAIL, Status.NOT_PROVEN, Status.PASS), 0)
    for check in checks:
        found[check.status] = found.get(check.status, 0) + 1
    return found


def _check(id_: str, findings: Sequence[Finding]) -> Check:
    first = findings[0]
    return Check(
        id=id_,
        requirements=tuple(finding.requirement for finding in findings),
        level=max((finding.level for finding in findings), key=_STRENGTH.index),
        status=first.status,
        message=first.message,
        target=first.target,
        evidence=tuple(first.evidence.splitlines()),
    )
