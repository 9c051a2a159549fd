"""Seals: each day's mail log is signed, so that it is seen when it was altered since (AUDIT-4).

A log host seals what it keeps; where there is none, each host its own. The key is made on the host and stays there,
and so do the seals: host state, which is nowhere rendered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mailwright import resources
from mailwright.components.model import File
from mailwright.formats import systemd
from mailwright.formats.engine import render
from mailwright.plan.model import HostFacts, Plan, Retention
from mailwright.plan.retention import MAIL_FOLDER, MAIL_LOG, central, seals

PROGRAM = "/usr/local/sbin/mailwright-seal"


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """The program, its settings and its timer, on a host that seals."""
    rows = sealed(plan, host)
    if not rows:
        return
    yield File(PROGRAM, program("mailwright_seal.py"), mode=0o755)
    logs = [
        {
            "host": name,
            "name": (MAIL_LOG if name == host.name else central(name)).removeprefix(f"{MAIL_FOLDER}/"),
            "days": row.days,
        }
        for name, row in rows.items()
    ]
    readers = next(iter(rows.values())).readers
    said = json.dumps({"readers": readers, "logs": logs}, indent=2) + "\n"
    yield File("/etc/mailwright/seal.json", said)
    for unit in ("mailwright-seal.service", "mailwright-seal.timer"):
        text = render(systemd.FORMAT, f"logs/{unit}.j2", program=PROGRAM)
        yield File(f"/etc/systemd/system/{unit}", text)


def sealed(plan: Plan, host: HostFacts) -> dict[str, Retention]:
    """The hosts whose logs this one seals, and how long those seals are kept."""
    rows = {row.log: row for row in plan.retention if row.host == host.name}
    return {each.name: rows[seals(each.name)] for each in plan.hosts if seals(each.name) in rows}


def program(name: str) -> str:
    """A program of the logs, as it lands on hosts."""
    return (resources.folder("templates") / "logs" / name).read_text(encoding="utf-8")
