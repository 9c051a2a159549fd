"""Gateways: mail of a system behind one passes both ways, in its published form, and nobody else's does."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace

from mailwright.audit import bodies, letters, posting, roads
from mailwright.audit.model import Behind, Condition, Context, Observation, Probe, UnavailableError
from mailwright.audit.roads import Door
from mailwright.audit.smtp import Dialogue, Reply
from mailwright.plan.model import Gateway, Plan
from mailwright.records import dataclass
from mailwright.site.addresses import domain, key

_AT_ONCE = 30.0  # seconds for an answer to RCPT; where the next hop is asked first, Postfix waits ten for it


def recipients(context: Context) -> Iterator[Observation]:
    """For each domain of a gateway, on port 25 of every mailer over v4 and v6, a recipient whom nobody knows is
    refused for good while the client waits (GATE-1), also where the next hop is asked first. Somebody who is there
    is accepted in the same dialogue. A next hop that says yes to everybody makes this fail: list its recipients."""
    for gateway in context.plan.gateways:
        for door in roads.doors(context, "outside", "smtp"):
            for name in gateway.domains:
                with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
                    yield from _known_and_not(context, gateway, name, door, dialogue)
    yield from roads.unreachable(context, "outside")


def _known_and_not(
    context: Context, gateway: Gateway, name: str, door: Door, dialogue: Dialogue
) -> Iterator[Observation]:
    there = _there(context, gateway, name)
    if there is None:
        yield Observation(f"somebody behind the gateway {gateway.name}", "nobody there is known", None)
        return
    outsider = posting.stranger(context)
    reply, _ = _asked(dialogue, outsider, there)
    yield Observation(f"RCPT TO:<{there}> on {door}", str(reply), reply.accepted, True, door.target)
    nobody = f"{letters.token()}@{name}"
    reply, seconds = _asked(dialogue, outsider, nobody)
    said = f"{reply} after {seconds:.1f} s"
    if reply.accepted and gateway.recipients == "ask":
        said += (
            f"; {gateway.next_hop} takes every recipient, so asking it is of no use: give the gateway "
            f"{gateway.name} a list of its recipients"
        )
    refused = reply.refused and seconds < _AT_ONCE
    known = None if 400 <= reply.code < 500 else refused
    yield Observation(f"RCPT TO:<{nobody}> on {door}", said, known, target=door.target)


def _asked(dialogue: Dialogue, sender: str, recipient: str) -> tuple[Reply, float]:
    """The answer to RCPT, and the seconds that it took."""
    dialogue.mail(sender)
    started = time.monotonic()
    reply = dialogue.rcpt(recipient)
    seconds = time.monotonic() - started
    dialogue.command("RSET")
    return reply, seconds


def _there(context: Context, gateway: Gateway, name: str) -> str | None:
    """The published address in the domain of somebody behind the gateway, as far as anybody is known."""
    if gateway.recipients == "listed":
        return next(
            (one.published for one in _listed(context.plan, gateway) if domain(one.published) == name), None
        )
    behind = context.behind.get(gateway.name)
    known = behind.known if behind is not None else ()
    return next((address for address in known if domain(address) == name), None)


@dataclass(frozen=True, slots=True)
class _One:
    """Somebody behind a gateway: the published address, as it is written, and what the system says."""

    published: str
    internal: str


def _listed(plan: Plan, gateway: Gateway) -> tuple[_One, ...]:
    """Who is listed, those first whom the system calls otherwise."""
    written = {row.internal: row.external for row in plan.rewrites}
    found = [
        _One(written.get(key(row.targets[0]), row.address), row.targets[0])
        for row in plan.routes
        if row.kind == "gateway" and domain(row.address) in gateway.domains
    ]
    kept = [one for one in found if key(written.get(key(one.published), one.published)) == key(one.published)]
    return tuple(sorted(kept, key=lambda one: key(one.published) == key(one.internal)))


def _somebody(context: Context, gateway: Gateway) -> tuple[_One, Behind]:
    """Somebody behind the gateway, and the system."""
    behind = context.behind.get(gateway.name)
    if behind is None:
        raise UnavailableError(f"nobody can look into the system behind the gateway {gateway.name}")
    if gateway.recipients == "listed":
        people = _listed(context.plan, gateway)
    else:
        people = tuple(_One(address, address) for address in behind.known)
    if not people:
        raise UnavailableError(f"nobody behind the gateway {gateway.name} is known")
    return people[0], behind


def incoming(context: Context) -> Iterator[Observation]:
    """A message from outside arrives at the system behind each gateway, for the address by which that knows its
    recipient; its To: line still has the published one, and its body is the same bit for bit (sha256), whether it
    has 8 bits, flowed text, a signature of S/MIME or PGP, or lines of 998 octets (GATE-1)."""
    door = roads.doors(context, "outside", "smtp")[0]
    for gateway in context.plan.gateways:
        one, behind = _somebody(context, gateway)
        sent: dict[str, bodies.Kind] = {}
        with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
            for kind in bodies.KINDS:
                content, mark = _message(kind, f"<{posting.outsider(context)}>", f"<{one.published}>")
                reply = dialogue.deliver(posting.outsider(context), (one.published,), content)
                if reply.accepted:
                    sent[mark] = kind
                else:
                    yield Observation(_what(kind, gateway, "to"), str(reply), False, target=door.target)
        for mark, kind in sent.items():
            received = behind.inbox.wait_for(mark)
            if received is None:
                yield Observation(_what(kind, gateway, "to"), "did not arrive", False, target=door.target)
                continue
            yield _same(_what(kind, gateway, "to"), kind, received.content, door)
            if kind is bodies.KINDS[0]:
                to = letters.header(received.content, "To")
                yield Observation(
                    f"envelope and To: of a message for {one.published} at {gateway.next_hop}",
                    f"RCPT TO:<{'>, <'.join(received.recipients)}>, To: {', '.join(to)}",
                    tuple(map(key, received.recipients)) == (key(one.internal),) and to == [f"<{one.published}>"],
                    target=door.target,
                )


def outgoing(context: Context) -> Iterator[Observation]:
    """A message that the system behind each gateway sends to the outside arrives with the published address in
    envelope and header, with Date: and Message-ID: where it had none, signed for its domain; its body is the same
    bit for bit, whatever its kind (GATE-2). A delivery status of its passes as multipart/report from the null
    sender."""
    for gateway in context.plan.gateways:
        if not gateway.clients:
            continue
        one, behind = _somebody(context, gateway)
        there = replace(context, vantages={**context.vantages, "inside": behind.vantage})
        door = roads.doors(there, "inside", "smtp")[0]
        outsider = posting.outsider(context)
        sent: dict[str, bodies.Kind] = {}
        bare = letters.token()
        with behind.vantage.enter(), roads.smtp(context, door) as dialogue:
            for kind in bodies.KINDS:
                content, mark = _message(kind, f"Somebody <{one.internal}>", f"<{outsider}>")
                reply = dialogue.deliver(one.internal, (outsider,), content)
                if reply.accepted:
                    sent[mark] = kind
                else:
                    yield Observation(_what(kind, gateway, "from"), str(reply), False, target=door.target)
            left_out = letters.letter(
                bare,
                f"<{one.internal}>",
                f"<{outsider}>",
                without=("Date", "Message-ID"),
                extra=(("Cc", one.internal),),
            )
            reply = dialogue.deliver(one.internal, (outsider,), left_out)
            report, mark = _message(
                bodies.status(gateway.next_hop), f"<postmaster@{gateway.domains[0]}>", f"<{outsider}>"
            )
            report_reply = dialogue.deliver("", (outsider,), report)
        for of_kind, kind in sent.items():
            received = roads.correspondent(context).wait_for(of_kind)
            if received is None:
                yield Observation(_what(kind, gateway, "from"), "did not arrive", False, target=door.target)
            else:
                yield _same(_what(kind, gateway, "from"), kind, received.content, door)
        yield _published(context, gateway, one, bare, reply, door)
        yield _passed(context, gateway, mark, report_reply, door)


def _published(context: Context, gateway: Gateway, one: _One, mark: str, reply: Reply, door: Door) -> Observation:
    what = f"a message from <{one.internal}> behind the gateway {gateway.name} without Date: and Message-ID:"
    received = roads.correspondent(context).wait_for(mark) if reply.accepted else None
    if received is None:
        return Observation(what, f"{reply}; did not arrive", False, target=door.target)
    content = received.content
    dates, ids = (letters.header(content, name) for name in ("Date", "Message-ID"))
    seen = [*letters.header(content, "From"), *letters.header(content, "Cc")]
    signed = [value for value in letters.header(content, "DKIM-Signature") if _signs(value, one.published)]
    shown = f"MAIL FROM:<{received.sender}>, From: and Cc: {', '.join(seen)}, Date: {dates}, Message-ID: {ids}"
    wanted = key(one.published)
    ok = (
        key(received.sender) == wanted
        and [key(value.strip("<> ")) for value in seen] == [wanted, wanted]
        and (len(dates), len(ids)) == (1, 1)
        and (bool(signed) or not context.plan.settings.dkim_selector)
    )
    return Observation(what, f"{shown}, {'' if signed else 'not '}signed", ok, target=door.target)


def _signs(value: str, address: str) -> bool:
    tags = dict(part.strip().partition("=")[::2] for part in value.split(";"))
    return tags.get("d", "").strip().lower() == domain(address)


def _passed(context: Context, gateway: Gateway, mark: str, reply: Reply, door: Door) -> Observation:
    what = f"a delivery status from the system behind the gateway {gateway.name}"
    received = roads.correspondent(context).wait_for(mark) if reply.accepted else None
    if received is None:
        return Observation(what, f"{reply}; did not arrive", False, target=door.target)
    message = letters.parse(received.content)
    seen = f"MAIL FROM:<{received.sender}>, {message.get_content_type()}"
    same = _same(what, bodies.status(gateway.next_hop), received.content, door)
    ok = received.sender == "" and message.get_content_type() == "multipart/report" and same.ok is True
    return Observation(what, f"{seen}, {same.seen}", ok, target=door.target)


def _message(kind: bodies.Kind, sender: str, recipient: str) -> tuple[bytes, str]:
    mark = letters.token()
    return letters.letter(mark, sender, recipient, extra=kind.header, body=kind.body), mark


def _what(kind: bodies.Kind, gateway: Gateway, direction: str) -> str:
    return f"body of a message ({kind.name}) {direction} the system behind the gateway {gateway.name}"


def _same(what: str, kind: bodies.Kind, content: bytes, door: Door) -> Observation:
    body = content.partition(b"\r\n\r\n")[2]
    wanted, seen = (hashlib.sha256(text).hexdigest()[:16] for text in (kind.body, body))
    said = f"sha256 {seen}…" if seen == wanted else f"sha256 {seen}… and not {wanted}…"
    return Observation(what, said, body == kind.body, target=door.target)


def limits(context: Context) -> Iterator[Observation]:
    """The system behind each gateway relays as its own domains alone: not as a person of the site, as somebody
    behind another gateway or as an outsider, not in MAIL FROM and not in From:, over v4 and v6 (GATE-1, RELAY-2).
    An outsider who says that he is somebody behind a gateway relays nothing. The system's own mail is accepted on
    the same road."""
    outsider = posting.outsider(context)
    person = next((row.address for row in context.plan.routes if row.kind == "mailbox"), None)
    for gateway in context.plan.gateways:
        if not gateway.clients:
            continue
        one, behind = _somebody(context, gateway)
        there = replace(context, vantages={**context.vantages, "inside": behind.vantage})
        strangers = [outsider, *([person] if person else [])]
        strangers += [f"{letters.token()}@{row.domains[0]}" for row in context.plan.gateways if row is not gateway]
        for door in roads.doors(there, "inside", "smtp"):
            with behind.vantage.enter(), roads.smtp(context, door) as dialogue:
                own = letters.letter(letters.token(), f"<{one.internal}>", f"<{outsider}>")
                reply = dialogue.deliver(one.internal, (outsider,), own)
                yield Observation(f"its own mail on {door}", str(reply), reply.accepted, True, door.target)
                for stranger in strangers:
                    reply = _tried(dialogue, stranger, outsider)
                    what = f"MAIL FROM:<{stranger}> by the system behind the gateway {gateway.name} on {door}"
                    yield Observation(what, str(reply), reply.refused, target=door.target)
                    forged = letters.letter(letters.token(), f"<{stranger}>", f"<{outsider}>")
                    reply = dialogue.deliver(one.internal, (outsider,), forged)
                    what = f"From: {stranger} by the system behind the gateway {gateway.name} on {door}"
                    yield Observation(what, str(reply), reply.refused, target=door.target)
        for door in roads.doors(context, "outside", "smtp"):
            with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
                for sender in dict.fromkeys((one.published, one.internal)):
                    reply = _tried(dialogue, sender, outsider)
                    yield Observation(
                        f"MAIL FROM:<{sender}> RCPT TO:<{outsider}> from outside on {door}",
                        str(reply),
                        reply.refused,
                        target=door.target,
                    )


def loops(context: Context) -> Iterator[Observation]:
    """What the system behind each gateway hands over for an address of its own, which would go straight back to it,
    is refused over v4 and v6 (GATE-1): a system that passes on what it does not know would else send it round and
    round. Its mail for the outside is accepted on the same road."""
    outsider = posting.outsider(context)
    for gateway in context.plan.gateways:
        if not gateway.clients:
            continue
        one, behind = _somebody(context, gateway)
        there = replace(context, vantages={**context.vantages, "inside": behind.vantage})
        for door in roads.doors(there, "inside", "smtp"):
            with behind.vantage.enter(), roads.smtp(context, door) as dialogue:
                reply = _tried(dialogue, one.internal, outsider)
                yield Observation(f"RCPT TO:<{outsider}> on {door}", str(reply), reply.accepted, True, door.target)
                for back in _backwards(gateway, one):
                    reply = _tried(dialogue, one.internal, back)
                    what = f"RCPT TO:<{back}> by the system behind the gateway {gateway.name} on {door}"
                    yield Observation(what, str(reply), reply.refused, target=door.target)


def whole(context: Context) -> Iterator[Observation]:
    """An address without a domain in the To:, Cc: or From: line of a message from the system behind each gateway is
    not completed by guessing: the message is refused (INT-3). With whole addresses it is accepted on the same
    road."""
    outsider = posting.outsider(context)
    for gateway in context.plan.gateways:
        if not gateway.clients:
            continue
        one, behind = _somebody(context, gateway)
        there = replace(context, vantages={**context.vantages, "inside": behind.vantage})
        door = roads.doors(there, "inside", "smtp")[0]
        with behind.vantage.enter(), roads.smtp(context, door) as dialogue:
            for sender, to, extra in (
                (one.internal, outsider, ()),
                (one.internal, "somebody", ()),
                (one.internal, outsider, (("Cc", "somebody"),)),
                (one.internal.partition("@")[0], outsider, ()),
            ):
                content = letters.letter(letters.token(), sender, to, extra=extra)
                reply = dialogue.deliver(one.internal, (outsider,), content)
                good = (sender, to, extra) == (one.internal, outsider, ())
                yield Observation(
                    f"From: {sender}, To: {to}{', Cc: somebody' if extra else ''} on {door}",
                    str(reply),
                    reply.accepted if good else reply.refused,
                    good,
                    door.target,
                )


def _backwards(gateway: Gateway, one: _One) -> tuple[str, ...]:
    """Addresses of the system itself, which it would only hand on if it did not know them."""
    nobody = f"{letters.token()}@{domain(one.internal)}"
    return tuple(dict.fromkeys((one.internal, nobody, f"{letters.token()}@{gateway.domains[0]}")))


def _tried(dialogue: Dialogue, sender: str, recipient: str) -> Reply:
    """The answer to RCPT, or to MAIL where that is refused already."""
    reply = dialogue.mail(sender)
    if reply.accepted:
        reply = dialogue.rcpt(recipient)
    dialogue.command("RSET")
    return reply


GATEWAYS = Condition("the description has gateways", lambda plan: bool(plan.gateways))

CLIENTS = Condition(
    "a gateway takes mail from the system behind it", lambda plan: any(gateway.clients for gateway in plan.gateways)
)

_NOBODY = "in a running service nobody can look into the system behind a gateway, or send from it"

PROBES = (
    Probe(
        "gateway.recipients",
        ("GATE-1",),
        "outside",
        "Unknown recipients behind a gateway are refused at once",
        recipients,
        negative=True,
        only=GATEWAYS,
    ),
    Probe(
        "gateway.incoming",
        ("GATE-1",),
        "outside",
        "Mail for those behind a gateway arrives there, its body unchanged",
        incoming,
        only=GATEWAYS,
        harm=_NOBODY,
    ),
    Probe(
        "gateway.outgoing",
        ("GATE-2",),
        "inside",
        "Mail from behind a gateway leaves in its published form, its body unchanged",
        outgoing,
        only=CLIENTS,
        harm=_NOBODY,
    ),
    Probe(
        "gateway.limits",
        ("GATE-1", "RELAY-2"),
        "inside",
        "A system behind a gateway relays as its own domains alone",
        limits,
        negative=True,
        only=CLIENTS,
        harm=_NOBODY,
    ),
    Probe(
        "gateway.loops",
        ("GATE-1",),
        "inside",
        "What would go straight back to the system behind a gateway is refused",
        loops,
        negative=True,
        only=CLIENTS,
        harm=_NOBODY,
    ),
    Probe(
        "gateway.whole",
        ("INT-3",),
        "inside",
        "No address from behind a gateway is completed by guessing",
        whole,
        negative=True,
        only=CLIENTS,
        harm=_NOBODY,
    ),
)
