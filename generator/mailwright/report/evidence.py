"""Evidence: what one run of probes found, when and from where, as it is kept and merged with others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailwright.findings import Finding

Kind = Literal["audit", "rehearsal"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of probes.

    kind       of the running service, or of throw-away hosts
    vantages   where it looked from: ``outside``, ``inside``, ``host``
    addresses  of the places that it looked from
    started    with the offset from UTC, as is ``ended``
    version    of mailwright
    plan       digest of the plan that it was judged by (``plan.digest``)
    complete   False: it was interrupted
    findings   of its probes
    """

    kind: Kind
    vantages: tuple[str, ...]
    addresses: tuple[str, ...]
    started: datetime
    ended: datetime
    version: str
    plan: str
    complete: bool
    findings: tuple[Finding, ...]
