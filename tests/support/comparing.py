"""Two Sites or Plans, and what the rules about risks say to the way from the one to the other."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from functools import lru_cache
from ipaddress import ip_network

from mailwright.changes import comparison
from mailwright.changes.model import Comparison, Hit, RiskRule, Severity
from mailwright.changes.personal import whole
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.model import Network, Site
from support.example import HERE

TODAY = date(2026, 12, 1)


def compared(old: Site | Plan, new: Site | Plan) -> Comparison:
    """As a review has it."""
    one, other = plan(old), plan(new)
    tables = (field.name for field in fields(Plan) if field.name != "settings")
    sizes = {table: len(getattr(one, table)) for table in tables}
    return comparison(one, other, sizes, TODAY)


def plan(described: Site | Plan) -> Plan:
    return described if isinstance(described, Plan) else _made(described)


@lru_cache(maxsize=32)
def _made(site: Site) -> Plan:
    return make(site)


def hits(rule: RiskRule, old: Site | Plan, new: Site | Plan) -> list[Hit]:
    return list(rule.find(compared(old, new)))


def said(rule: RiskRule, old: Site | Plan, new: Site | Plan) -> list[tuple[str, str]]:
    """Severity and whole sentence of each hit."""
    return [(str(weight(rule, hit)), whole(hit.sentence)) for hit in hits(rule, old, new)]


def weight(rule: RiskRule, hit: Hit) -> Severity:
    return rule.severity if hit.severity is None else hit.severity


def networks(*prefixes: str) -> tuple[Network, ...]:
    return tuple(Network(ip_network(prefix), HERE) for prefix in prefixes)
