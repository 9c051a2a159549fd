"""The border's port-25 policy as router configuration: one module for each dialect (RELAY-1, RELAY-3)."""

from __future__ import annotations

from mailwright.border import arista_eos, cisco_ios, junos, nftables
from mailwright.border.model import Dialect

__all__ = ["DIALECTS"]

DIALECTS: tuple[Dialect, ...] = (
    arista_eos.DIALECT,
    cisco_ios.DIALECT,
    junos.DIALECT,
    nftables.DIALECT,
)
