"""The answer, for people and for programs."""

from __future__ import annotations

import json
import pwd
import socket
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .answer import Answer
from .lines import Event
from .trail import Hop, Origin, Trace, Trail


def visible(text: str) -> str:
    """On one line, without anything that a terminal would obey or that would turn words round."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "backslashreplace").decode("ascii")
        for one in text
    )


def when(time: datetime) -> str:
    return time.isoformat(sep=" ", timespec="seconds")


def text(answer: Answer, trail: Trail, with_lines: bool) -> str:
    parts = [visible(word) for word in answer.words]
    full = len(answer.found) <= 5
    for number, trace in enumerate(answer.found, 1):
        if len(answer.found) > 1:
            parts += ["", f"--- {number} of {len(answer.found)} ---"]
        parts += [visible(line) for line in (_whole(trace, trail, with_lines) if full else _short(trace, trail))]
    if not full:
        parts += ["", "Ask for one of these queue ids to see all of it."]
    return "\n".join([*parts, *(visible(f"Note: {note}") for note in dict.fromkeys(trail.logs.notes))]) + "\n"


def sentence(origin: Origin) -> str:
    """Who sent it, in one sentence."""
    hop, start = origin.hop, origin.hop.start
    if origin.kind == "login" and start:
        return f"Sent by the login {origin.login}, from {client(start)}."
    if origin.kind == "program" and start:
        return f"Sent by a program of {user(start)} on {hop.host} (cron, a script), not by a login."
    if origin.kind == "outside" and start:
        return f"Came from outside: {client(start)} brought it to {hop.host} without a login. Nobody here sent it."
    if origin.kind == "reply" and origin.cause:
        return (
            f"An automatic reply of the login {origin.login} (Sieve), to a message of queue id {origin.cause.id}."
        )
    if origin.kind == "notice" and origin.cause:
        return f"A {origin.why} notice of the mail system on {hop.host}, about queue id {origin.cause.id}."
    return f"The logs do not tell who sent it: {origin.why}."


def client(start: Event) -> str:
    return f"{start.said['name']} [{start.said['address']}]"


def user(start: Event) -> str:
    """Whose program it was. Another host's names are known for root alone."""
    uid = int(start.said["uid"])
    if uid == 0:
        return "root"
    if start.line.host in (socket.gethostname(), socket.getfqdn()):
        try:
            return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
        except (KeyError, OverflowError):
            pass
    return f"uid {uid} (`getent passwd {uid}` on {start.line.host} tells the name)"


def _head(trace: Trace, trail: Trail) -> Iterator[str]:
    origin = trace.origin
    yield sentence(origin)
    root, start = trace.root, trace.root.start
    if origin.cause is not None:
        cause = trail.origin(origin.cause)
        yield f"That message: {sentence(cause)}"
    for one in origin.also:
        yield f"It may be queue id {one.id} on {one.host}: {sentence(trail.origin(one))}"
    service = f", service {start.line.service}" if start and start.line.service else ""
    yield f"  when         {when(root.begun)}, on {root.host}{service}"
    yield f"  queue id     {root.id}"
    yield f"  Message-ID   {', '.join(root.message_ids) or 'none in the log'}"
    size = next((event.said["size"] for event in root.of("queued")), "")
    sender = "not in the log: it was never queued" if root.sender is None else f"<{root.sender}> (envelope)"
    yield f"  sender       {sender}" + (f", {size} octets" if size else "")


def _short(trace: Trace, trail: Trail) -> Iterator[str]:
    yield from _head(trace, trail)


def _whole(trace: Trace, trail: Trail, with_lines: bool) -> Iterator[str]:
    yield from _head(trace, trail)
    yield ""
    for step in trace.steps:
        indent = "  " * (step.depth + 1)
        how = f" -- {step.how}" if step.how else ""
        came = step.hop.start
        by = f" from {client(came)}" if came and came.kind == "client" and step.depth else ""
        yield f"{indent}{when(step.hop.begun)} {step.hop.host} {step.hop.id}{by}{how}"
        for line in _outcomes(step.hop, trace):
            yield f"{indent}  {line}"
    if trace.cut:
        yield f"  There are more: only the first {len(trace.steps)} are shown."
    if with_lines:
        yield ""
        for event in sorted(_events(trace), key=lambda event: event.line.time):
            yield f"{event.line.file}: {event.line.raw}"


