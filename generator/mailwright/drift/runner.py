"""Asks all hosts side by side, and compares what they answer."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from mailwright.drift import answer, customers, files, firewall, host_program, units
from mailwright.drift.expected import FIREWALL
from mailwright.drift.model import Host, unknown
from mailwright.findings import Finding

LIMIT = 120.0
"""Seconds that a host may take to look."""

_AT_ONCE = 16  # hosts

Ask = Callable[[str, bytes], tuple[int, bytes]]
"""Runs a program of Python on a host: (exit status, what it said). Raises OSError where it cannot be reached."""


def look(
    hosts: Sequence[Host], ask: Ask, told: Callable[[str], None], shown: bool = False, personal: bool = False
) -> tuple[Finding, ...]:
    """All that differs, host by host in their order; *not proven* where one could not be asked.

    told      is told of each host that has answered
    shown     with the differences of texts
    personal  with those of files that hold people too
    """

    def one(host: Host) -> tuple[Finding, ...]:
        found = _look_at(host, ask, shown, personal)
        told(f"{host.name}: {f'{len(found)} found' if found else 'as it was built'}")
        return found

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return tuple(finding for found in pool.map(one, hosts) for finding in found)


def program(host: Host, shown: bool = False, personal: bool = False) -> bytes:
    """What is sent to a host: the program, and what it is asked."""
    built = next((file.text for file in host.files.values() if file.path == FIREWALL), None)
    asked = {
        "files": [
            {
                "path": file.path,
                "sha256": file.sha256,
                "last_line": file.completed,
                "show": shown and not file.secret and (personal or not file.personal),
            }
            for file in host.files.values()
        ],
        "firewall": None if built is None else {"path": FIREWALL, "text": built.decode()},
        "customers": host.has(customers.COMPONENT),
    }
    return f"{inspect.getsource(host_program)}\n\nmain({json.dumps(asked)!a})\n".encode()


def _look_at(host: Host, ask: Ask, shown: bool, personal: bool) -> tuple[Finding, ...]:
    try:
        said = answer.read(*ask(host.name, program(host, shown, personal)))
        if not said.root:
            return (_unasked(host, "whoever ssh lets in is not root there, and may not read all of it"),)
        return (
            *files.judge(host, said, shown, personal),
            *units.judge(host, said),
            *(firewall.judge(host, said) if FIREWALL in host.files else ()),
            *(customers.judge(host, said) if host.has(customers.COMPONENT) else ()),
        )
    except (OSError, answer.AnswerError, RecursionError) as error:
        return (_unasked(host, str(error)),)


def _unasked(host: Host, why: str) -> Finding:
    return unknown(
        "drift.unreachable",
        host.name,
        "it could not be asked, so nothing is known of it",
        f"Try: ssh root@{host.name} python3 --version",
        why,
    )
