"""A plan in one word: two descriptions that mean the same have the same digest."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from mailwright.plan.model import Plan


def digest(plan: Plan) -> str:
    """SHA-256 of all rows but promises, in hexadecimal: one that is renewed changes nothing about the service.

    It differs between versions of mailwright that plan otherwise.
    """
    return hashlib.sha256(repr(replace(plan, promises=())).encode("utf-8")).hexdigest()
