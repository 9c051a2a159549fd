"""Certificate and key of each host (REMOTE-2): nothing is rendered.

The role copies both from the control machine to /etc/ssl/mailwright/ when it runs; the generator never reads
them. What TLS they are used with is said where they are used, in Postfix, Dovecot and rsyslog.
"""

from __future__ import annotations

from mailwright.components.model import Component, File
from mailwright.plan.model import HostFacts, Plan


def files(_plan: Plan, _host: HostFacts) -> tuple[File, ...]:
    """None."""
    return ()


def variables(plan: Plan, host: HostFacts) -> dict[str, object]:
    """Paths on the control machine: ``tls_certificate`` (the chain, PEM) and ``tls_key`` (PEM)."""
    return {
        "tls_certificate": plan.settings.certificate.replace("{host}", host.name),
        "tls_key": plan.settings.key.replace("{host}", host.name),
    }


COMPONENT = Component("tls", frozenset(), files, variables)
