"""Space for the mail log: below a limit nothing is taken to be sent, and the postmaster is told (AUDIT-4).

A host that is asked to send has a small policy server, whom Postfix asks (plan/policies.py); every host watches.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mailwright.components.log_seal import program
from mailwright.components.model import File
from mailwright.formats import systemd
from mailwright.formats.engine import render
from mailwright.plan.model import HostFacts, Plan
from mailwright.plan.policies import SPACE_CHECK
from mailwright.plan.retention import MAIL_FOLDER

PROGRAM = "/usr/local/sbin/mailwright-space"
QUEUE = "/var/spool/rsyslog"
JOURNAL = "/var/log/journal"


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """The program, its settings, and its units."""
    sends = any((row.client, row.service) == (host.name, "syslog") for row in plan.links)
    said = {
        "free": plan.settings.log_free,
        "places": [JOURNAL, *([QUEUE] if sends else []), MAIL_FOLDER],
        "host": host.name,
        "domain": plan.settings.primary_domain,
        "asked": is_asked(plan, host),
    }
    yield File(PROGRAM, program("mailwright_space.py"), mode=0o755)
    yield File("/etc/mailwright/space.json", json.dumps(said, indent=2) + "\n")
    units = ["mailwright-space-watch.service", "mailwright-space-watch.timer"]
    if is_asked(plan, host):
        units.append("mailwright-space.service")
    for unit in units:
        text = render(systemd.FORMAT, f"logs/{unit}.j2", program=PROGRAM)
        yield File(f"/etc/systemd/system/{unit}", text)


def is_asked(plan: Plan, host: HostFacts) -> bool:
    """Whether a listener of this host asks for space."""
    return any((row.host, row.check) == (host.name, SPACE_CHECK) for row in plan.policies)
