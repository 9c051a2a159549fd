"""What may go wrong with a change: one rule per function, each with its severity and the safe way.

``RISKS`` lists them, by subject. A new one is a function in the module of its subject, and a line here.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.changes.model import Comparison, Hit, RiskRule
from mailwright.changes.risks import (
    addresses,
    audits,
    behind,
    clocks,
    dns,
    firewalls,
    forms,
    hosts,
    keepers,
    limits,
    lists,
    logins,
    logs,
    many,
    papers,
    policies,
    readers,
    relaying,
    requirements,
    roles,
    senders,
    strangers,
    systems,
    transport,
    waivers,
)

__all__ = ["RISKS", "find"]

RISKS: tuple[RiskRule, ...] = (
    # relaying, policies, senders, TLS and secrets, firewalls, clocks, limits, and the systems of others
    relaying.widened,
    relaying.listener,
    policies.order,
    policies.removed,
    policies.unchecked,
    senders.loosened,
    transport.without_tls,
    transport.lowered,
    transport.names,
    transport.reference,
    firewalls.opened,
    firewalls.out_25,
    firewalls.border,
    firewalls.campus,
    clocks.few,
    strangers.clocks,
    limits.raised,
    systems.smarthost,
    systems.judge,
    audits.outside,
    audits.mailbox,
    # addresses, hosts, DNS, logs, lists, waivers and papers
    addresses.outside,
    addresses.redirected,
    addresses.removed,
    behind.rewritten,
    forms.moved,
    addresses.form_ended,
    addresses.gateway_moved,
    addresses.gateway_removed,
    roles.lost,
    roles.one_person,
    readers.handed,
    readers.certificates,
    readers.unknown,
    strangers.host,
    hosts.domain_removed,
    hosts.primary,
    hosts.store_removed,
    hosts.mailbox_removed,
    logins.reused,
    hosts.mailbox_moved,
    hosts.host_removed,
    hosts.service_ended,
    hosts.service_moved,
    hosts.directory_live,
    hosts.directory_people,
    hosts.quota_lowered,
    hosts.limits_lowered,
    dns.mx_removed,
    dns.mx_moved,
    dns.early,
    dns.identity,
    dns.spf_weakened,
    dns.dmarc_weakened,
    dns.dmarc_tightened,
    dns.dkim_replaced,
    dns.dkim_removed,
    logs.shortened,
    logs.agreed,
    logs.raised,
    logs.copy,
    logs.readers,
    logs.space,
    lists.widened,
    keepers.managers,
    keepers.audience,
    lists.removed,
    lists.membership,
    lists.one_owner,
    lists.moved,
    waivers.added,
    waivers.extended,
    waivers.expired,
    papers.book,
    papers.web,
    papers.document,
    papers.attestation,
    papers.contacts,
    papers.desk,
    strangers.told,
    papers.agreement,
    many.rows,
    requirements.broken,
)


def find(comparison: Comparison) -> Iterator[tuple[RiskRule, Hit]]:
    """Everything that the rules find, in their order."""
    for rule in RISKS:
        for hit in rule.find(comparison):
            yield rule, hit
