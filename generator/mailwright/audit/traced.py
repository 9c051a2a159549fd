"""Who sent a message, as the service's own logs tell: by mailwright-trace where a host has it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable

from mailwright.audit import roads
from mailwright.audit.model import Context, Observation
from mailwright.audit.roads import Door
from mailwright.findings import Target
from mailwright.records import dataclass

PROGRAM = "/usr/local/bin/mailwright-trace"
_FOUND, _NOT_FOUND = 0, 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that mailwright-trace answers: what it is called, and the program's arguments.

    content  the message that it is given on its standard input
    """

    what: str
    arguments: tuple[str, ...]
    content: bytes = b""


def by_program(
    context: Context, question: Asked, login: str, origin: set[str], door: Door, wait: float
) -> Observation | None:
    """Whether it answers with the login and with one of the addresses of ``origin``. A log host is asked, else the
    host of the door. None: there is no such program.

    wait  seconds for the lines to reach the log
    """
    keeper = next(
        (
            link.server
            for link in context.plan.links
            if (link.client, link.service) == (door.listener.host, "syslog")
        ),
        door.listener.host,
    )
    shell = roads.shell(context)
    if shell.run(keeper, "test", "-x", PROGRAM)[0] != 0:
        return None
    argv = (PROGRAM, "--json", *question.arguments)
    if question.content:
        packed = base64.b64encode(question.content).decode("ascii")
        argv = ("sh", "-c", 'printf %s "$1" | base64 --decode | (shift; exec "$@")', "sh", packed, *argv)

    def look() -> tuple[int, str]:
        return shell.run(keeper, *argv)

    status, output = _until(look, lambda found: found[0] != _NOT_FOUND, wait)
    what = f"{question.what}, by mailwright-trace on {keeper}"
    said = _said(output) if status in (_FOUND, _NOT_FOUND) else None
    if said is None:
        return Observation(what, f"exit {status}: {output.strip()[-200:]}", False, target=Target(keeper))
    found, words = said
    ok = status == _FOUND and [(one, address in origin) for one, address in found] == [(login, True)]
    return Observation(what, words[:220], ok, target=Target(keeper))


def _until(
    look: Callable[[], tuple[int, str]], enough: Callable[[tuple[int, str]], bool], wait: float
) -> tuple[int, str]:
    deadline = time.monotonic() + wait
    while True:
        found = look()
        if enough(found) or time.monotonic() > deadline:
            return found
        time.sleep(0.3)


def _said(output: str) -> tuple[list[tuple[str, str]], str] | None:
    """Login and client's address of each message that was found, and the program's words; None: not understood."""
    try:
        made = json.loads(output)
        origins = [message["origin"] for message in made["messages"]]
        found = [(one["login"] or "", (one["client"] or {}).get("address", "")) for one in origins]
        words = " ".join([*made["words"], *(one["words"] for one in origins)])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return found, words or "nothing"
