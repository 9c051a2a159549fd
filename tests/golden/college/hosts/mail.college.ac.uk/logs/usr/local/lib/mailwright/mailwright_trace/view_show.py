"""The answer to a customer, for people and for programs: of what ``view`` lets through alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .answer import Answer
from .show import visible, when
from .view import Part, Recipient, View


def text(answer: Answer, view: View, with_lines: bool) -> str:
    found = [parts for trace in answer.found if (parts := view.parts(trace))]
    lines = list(answer.words)
    for number, parts in enumerate(found, 1):
        lines += ["", f"--- {number} of {len(found)} ---"] if len(found) > 1 else []
        lines += _message(parts, view, with_lines)
    lines += [f"Note: {note}" for note in dict.fromkeys(view.logs.notes)]
    return "".join(f"{visible(line)}\n" for line in lines)


def _message(parts: tuple[Part, ...], view: View, with_lines: bool) -> Iterator[str]:
    first = parts[0]
    sender = first.hop.sender
    yield view.source(first.hop).words
    yield f"  when         {when(first.hop.begun)}, on {first.hop.host}"
    yield f"  queue id     {first.hop.id}"
    yield f"  Message-ID   {', '.join(first.hop.message_ids) or 'none in the log'}"
    yield f"  sender       {'not in the log' if sender is None else f'<{sender}> (envelope)'}" + (
        f", {first.size} octets" if first.size else ""
    )
    yield ""
    for part in parts:
        how = view.how(part)
        yield f"  {when(part.hop.begun)} {part.hop.host} {part.hop.id}" + (f" -- {how}" if how else "")
        for one in part.recipients:
            yield from (f"    {line}" for line in _recipient(one))
        if not part.recipients:
            yield "    nothing more in the log: it waits still, or was given up before it was queued"
    if with_lines:
        yield ""
        yield from (event.line.raw for part in parts for event in view.lines(part))


def _recipient(one: Recipient) -> Iterator[str]:
    to = f"{one.led_to} (for {one.address})" if one.led_to else one.address
    at = f" {'to' if one.status == 'sent' else 'at'} {one.where}" if one.where else ""
    yield f"{one.time:%H:%M:%S} {to}: {one.status}{at}" + (f": {one.text}" if one.text else "")
    for event in one.stored:
        yield f"  {event.line.time:%H:%M:%S} login {event.said['login']}: {event.said['did']}"


def as_json(answer: Answer, view: View, with_lines: bool) -> str:
    made = {
        "customer": view.customer.id,
        "certain": answer.certain,
        "words": list(answer.words),
        "notes": list(dict.fromkeys(view.logs.notes)),
        "messages": [_json(parts, view, with_lines) for trace in answer.found if (parts := view.parts(trace))],
    }
    return json.dumps(made, indent=1) + "\n"


def _json(parts: tuple[Part, ...], view: View, with_lines: bool) -> dict[str, Any]:
    source = view.source(parts[0].hop)
    made: dict[str, Any] = {
        "origin": {
            "kind": source.kind,
            "words": source.words,
            "login": source.login or None,
            "client": {"name": source.client[0], "address": source.client[1]} if source.client else None,
        },
        "hops": [
            {
                "host": part.hop.host,
                "queue_id": part.hop.id,
                "time": part.hop.begun.isoformat(),
                "how": view.how(part) or None,
                "message_ids": list(part.hop.message_ids),
                "sender": part.hop.sender,
                "recipients": [
                    {
                        "address": one.address,
                        "led_to": one.led_to or None,
                        "time": one.time.isoformat(),
                        "status": one.status,
                        "where": one.where or None,
                        "text": one.text or None,
                        "store": [{"login": e.said["login"], "did": e.said["did"]} for e in one.stored],
                    }
                    for one in part.recipients
                ],
            }
            for part in parts
        ],
    }
    if with_lines:
        made["lines"] = [event.line.raw for part in parts for event in view.lines(part)]
    return made
