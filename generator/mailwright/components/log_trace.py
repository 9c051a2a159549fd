"""The trail to the person: mailwright-trace tells from a host's mail logs who sent a message (AUDIT-1).

Each host has it, and a log host answers for all. Its index is made from the logs, by a timer as root: host state,
which is nowhere rendered. What is rotated is compressed so that a part of it can be read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mailwright import resources
from mailwright.components.model import File
from mailwright.formats import systemd
from mailwright.formats.engine import render
from mailwright.plan.model import HostFacts, Plan, Retention
from mailwright.plan.retention import INDEX, MAIL_LOG, central

PROGRAM = "/usr/local/bin/mailwright-trace"
LIBRARY = "/usr/local/lib/mailwright"
COMPRESS = f"{LIBRARY}/mailwright-compress"
SETTINGS = "/etc/mailwright/trace.json"
PARTS = (
    "__init__",
    "lines",
    "texts",
    "index",
    "lookup",
    "trail",
    "customers",
    "view",
    "answer",
    "show",
    "view_show",
    "command",
)
"""Modules of the program's package, those that import none of the others first."""


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """The program and its parts, what it is told of the logs here, its timer, and what compresses rotated logs."""
    yield File(PROGRAM, _text("mailwright-trace"), mode=0o755)
    for part in PARTS:
        yield File(f"{LIBRARY}/mailwright_trace/{part}.py", _text(f"mailwright_trace/{part}.py"))
    yield File(COMPRESS, _text("mailwright_compress.py"), mode=0o755)
    readers = _log(plan, host).readers
    yield File(SETTINGS, json.dumps(settings(plan, host), indent=2) + "\n")
    for unit in ("mailwright-trace-index.service", "mailwright-trace-index.timer"):
        text = render(systemd.FORMAT, f"logs/{unit}.j2", program=PROGRAM, readers=readers)
        yield File(f"/etc/systemd/system/{unit}", text)


def settings(plan: Plan, host: HostFacts) -> dict[str, object]:
    """What the program goes by: the logs that are kept here, whose they are, and which addresses the hosts have."""
    rows = {row.log for row in plan.retention if row.host == host.name}
    logs = {MAIL_LOG: host.name, **{central(each.name): each.name for each in plan.hosts}}
    return {
        "host": host.name,
        "index": INDEX.replace("*", "index"),
        "readers": _log(plan, host).readers,
        "logs": [{"host": name, "path": path} for path, name in logs.items() if path in rows],
        "hosts": {each.name: [str(address) for address in each.addresses] for each in plan.hosts},
    }


def _log(plan: Plan, host: HostFacts) -> Retention:
    return next(row for row in plan.retention if (row.host, row.log) == (host.name, MAIL_LOG))


def _text(name: str) -> str:
    return (resources.folder("templates") / "logs" / name).read_text(encoding="utf-8")
