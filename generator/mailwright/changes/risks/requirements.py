"""Requirements that the new description breaks, and the old one does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, RiskRule, Severity, risk
from mailwright.changes.personal import personal
from mailwright.changes.risks import (
    addresses,
    behind,
    clocks,
    dns,
    hosts,
    lists,
    logs,
    papers,
    policies,
    relaying,
    roles,
    waivers,
)
from mailwright.findings import Finding, Level
from mailwright.requirements import lookup

SAID: Mapping[str, RiskRule] = {
    "AGREE-1.unsaid": papers.agreement,
    "AUDIT-1.log-host": logs.copy,
    "AUDIT-1.relay-without-login": relaying.widened,
    "AUDIT-2.published": papers.document,
    "AUDIT-3.agreed-period": logs.shortened,
    "AUDIT-3.maximum": logs.raised,
    "AUDIT-4.readers": logs.readers,
    "AUDIT-5.contact": papers.contacts,
    "AUDIT-5.second-contact": papers.contacts,
    "DNS-4.mailer": dns.mx_removed,
    "INT-4.collision": behind.rewritten,
    "LIST-2.one-owner": lists.one_owner,
    "LIST-3.open": lists.widened,
    "MSG-3.three-servers": clocks.few,
    "PRIV-1.published": papers.document,
    "RELAY-2.beyond-campus": relaying.widened,
    "RELAY-2.recipients-asked": policies.unchecked,
    "RELAY-2.relay-too-wide": relaying.widened,
    "REMOTE-1.submission-host": hosts.service_ended,
    "ROLE-1.postmaster-abuse": roles.lost,
    "ROLE-2.facility-mailbox": roles.lost,
    "ROLE-3.someone-here": addresses.outside,
    "ROLE-5.one-person": roles.one_person,
    "ROLE-5.outside-only": addresses.outside,
    "ROLE-5.personal-alias": roles.one_person,
    "ROLE-5.same-person-twice": roles.one_person,
    "SCALE-2.one-mailer": dns.mx_removed,
    "SUPPORT-1.published": papers.document,
    "SUPPORT-1.service-desk": papers.desk,
    "waiver.expired": waivers.expired,
}
"""Rule of the description → the rule of a review that says the same in other words, when it fires."""

COMPARED = frozenset({"AGREE-1.unsaid", "MSG-3.three-servers"})
"""Rules whose findings name a number or a list: other words may be a change for the better, and the rule of a
review in ``SAID`` compares."""

_WEIGHT = {
    Level.ERROR: Severity.HIGH,
    Level.MUST: Severity.HIGH,
    Level.SHOULD: Severity.MEDIUM,
    Level.SHOULD_NOT: Severity.MEDIUM,
}


@risk(
    "requirement.broken",
    Severity.HIGH,
    "",
    "a requirement is met no more",
    "`mailwright check` names the place, and `mailwright explain RULE` shows a description that breaks the rule "
    "and one that does not. A SHOULD can be waived until a day.",
)
def broken(comparison: Comparison) -> Iterator[Hit]:
    """The new description breaks a rule that the old one keeps.

    The next check fails, and so does the report that others rely on. A MUST weighs more than a SHOULD, and that
    more than advice. What another rule of the review says of the same is not said again.
    """
    lapsed = frozenset(waivers.lapsed(comparison))
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in comparison.broken:
        found[finding.id].append(finding)
    for id_, findings in found.items():
        other = SAID.get(id_)
        if id_ in COMPARED or (other is not None and any(True for _ in other.find(comparison))):
            continue
        if not lapsed.isdisjoint((id_, findings[0].requirement)):
            continue
        first = findings[0]
        rule = lookup.rule(id_)
        title = f"it is not so any more that {rule.title}" if rule is not None else "a rule is broken"
        more = f" (and {words.number(len(findings) - 1, 'more place')})" if len(findings) > 1 else ""
        yield Hit(
            f"{personal(first.message, title)}: {first.level} {id_}{more}",
            _WEIGHT.get(first.level, Severity.LOW),
            f"{first.fix[:1].upper()}{first.fix[1:]}." if first.fix and len(findings) == 1 else "",
        )
