"""Mail addresses as the site compares them: without regard to case (ADDR-3)."""

from __future__ import annotations


def key(address: str) -> str:
    """The form under which an address is looked up: lower case, local part and domain (ADDR-3)."""
    return address.lower()


def local_part(address: str) -> str:
    return address.rpartition("@")[0]


def domain(address: str) -> str:
    """The domain in lower case; empty when there is no ``@``."""
    return address.rpartition("@")[2].lower() if "@" in address else ""
