"""A host's answer as if all were as it was built, to be changed by a test; and what is then found."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

from mailwright.drift import answer, expected, files, firewall, units
from mailwright.drift.host_program import MARK
from mailwright.drift.model import Host
from mailwright.findings import Finding
from mailwright.plan import make
from mailwright.site.read import read
from support.example import EXAMPLE, ROOT

APPLIED = 1_700_000_000.0
SECRET = "5" * 64
UNITS = {"postfix": ["postfix.service"], "filter": ["rspamd.service"], "logs": ["logrotate.timer"]}
PRODUCTS = {f"/etc/postfix/{name}.lmdb": f"{number}" * 64 for number, name in enumerate(
    ("internal", "senders", "virtual_aliases", "virtual_mailboxes"), 1
)}  # fmt: skip


@cache
def hosts(name: str = "example") -> tuple[Host, ...]:
    """What must be on the hosts of a worked site."""
    site = read(ROOT / "inventories" / name / "site.yml" if name != "example" else EXAMPLE).site
    assert site is not None
    return expected.hosts(make(site))


def host() -> Host:
    return hosts()[0]


def rule(
    *matches: tuple[str, object], handle: int, chain: str = "input", verdict: str = "accept"
) -> dict[str, Any]:
    """A rule as nft says it."""
    found = [{"match": {"op": "==", "left": left, "right": right}} for left, right in matches]
    return {
        "rule": {
            "family": "inet",
            "table": "mailwright",
            "chain": chain,
            "handle": handle,
            "expr": [*found, {verdict: None}],
        }
    }


def table(*more: dict[str, Any], policy: str = "drop") -> list[dict[str, Any]]:
    base = {"family": "inet", "table": "mailwright", "name": "input", "handle": 1}
    return [
        {"metainfo": {"version": "1.1.3"}},
        {"table": {"family": "inet", "name": "mailwright", "handle": 7}},
        {"chain": {**base, "type": "filter", "hook": "input", "prio": 0, "policy": policy}},
        rule(("tcp dport", 25), handle=3),
        rule(("tcp dport", 993), handle=4),
        *more,
    ]


def as_built(of: Host | None = None) -> dict[str, Any]:
    """The answer of a host where nothing differs."""
    of = of or host()
    seen: dict[str, Any] = {}
    records: dict[str, Any] = {}
    for part in of.parts:
        record = records.setdefault(
            part.record, {"files": {}, "products": {}, "units": list(UNITS.get(part.record, ()))}
        )
        for file in part.files:
            sha256 = SECRET if file.secret else file.sha256
            record["files"][file.path] = sha256
            seen[file.path] = {
                "kind": "file",
                "sha256": sha256,
                "shorn": file.sha256 if file.completed else "",
                "owner": file.owner,
                "group": file.group,
                "mode": file.mode,
                "size": 100,
                "modified": APPLIED,
            }
        for path in part.products:
            digest = PRODUCTS.get(path, "9" * 64)
            record["products"][path] = digest
            seen[path] = {"kind": "file", "sha256": digest, "owner": "root", "group": "postfix", "mode": 0o640}
    runs = {
        "load": "loaded",
        "active": "active",
        "sub": "running",
        "enabled": "enabled",
        "reload": False,
        "since": APPLIED + 5,
        "alive": True,
    }
    return {
        "root": True,
        "records": records,
        "broken": [],
        "interrupted": [],
        "files": seen,
        "units": {name: dict(runs) for record in records.values() for name in record["units"]},
        "firewall": {
            "error": "",
            "source": "applied",
            "live": table(),
            "live_words": "",
            "own": table(),
            "own_words": "",
            "shall": table(),
            "shall_words": "",
        },
    }


def said(value: dict[str, Any]) -> answer.Answer:
    """As the host would say it."""
    return answer.read(0, (MARK + json.dumps(value)).encode())


def judged(
    value: dict[str, Any], of: Host | None = None, shown: bool = False, personal: bool = False
) -> list[Finding]:
    """All that is found in an answer."""
    of, found = of or host(), said(copy.deepcopy(value))
    return [*files.judge(of, found, shown, personal), *units.judge(of, found), *firewall.judge(of, found)]


def ids(found: list[Finding]) -> list[str]:
    return [finding.id for finding in found]
