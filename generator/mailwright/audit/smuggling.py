"""SMTP smuggling: a false end of data must not let a second message, which nobody judged, in or out."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.audit import letters, mailboxes, posting, roads, threads
from mailwright.audit.model import Context, Observation, Probe, Received
from mailwright.records import dataclass

# What some server has taken for the end of data besides <CR><LF>.<CR><LF> (RFC 5321, 4.1.1.4).
FALSE_ENDS: tuple[bytes, ...] = (
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r.\n",
    b"\n.\r",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n.\x00\r\n",
    b"\r\n\x00.\r\n",
    b"\x00\r\n.\r\x00\n",
    b"\n\n.\n\n",
)
_JOBS = 4
_SILENCE = 0.3  # seconds in which a second verdict would come


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message with a second one hidden behind a false end of data."""

    end: bytes
    outer: str  # mark of the message itself
    hidden: str  # mark of the hidden one
    seen: str  # what the server said
    accepted: bool
    more: bool  # it answered more than one message's worth


def inbound(context: Context) -> Iterator[Observation]:
    """From outside on port 25: a message whose text holds a false end of data, with MAIL, RCPT, DATA and another
    message behind it, is one message or none (RELAY-2). Every form of line end around the dot is tried, and with
    NUL. The hidden message would be in the mailbox without the first one's text. A message that holds the same
    commands behind ordinary line ends arrives."""
    who = roads.anybody(context)
    foreign = posting.outsider(context)
    for door in roads.doors(context, "outside", "smtp")[:1]:
        made = _attempts(context, door, None, foreign, who.published)
        marks = sorted(attempt.hidden for attempt in made if attempt.accepted)
        mailboxes.holding(context, who.login, [attempt.outer for attempt in made if attempt.accepted])
        texts = threads.each(lambda mark: mailboxes.messages(context, who.account, mark, timeout=0), marks, _JOBS)
        held = dict(zip(marks, texts, strict=True))
        for attempt in made:
            alone = [text for text in held.get(attempt.hidden, ()) if attempt.outer.encode() not in text]
            yield _judged(attempt, bool(alone), door)
        yield _inbound_twin(context, who, door, foreign)


def outbound(context: Context) -> Iterator[Observation]:
    """On submission, logged in: the same message for a host outside leaves as one message or not at all
    (ADDR-6), and holds nothing that a lax host would take for an end: a bare CR, a bare LF, a dot among NULs."""
    who = roads.anybody(context)
    foreign = posting.outsider(context)
    for door in roads.doors(context, "outside", "submission", "submissions")[:1]:
        made = _attempts(context, door, who, who.published, foreign)
        for attempt, seen in zip(made, threads.each(lambda one: _arrived(context, one), made, _JOBS), strict=True):
            if attempt.accepted and seen is None and not attempt.more:
                yield Observation(
                    _what(attempt, door), f"{attempt.seen}; it did not arrive", None, target=door.target
                )
                continue
            alone = seen is not None and attempt.outer.encode() not in seen.content
            yield _judged(attempt, alone, door, _dangers(seen.content) if seen else "")
        _, sent = posting.send_plain(context, who)
        yield Observation(
            f"an ordinary message on {sent.door}",
            f"{sent.reply}; {'arrived' if sent.received else 'did not arrive'}",
            sent.received is not None,
            True,
            sent.door.target,
        )


def _attempts(
    context: Context, door: roads.Door, who: roads.Person | None, sender: str, recipient: str
) -> list[Attempt]:
    """One for each false end of data."""
    return list(threads.each(lambda end: _attempt(context, door, who, sender, recipient, end), FALSE_ENDS, _JOBS))


def _arrived(context: Context, attempt: Attempt) -> Received | None:
    """What came to the correspondent; nothing where nothing was accepted."""
    return roads.correspondent(context).wait_for(attempt.hidden) if attempt.accepted else None


def _attempt(
    context: Context, door: roads.Door, who: roads.Person | None, sender: str, recipient: str, end: bytes
) -> Attempt:
    outer, hidden = letters.token(), letters.token()
    content = _content(sender, recipient, outer, hidden, end)
    account = who.account if who else None
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door, account=account) as dialogue:
        reply = dialogue.mail(sender)
        if reply.accepted:
            reply = dialogue.rcpt(recipient)
        if reply.accepted:
            reply = dialogue.command("DATA")
        if reply.code != 354:
            raise OSError(f"no message was taken on {door}: {reply}")
        dialogue.send(content + b"\r\n.\r\n")
        reply = dialogue.reply()
        more = not dialogue.silent(_SILENCE)
        return Attempt(end, outer, hidden, str(reply), reply.accepted, more)


def _content(sender: str, recipient: str, outer: str, hidden: str, end: bytes) -> bytes:
    first = letters.letter(outer, f"<{sender}>", f"<{recipient}>", body=f"{outer}".encode())
    second = letters.letter(hidden, f"<{sender}>", f"<{recipient}>", body=hidden.encode())
    commands = f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()
    return first + end + commands + second


def _dangers(content: bytes) -> str:
    """What in a message that arrived could be mistaken for an end of data; nothing when all is well."""
    lines = content.split(b"\r\n")
    if any(b"\r" in line or b"\n" in line for line in lines):
        return "a bare CR or LF"
    if any(b"\0" in line and line.strip(b"\0") == b"." and line.startswith(b"\0") for line in lines):
        return "a dot among NULs"  # one that begins with the dot was doubled on the wire
    return ""


def _judged(attempt: Attempt, alone: bool, door: roads.Door, dangers: str = "") -> Observation:
    seen = attempt.seen
    if attempt.more:
        seen += "; and it went on to answer the hidden commands"
    if alone:
        seen += "; the hidden message arrived"
    if dangers:
        seen += f"; it left with {dangers}"
    return Observation(_what(attempt, door), seen, not (alone or attempt.more or dangers), target=door.target)


def _what(attempt: Attempt, door: roads.Door) -> str:
    return f"a false end of data {attempt.end!r} on {door}"


def _inbound_twin(context: Context, who: roads.Person, door: roads.Door, foreign: str) -> Observation:
    mark = letters.token()
    body = f"{mark}\r\nMAIL FROM:<{foreign}>\r\nRCPT TO:<{who.published}>\r\nDATA\r\n.dot\r\n".encode()
    content = letters.letter(mark, f"<{foreign}>", f"<{who.published}>", body=body)
    reply = posting.delivered_directly(context, door, foreign, who.published, content)
    found = mailboxes.holding(context, who.login, [mark])[mark] if reply.accepted else 0
    return Observation(
        f"an ordinary message with the same commands in its text on {door}",
        f"{reply}; {found} in the mailbox",
        found == 1,
        True,
        door.target,
    )


PROBES = (
    Probe("smuggling.inbound", ("RELAY-2",), "outside", "Nothing is smuggled in", inbound, negative=True),
    Probe(
        "smuggling.outbound",
        ("ADDR-6",),
        "outside",
        "Nothing is smuggled out",
        outbound,
        negative=True,
        harm="would bring an attack to somebody else's mail host",
    ),
)
