"""All rules, in the order of the note.

A new rule is a function in the module of its section, and stands in that module's RULES.
"""

from __future__ import annotations

from mailwright.requirements.model import Rule
from mailwright.requirements.rules import (
    addresses,
    audit,
    dns,
    documents,
    gateways,
    internal,
    lists,
    message,
    relaying,
    roles,
    service,
    statements,
    web,
)

RULES: tuple[Rule, ...] = (
    *addresses.RULES,
    *roles.RULES,
    *dns.RULES,
    *message.RULES,
    *relaying.RULES,
    *gateways.RULES,
    *service.RULES,
    *internal.RULES,
    *audit.RULES,
    *lists.RULES,
    *web.RULES,
    *documents.RULES,
    *statements.RULES,
)
