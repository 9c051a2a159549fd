"""Questions about a message, and what can be answered for certain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.parser import BytesParser
from email.policy import compat32
from typing import Protocol

from . import texts
from .lookup import Lookup
from .trail import Hop, Trace

MOST_RECEIVED = 100
"""``Received:`` lines of a message that are looked at; no real one has more."""

MOST_HEADER = 1 << 20
"""Octets of a message that are read."""

_ID = re.compile(r"\bid ([0-9A-Za-z]{6,25})(?![0-9A-Za-z+/=])")
_SESSION = re.compile(r"\bwith LMTPS? id ([0-9A-Za-z+/=]{8,60}(?::[0-9A-Z:]{1,9})?)")


class Asked(Protocol):
    """What is asked: the trail through all logs, or a customer's view of it."""

    logs: Lookup

    def by_queue_id(self, queue_id: str) -> list[Hop]: ...
    def by_message_id(self, message_id: str) -> list[Hop]: ...
    def by_recipient(self, address: str, since: datetime, until: datetime) -> list[Hop]: ...
    def by_session(self, session: str) -> list[Hop]: ...
    def trace(self, hop: Hop) -> Trace: ...
    def traces(self, hops: Iterable[Hop]) -> list[Trace]: ...
    def recipients(self, trace: Trace) -> set[str]: ...
    def told(self, trace: Trace) -> bool: ...
    def kept(self) -> str: ...


@dataclass(frozen=True)
class Answer:
    """What was found.

    certain  there is one message that was meant, and the logs tell who sent it, or that nobody here did
    words    what the person who asks should know of the answer
    found    the messages
    """

    certain: bool
    words: tuple[str, ...]
    found: tuple[Trace, ...]


MOST_FOUND = 200
"""Hops that are followed for one question."""


def by_queue_id(trail: Asked, queue_id: str) -> Answer:
    return _one(trail, trail.by_queue_id(queue_id), f"queue id {queue_id}")


def by_message_id(trail: Asked, message_id: str) -> Answer:
    return _one(trail, _named(trail, message_id), f"Message-ID {message_id}")


def by_recipient(trail: Asked, address: str, at: datetime, within: timedelta) -> Answer:
    hops = trail.by_recipient(address, at - within, at + within)
    found = trail.traces(hops[:MOST_FOUND])
    if not found:
        minutes = int(within.total_seconds() // 60)
        far = ", as far as the logs can be read" if trail.logs.damaged else ""
        return Answer(
            False, (f"Nothing was delivered to {address} within {minutes} minutes of {at}{far}.", trail.kept()), ()
        )
    words: tuple[str, ...] = () if len(found) == 1 else (f"{len(found)} messages went to {address} at that time.",)
    if len(hops) > MOST_FOUND:
        words += ("There are more: ask for less time.",)
    return Answer(all(map(trail.told, found)) and len(hops) <= MOST_FOUND, words, tuple(found))


def by_message(trail: Asked, content: bytes, to: str = "") -> Answer:
    """A message as it was received. Its header says where to look in the logs, and nothing else of it is believed:
    the sender can have written all of it but the lines that the hosts on its way put on top."""
    message = BytesParser(policy=compat32).parsebytes(content[:MOST_HEADER], headersonly=True)
    wanted = {texts.bare(_printable(str(value))) for value in message.get_all("Message-ID", [])[:5]}
    chosen: list[Trace] = []
    others: list[str] = []
    for value in message.get_all("Received", [])[:MOST_RECEIVED]:
        text = " ".join(str(value).split())
        for hop, word in _mentioned(trail, text):
            agrees = not hop.message_ids or bool(wanted & {texts.bare(one) for one in hop.message_ids})
            if any(hop is step.hop for trace in chosen for step in trace.steps):
                continue
            if agrees and not chosen:
                chosen = [trail.trace(hop)]
            elif agrees:
                others.append(
                    f"Further down the header names {word}, another message: the sender can have written that."
                )
            else:
                others.append(
                    f"The header names {word}, which is in the logs, but with another Message-ID: not this one."
                )
    if chosen:
        words = tuple(dict.fromkeys(others))
        certain = trail.told(chosen[0])
        if to and to.lower() not in trail.recipients(chosen[0]):
            certain = False
            words += (f"The logs do not have that it went to {to}: its header may be a copy of another's.",)
        return Answer(certain, words, tuple(chosen))
    same = trail.traces([hop for one in sorted(wanted) for hop in _named(trail, one)][:MOST_FOUND])
    words = ("No queue id in this message's Received: lines leads to it in the logs.", *dict.fromkeys(others))
    if same:
        words += (
            "Its Message-ID is in the logs, but anybody who saw it can use it again, so that proves nothing:",
        )
    else:
        words += (trail.kept(),)
    return Answer(False, words, tuple(same))


def _mentioned(trail: Asked, received: str) -> Iterable[tuple[Hop, str]]:
    for session in _SESSION.findall(received)[:2]:
        for hop in trail.by_session(session):
            yield hop, f"the delivery {session}"
    for queue_id in _ID.findall(received)[:2]:
        for hop in trail.by_queue_id(queue_id):
            yield hop, f"queue id {queue_id}"


def _one(trail: Asked, hops: list[Hop], what: str) -> Answer:
    found = trail.traces(hops[:MOST_FOUND])
    if not found:
        where = "what can be read of the logs" if trail.logs.damaged else "the logs"
        return Answer(False, (f"{what} is not in {where}.", trail.kept()), ())
    if len(found) > 1:
        more = "or more " if len(hops) > MOST_FOUND else ""
        return Answer(
            False, (f"{len(found)} {more}messages have {what}; which one is meant it does not tell.",), tuple(found)
        )
    return Answer(trail.told(found[0]), (), tuple(found))


def _named(trail: Asked, message_id: str) -> list[Hop]:
    """By Message-ID, with or without its brackets."""
    tries = [message_id, _printable(message_id)]
    if not message_id.lstrip().startswith("<"):
        tries = [f"<{one.strip()}>" for one in tries] + tries
    return list(dict.fromkeys(hop for one in dict.fromkeys(tries) for hop in trail.by_message_id(one)))


def _printable(text: str) -> str:
    """As Postfix writes it in the log: what cannot be printed is a question mark, octet by octet."""
    octets = text.replace("\r\n", "\n").strip().encode("utf-8", "surrogateescape")
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else "?" for octet in octets)
