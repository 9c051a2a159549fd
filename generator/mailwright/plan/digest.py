"""A plan in one word: two descriptions that mean the same have the same digest."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from mailwright.plan.model import Plan


def digest(plan: Plan) -> str:
    """SHA-256 of all rows but promises and waivers, in hexadecimal: renewing one changes nothing about the service.
    Neither does what audits sign in with, or for how long it was agreed to keep logs.

    It differs between versions of mailwright that plan otherwise.
    """
    settings = replace(plan.settings, audit=None, minimum_days=0)
    told = replace(plan, settings=settings, promises=(), waivers=())
    return hashlib.sha256(repr(told).encode("utf-8")).hexdigest()
