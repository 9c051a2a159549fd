"""What a line of a mail log says, read as strictly as Postfix and Dovecot write it.

A stranger's words stand in many lines (Message-ID, addresses, HELO, a remote host's answer). They stand at known
places of a line's form, so each form is matched whole, from the program's name on, and a line that fits none says
nothing. Nothing is ever searched for in the middle of a line. Which host wrote a line is told by its file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

_HEAD = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) \S+ ([^\s\[\]:]+)(?:\[(\d+)\])?: (.*)",
    re.DOTALL,
)
_QUEUE_ID = r"[0-9A-Za-z]{6,25}"
# Postfix puts what is no plain word into quotation marks, so an address ends where it seems to (RFC 5321, 4.1.2).
ADDRESS = r'(?:"(?:[^"\\]|\\.)*"|[^"<>\s,])*'
_NAMED = re.compile(rf"({_QUEUE_ID}): (.*)", re.DOTALL)
_CLIENT = re.compile(
    r"client=([^\s\[\],]+)\[([^\s\[\],]+)\](?::\d+)?(?:, sasl_method=([^\s,]+), sasl_username=(.*?))?"
    r"(?:, (?:sasl_sender|orig_queue_id|orig_client)=.*)?",
    re.DOTALL,
)
_UID = re.compile(rf"uid=(\d+) from=<({ADDRESS})>")
_MESSAGE_ID = re.compile(r"message-id=(.*)", re.DOTALL)
_QUEUED = re.compile(rf"from=<({ADDRESS})>, size=(\d+), nrcpt=(\d+) \(queue [a-z]+\)")
_EXPIRED = re.compile(rf"from=<{ADDRESS}>, status=((?:force-)?expired), .*")
_DELIVERY = re.compile(
    rf"to=<({ADDRESS})>, (?:orig_to=<({ADDRESS})>, )?relay=([^\s,\[\]]+)(?:\[([^\s\]]*)\])?(?::\d+)?, "
    r"(?:conn_use=\d+, )?delay=[\d.]+, delays=[\d./]+, (?:tls=[^\s,]*, )?"
    r"dsn=(\d\.\d+\.\d+), status=([A-Za-z-]+) \((.*)",
    re.DOTALL,
)
_REJECT = re.compile(
    r"((?:milter-)?(?:reject|discard|hold)): (\S+) from ([^\s\[\]]+\[[^\s\[\]]+\]): (.*)", re.DOTALL
)
_NOTICE = re.compile(rf"((?:sender|postmaster) (?:non-delivery|delivery status|delay)) notification: ({_QUEUE_ID})")
_TAKEN = re.compile(rf"250 (?:2\.\d\.\d )?Ok: queued as ({_QUEUE_ID})\)?")
_FORWARDED = re.compile(rf"forwarded as ({_QUEUE_ID})\)?")
_SAVED = re.compile(rf"250 2\.0\.0 <{ADDRESS}> ([0-9A-Za-z+/=]+(?::[0-9A-Z:]+)?) Saved\)?")
# Dovecot writes a Message-ID without what stands after it, and cuts a long one. What it did comes last.
_STORE = re.compile(
    r"lmtp\(([^\s()<>]+)\)<\d+><([0-9A-Za-z+/=]+(?::[0-9A-Z:]+)?)>: (?:sieve: )?msgid=(.*): "
    r"(forwarded to <([^<>]*)>|sent vacation response to <([^<>]*)>"
    r"|saved mail to \S.*|stored mail into mailbox '.*'|[^<>']*)",
    re.DOTALL,
)
_ACTION = re.compile(r": [a-z]+ action\Z")  # which Dovecot 2.4 says besides

_SENDERS = frozenset({"smtp", "lmtp"})
_AGENTS = _SENDERS | {"local", "virtual", "pipe", "error", "retry", "discard", "cleanup", "qmgr", "bounce"}


@dataclass(frozen=True)
class Line:
    """A line of the log. ``host``: whose log the file is; ``tag``: the program that wrote it."""

    host: str
    file: str
    offset: int
    time: datetime
    tag: str
    text: str
    raw: str

    @property
    def program(self) -> str:
        return self.tag.rpartition("/")[2]

    @property
    def service(self) -> str:
        """``submission`` of postfix/submission/smtpd; empty where the service has no name of its own."""
        parts = self.tag.split("/")
        return parts[-2] if len(parts) > 2 else ""


@dataclass(frozen=True)
class Event:
    """What a line says.

    kind  client, uid, message-id, queued, expired, delivery, reject, notice, removed, store
    id    the queue id that the line is about; of the store's lines the session
    said  its parts, by name
    """

    line: Line
    kind: str
    id: str
    said: dict[str, str] = field(default_factory=dict, hash=False)


def line(host: str, file: str, offset: int, raw: bytes) -> Line | None:
    """The line, or None for what has not the form of one."""
    text = raw.decode("utf-8", "backslashreplace")
    found = _HEAD.fullmatch(text)
    if found is None:
        return None
    try:
        time = datetime.fromisoformat(found[1])
    except ValueError:
        return None
    return Line(host, file, offset, time, found[2], found[4].lstrip(" "), text)


def event(of: Line) -> Event | None:
    """What the line says, or None: nothing that is understood here."""
    if of.tag == "dovecot":
        return _store(of)
    if of.tag.startswith("postfix") and "/" in of.tag:
        named = _NAMED.fullmatch(of.text)
        if named and named[1] != "NOQUEUE":
            return _postfix(of, named[1], named[2])
    return None


def _postfix(of: Line, queue_id: str, text: str) -> Event | None:
    def made(kind: str, *names: str) -> Event | None:
        return (
            Event(of, kind, queue_id, {name: found[at] or "" for at, name in enumerate(names, 1)})
            if found
            else None
        )

    program = of.program
    if program == "smtpd" and (found := _CLIENT.fullmatch(text)):
        return made("client", "name", "address", "method", "login")
    if program == "pickup" and (found := _UID.fullmatch(text)):
        return made("uid", "uid", "sender")
    if program == "cleanup" and (found := _MESSAGE_ID.fullmatch(text)):
        return made("message-id", "id")
    if program == "qmgr":
        if text == "removed":
            return Event(of, "removed", queue_id)
        if found := _QUEUED.fullmatch(text):
            return made("queued", "sender", "size", "recipients")
        if found := _EXPIRED.fullmatch(text):
            return made("expired", "status")
    if program in ("bounce", "defer", "trace") and (found := _NOTICE.fullmatch(text)):
        return made("notice", "what", "notice")
    if program in ("smtpd", "cleanup") and (found := _REJECT.fullmatch(text)):
        return made("reject", "what", "at", "client", "text")
    if program in _AGENTS and (found := _DELIVERY.fullmatch(text)):
        said = made("delivery", "to", "orig_to", "relay", "address", "dsn", "status", "text")
        return _with_next(said) if said else None
    return None


def _with_next(of: Event) -> Event:
    """With the queue id or the session that the next one gave it, and the answer without its last bracket."""
    said, program = of.said, of.line.program
    text = said["text"]
    said["program"] = program
    said["text"] = text[:-1] if text.endswith(")") else text
    if said["status"] == "sent":
        if program in _SENDERS and (found := _TAKEN.fullmatch(text)):
            said["next"] = found[1]
        if program == "local" and (found := _FORWARDED.fullmatch(text)):
            said["next"] = found[1]
        if program == "lmtp" and (found := _SAVED.fullmatch(text)):
            said["session"] = found[1]
    return of


def _store(of: Line) -> Event | None:
    found = _STORE.fullmatch(of.text)
    if found is None:
        return None
    said = {"login": found[1], "message_id": _ACTION.sub("", found[3]), "did": found[4]}
    if found[5] is not None:
        said["forwarded"] = found[5]
    if found[6] is not None:
        said["answered"] = found[6]
    return Event(of, "store", found[2], said)