def _events(trace: Trace) -> list[Event]:
    found = [event for step in trace.steps for event in step.hop.events]
    return found + [event for events in trace.kept_by.values() for event in events]


def _outcomes(hop: Hop, trace: Trace) -> Iterator[str]:
    for event in hop.of("reject", "delivery", "expired"):
        said = event.said
        if event.kind == "reject":
            yield f"{event.line.time:%H:%M:%S} {said['what']}: {said['text']}"
        elif event.kind == "expired":
            yield f"{event.line.time:%H:%M:%S} {said['status']}: it waited too long"
        else:
            yield _outcome(event)
            for kept in trace.kept_by.get((_store_of(event, trace), said.get("session", "")), ()):
                login, did = kept.said["login"], kept.said["did"]
                yield f"  {kept.line.time:%H:%M:%S} {kept.line.host}, login {login}: {did}"
    if not hop.deliveries and not hop.of("reject"):
        yield "nothing more in the log: it waits still, or was given up before it was queued"


def _store_of(delivery: Event, trace: Trace) -> str:
    session = delivery.said.get("session", "")
    return next((host for host, one in trace.kept_by if one == session), "")


def _outcome(event: Event) -> str:
    said = event.said
    for_ = f" (for {said['orig_to']})" if said["orig_to"] else ""
    where = f"{said['relay']}[{said['address']}]" if said["address"] else said["relay"]
    way = {"none": "", "local": " here"}.get(
        said["relay"], f" to {where}" if said["status"] == "sent" else f" at {where}"
    )
    return f"{event.line.time:%H:%M:%S} {said['to']}{for_}: {said['status']}{way}: {said['text']}"


def as_json(answer: Answer, trail: Trail, with_lines: bool) -> str:
    made = {
        "certain": answer.certain,
        "words": list(answer.words),
        "notes": list(dict.fromkeys(trail.logs.notes)),
        "messages": [_message(trace, trail, with_lines) for trace in answer.found],
    }
    return json.dumps(made, indent=1) + "\n"


def _message(trace: Trace, trail: Trail, with_lines: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "origin": _origin(trace.origin),
        "may_be": [_origin(trail.origin(one)) for one in trace.origin.also],
        "hops": [_hop(step.hop, trace, step.depth, step.how) for step in trace.steps],
        "complete": not trace.cut,
    }
    if trace.origin.cause is not None:
        made["cause"] = _origin(trail.origin(trace.origin.cause))
    if with_lines:
        made["lines"] = [{"file": event.line.file, "line": event.line.raw} for event in _events(trace)]
    return made


def _origin(origin: Origin) -> dict[str, Any]:
    start = origin.hop.start
    said = start.said if start else {}
    return {
        "kind": origin.kind,
        "login": origin.login or None,
        "client": {"name": said["name"], "address": said["address"]} if "address" in said else None,
        "user": user(start) if start and start.kind == "uid" else None,
        "host": origin.hop.host,
        "service": (start.line.service or None) if start else None,
        "queue_id": origin.hop.id,
        "time": origin.hop.begun.isoformat(),
        "words": sentence(origin),
    }


def _hop(hop: Hop, trace: Trace, depth: int, how: str) -> dict[str, Any]:
    names = ("to", "orig_to", "status", "dsn", "relay", "address", "text")
    return {
        "host": hop.host,
        "queue_id": hop.id,
        "time": hop.begun.isoformat(),
        "depth": depth,
        "how": how or None,
        "message_ids": list(hop.message_ids),
        "sender": hop.sender,
        "refused": [event.said["text"] for event in hop.of("reject")],
        "deliveries": [
            {
                "time": event.line.time.isoformat(),
                **{name: event.said[name] or None for name in names},
                "store": [
                    {"host": one.line.host, "login": one.said["login"], "did": one.said["did"]}
                    for one in trace.kept_by.get((_store_of(event, trace), event.said.get("session", "")), ())
                ],
            }
            for event in hop.deliveries
        ],
    }
