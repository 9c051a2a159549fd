"""Submission: who may send as whom, and what becomes of a message on its way out."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from email.utils import getaddresses, parsedate_to_datetime

from mailwright.audit import letters, mailboxes, posting, roads
from mailwright.audit.letters import Header
from mailwright.audit.model import Context, Observation, Phase, Probe, Received
from mailwright.audit.roads import Door, Person
from mailwright.records import dataclass
from mailwright.site.addresses import domain, key

_SUBMISSION = ("submission", "submissions")
_PER_DIALOGUE = 6  # refusals, before Postfix slows down (smtpd_soft_error_limit)


def no_login_in_clear(context: Context) -> Iterator[Observation]:
    """Before TLS, submission neither offers AUTH nor takes it, even with the right password; port 25 never does,
    over TLS either (REMOTE-1). Over TLS, submission offers it and takes it. In an audit of a running service no
    password is sent before TLS: AUTH is begun, and must be refused at once."""
    who = roads.anybody(context)
    for door in roads.doors(context, "outside", "smtp", "submission"):
        for secure in (False, True):
            means = "over TLS" if secure else "before TLS"
            wanted = secure and door.listener.auth
            with roads.vantage(context, "outside").enter(), roads.smtp(context, door, secure=secure) as dialogue:
                offered = dialogue.offers("AUTH")
                yield Observation(
                    f"EHLO on {door} {means}",
                    "AUTH is offered" if offered else "AUTH is not offered",
                    offered is wanted,
                    wanted,
                    door.target,
                )
                if context.live and not secure:  # everybody on the way could read the password
                    reply = dialogue.command("AUTH PLAIN")
                    taken = reply.code == 334
                else:
                    reply = dialogue.login(who.login, who.account.password)
                    taken = reply.code == 235
                ok = taken if wanted else reply.refused
                yield Observation(f"AUTH PLAIN on {door} {means}", str(reply), ok, wanted, door.target)
    yield from roads.unreachable(context, "outside")


def wrong_password(context: Context) -> Iterator[Observation]:
    """A wrong password, a wrong login and an empty password are answered with 535 on each submission port
    (REMOTE-1); the right one with 235."""
    who = roads.anybody(context)
    for door in _one_of_each(context):
        for login, password in (
            (who.login, who.account.password + "x"),
            (letters.token(), who.account.password),
            (who.login, ""),
        ):
            with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
                reply = dialogue.login(login, password)
                shown = "the right password" if password == who.account.password else "a wrong or empty password"
                yield Observation(
                    f"AUTH PLAIN as {login} with {shown} on {door}",
                    str(reply),
                    reply.code == 535,
                    target=door.target,
                )
        with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
            reply = dialogue.login(who.login, who.account.password)
            yield Observation(
                f"AUTH PLAIN as {who.login} with the right password on {door}",
                str(reply),
                reply.code == 235,
                True,
                door.target,
            )


def envelope(context: Context) -> Iterator[Observation]:
    """MAIL FROM with an address that the login may not use is refused: another person's, a foreign one, one of
    the site's that nobody has (ADDR-6). The null sender is refused at the latest when the message turns out to be
    an ordinary one, whether its From: is the login's own or another person's. The login's published address and
    its aliases are accepted."""
    who = roads.anybody(context)
    foreign = posting.outsider(context)
    forged = (
        *roads.others(context, who.login)[:2],
        foreign,
        f"{letters.token()}@{domain(who.published)}",
        f"root@{domain(who.published)}",
    )
    cases = [
        _Case(
            f"MAIL FROM:<{sender}>",
            sender,
            letters.letter(letters.token(), f"<{who.published}>", f"<{foreign}>"),
            False,
        )
        for sender in forged
    ]
    cases += [
        _Case(
            f"MAIL FROM:<> and From: {one}", "", letters.letter(letters.token(), f"<{one}>", f"<{foreign}>"), False
        )
        for one in (who.published, *roads.others(context, who.login)[:1])
    ]
    cases += [
        _Case(f"MAIL FROM:<{sender}>", sender, letters.letter(letters.token(), f"<{sender}>", f"<{foreign}>"), True)
        for sender in (who.published, *who.aliases[:1])
    ]
    for door in _one_of_each(context):
        yield from _tried(context, who, door, cases)


def author(context: Context) -> Iterator[Observation]:
    """A From: line that the login may not use is refused, whatever the envelope says, in every way to write it:
    another person's, a foreign one, one among several, a second line, in a comment's or a quoted name's shade, as
    an encoded word, folded, as a group, or empty (ADDR-7). A missing one is refused, or completed with the login's
    own. The login's own address and aliases are accepted, with a name, in any case."""
    who = roads.anybody(context)
    foreign = posting.outsider(context)
    others = roads.others(context, who.login)
    if not others:
        yield Observation("another person's address", "the plan has nobody else", None)
        return
    other, own = others[0], who.published
    encoded = base64.b64encode(f"<{other}>".encode()).decode()
    forged: tuple[tuple[str, tuple[Header, ...]], ...] = (
        ("another person's", (("From", f"<{other}>"),)),
        ("another person's, with a name", (("From", f'"{own}" <{other}>'),)),
        ("another person's, bare", (("From", other),)),
        ("another person's, in capitals", (("From", f"<{other.upper()}>"),)),
        ("another person's, with a comment", (("From", f"{other} ({own})"),)),
        ("another person's, folded", (("From", f"Somebody\r\n <{other}>"),)),
        ("another person's, name of the line in capitals", (("FROM", f"<{other}>"),)),
        ("another person's, after a comment", (("From", f"(<{own}>) <{other}>"),)),
        ("a foreign one", (("From", f"<{foreign}>"),)),
        ("a foreign one, which no domain here", (("From", "<someone@elsewhere.invalid>"),)),
        ("own and another's", (("From", f"<{own}>, <{other}>"),)),
        ("another's and own", (("From", f"<{other}>, <{own}>"),)),
        ("two lines, own first", (("From", f"<{own}>"), ("From", f"<{other}>"))),
        ("two lines, own last", (("From", f"<{other}>"), ("From", f"<{own}>"))),
        ("a group with another's", (("From", f"staff: <{other}>;"),)),
        ("source route", (("From", f"<@{domain(own)}:{other}>"),)),
        ("another's in an encoded word only", (("From", f"=?utf-8?B?{encoded}?="),)),
        ("nobody's address of the site", (("From", f"<{letters.token()}@{domain(own)}>"),)),
        ("empty", (("From", ""),)),
    )
    first, *further = _one_of_each(context)
    cases = []
    for what, lines in forged:
        for sender in (own, ""):
            content = letters.letter(letters.token(), own, f"<{foreign}>", without=("From",), extra=lines)
            cases.append(_Case(f"From: {what}, MAIL FROM:<{sender}>", sender, content, False))
    for what, line in (
        ("own", f"<{own}>"),
        ("own, with a name", f'"Somebody, Else" <{own}>'),
        ("own, in capitals", f"<{own.upper()}>"),
        *((f"alias {alias}", f"<{alias}>") for alias in who.aliases[:1]),
    ):
        content = letters.letter(letters.token(), line, f"<{foreign}>", without=("Message-ID",))
        cases.append(_Case(f"From: {what}", own, content, True))
    yield from _tried(context, who, first, cases)
    for door in further:
        yield from _tried(
            context,
            who,
            door,
            (
                _Case(f"From: {line}", own, letters.letter(letters.token(), line, f"<{foreign}>"), wanted)
                for line, wanted in ((f"<{other}>", False), (f"<{own}>", True))
            ),
        )
    yield from _without_author(context, who, first)


def _without_author(context: Context, who: Person, door: Door) -> Iterator[Observation]:
    """No From: at all is refused too, or completed with the login's own address."""
    foreign = posting.outsider(context)
    for sender in (who.published, ""):
        mark = letters.token()
        content = letters.letter(mark, who.published, f"<{foreign}>", without=("From",))
        sent = posting.send_out(context, who, sender, mark, content)
        found = letters.header(sent.received.content, "From") if sent.received else []
        own = [key(address) for _, address in getaddresses(found)] == [who.published]
        yield Observation(
            f"From: missing, MAIL FROM:<{sender}>, logged in as {who.login} on {door}",
            f"{sent.reply}; From: outside: {', '.join(found) or 'nothing arrived'}",
            own if sent.reply.accepted else sent.reply.refused,
            target=door.target,
        )


def sender_line(context: Context) -> Iterator[Observation]:
    """A Sender: line that the login may not use is refused, and no server adds one: an ordinary message arrives
    outside without (ADDR-8). What is tested is what the servers do; what people's mail programs write of their own
    accord within these bounds is left to them."""
    who = roads.anybody(context)
    foreign = posting.outsider(context)
    door = _one_of_each(context)[0]
    yield from _tried(
        context,
        who,
        door,
        (
            _Case(
                f"Sender: {other}",
                who.published,
                letters.letter(
                    letters.token(), f"<{who.published}>", f"<{foreign}>", extra=(("Sender", f"<{other}>"),)
                ),
                False,
            )
            for other in (*roads.others(context, who.login)[:1], foreign)
        ),
    )
    yield from _not_added(context, who, "Sender")


def reply_to_line(context: Context) -> Iterator[Observation]:
    """No server adds Reply-To: — an ordinary message arrives outside without, even one that is sent from an alias
    (ADDR-9). What people's mail programs write of their own accord is left to them."""
    yield from _not_added(context, roads.anybody(context), "Reply-To")


def receipt(context: Context) -> Iterator[Observation]:
    """A read receipt (RFC 8098), which has the null sender so that it cannot be answered by another, is accepted
    when its From: is the login's own, and refused when it is another person's (ADDR-6)."""
    who = roads.anybody(context)
    foreign = posting.outsider(context)
    door = _one_of_each(context)[0]
    for line, wanted in (
        (who.published, True),
        *((other, False) for other in roads.others(context, who.login)[:1]),
    ):
        mark = letters.token()
        case = _Case(f"a read receipt with From: {line}", "", _receipt(mark, line, foreign), wanted)
        yield from _tried(context, who, door, (case,))
        if wanted:
            seen = roads.correspondent(context).wait_for(mark)
            yield Observation(
                "the read receipt outside",
                f"arrived with MAIL FROM:<{seen.sender}>" if seen else "did not arrive",
                seen is not None and seen.sender == "",
                True,
                door.target,
            )


def completed_date_and_to(context: Context) -> Iterator[Observation]:
    """A message that is submitted from another host without Date: and To: arrives outside with both, one each, the
    date a proper one (MSG-1). Mail that comes in on port 25 without them is delivered as it is: the header of a
    stranger's message is not this site's to mend."""
    yield from _completed(context, ("Date", "To"))


def completed_message_id(context: Context) -> Iterator[Observation]:
    """A message that is submitted from another host without Message-ID: arrives outside with one, of a domain of
    the site (MSG-2). Mail that comes in on port 25 without is delivered as it is."""
    yield from _completed(context, ("Message-ID",))


def untouched(context: Context) -> Iterator[Observation]:
    """Messages with every kind of MIME body arrive outside with body and MIME lines octet for octet as they were
    submitted (MSG-4): 7bit, 8bit UTF-8, quoted-printable, base64, multipart, format=flowed with trailing blanks,
    lines that begin with dots, lines of 998 octets, no MIME at all. What is tested is that the servers keep MIME
    whole; what people's mail programs write is left to them."""
    who = roads.anybody(context)
    foreign = posting.outsider(context)

    def at(sample: tuple[str, tuple[Header, ...], bytes]) -> Iterator[Observation]:
        what, lines, body = sample
        mark = letters.token()
        content = letters.letter(mark, f"<{who.published}>", f"<{foreign}>", extra=lines, body=body)
        sent = posting.send_out(context, who, who.published, mark, content)
        seen = sent.received
        same = (
            seen is not None and _mime_of(seen.content) == _mime_of(content) and _body(seen) == body.rstrip(b"\r\n")
        )
        yield Observation(
            f"{what} from {who.login} to {foreign}",
            f"{sent.reply}; {'nothing arrived' if seen is None else 'the same' if same else 'changed'}",
            same if sent.reply.accepted else False,
            target=sent.door.target,
        )

    yield from roads.side_by_side(_mime_samples(), at)


def origin_in_received(context: Context) -> Iterator[Observation]:
    """The Received: line that submission writes names the address that the message was handed in from (MSG-5)."""
    who = roads.anybody(context)
    addresses = [str(address) for address in roads.certain(context, "outside").addresses]
    _, received = posting.arrived(context, who)
    lines = letters.header(received.content, "Received")
    first = lines[-1] if lines else "no Received: line"
    yield Observation(
        f"the first Received: line of a message of {who.login}",
        first,
        any(f"[{address}]" in first or f"[IPv6:{address}]" in first for address in addresses),
    )


def _completed(context: Context, wanted: tuple[str, ...]) -> Iterator[Observation]:
    who = roads.anybody(context)
    foreign = posting.outsider(context)
    mark = letters.token()
    content = letters.letter(mark, f"<{who.published}>", f"<{foreign}>", without=wanted)
    sent = posting.send_out(context, who, who.published, mark, content)
    for name in wanted:
        values = letters.header(sent.received.content, name) if sent.received else []
        yield Observation(
            f"{name}: outside of a message that was submitted without",
            " | ".join(values) or f"none; {sent.reply}",
            len(values) == 1 and _well_formed(context, name, values[0]),
            target=sent.door.target,
        )
    door = roads.doors(context, "outside", "smtp")[0]
    mark = letters.token()
    content = letters.letter(mark, f"<{foreign}>", f"<{who.published}>", without=wanted)
    reply = posting.delivered_directly(context, door, foreign, who.published, content)
    found = mailboxes.messages(context, who.account, mark) if reply.accepted else ()
    if not found:
        yield Observation(f"mail for {who.published} on {door}", f"{reply}; nothing in the mailbox", None)
    for name in wanted:
        for message in found:
            values = letters.header(message, name)
            yield Observation(
                f"{name}: in the mailbox, of a message that came in on {door} without",
                " | ".join(values) or "none",
                not values,
                target=door.target,
            )


def _well_formed(context: Context, name: str, value: str) -> bool:
    if name == "Date":
        try:
            return parsedate_to_datetime(value).tzinfo is not None
        except ValueError:
            return False
    if name == "Message-ID":
        right = value.removesuffix(">").rpartition("@")[2].lower()
        own = (*context.plan.settings.domains, *(host.name for host in context.plan.hosts))
        return value.startswith("<") and any(right == item or right.endswith(f".{item}") for item in own)
    return bool(value.strip())


def _not_added(context: Context, who: Person, name: str) -> Iterator[Observation]:
    foreign = posting.outsider(context)
    for address in (who.published, *who.aliases[:1]):
        mark = letters.token()
        content = letters.letter(mark, f"<{address}>", f"<{foreign}>")
        sent = posting.send_out(context, who, address, mark, content)
        if sent.received is None:
            yield Observation(f"a message from {address} outside", f"{sent.reply}; nothing arrived", None)
            continue
        values = letters.header(sent.received.content, name)
        yield Observation(
            f"{name}: outside of a message from {address} that was submitted without",
            " | ".join(values) or "none",
            not values,
            target=sent.door.target,
        )
        arrived = letters.header(sent.received.content, "Subject")
        same = arrived == [letters.subject(mark)]
        yield Observation(f"the message from {address} outside", " | ".join(arrived), same, True)


@dataclass(frozen=True, slots=True)
class _Case:
    """A message that is to be taken or refused."""

    what: str
    sender: str
    content: bytes
    wanted: bool


def _tried(context: Context, who: Person, door: Door, cases: Iterable[_Case]) -> Iterator[Observation]:
    """Each case, several to a dialogue: servers count logins, and slow down after refusals."""
    listed = list(cases)

    def at(start: int) -> Iterator[Observation]:
        with roads.vantage(context, "outside").enter(), roads.smtp(context, door, account=who.account) as dialogue:
            for case in listed[start : start + _PER_DIALOGUE]:
                reply = dialogue.deliver(case.sender, (posting.outsider(context),), case.content)
                ok = reply.accepted if case.wanted else (None if 400 <= reply.code < 500 else reply.refused)
                what = f"{case.what}, logged in as {who.login} on {door}"
                yield Observation(what, str(reply), ok, case.wanted, door.target)

    yield from roads.side_by_side(range(0, len(listed), _PER_DIALOGUE), at, 3)


def _one_of_each(context: Context) -> tuple[Door, ...]:
    """One door for each submission service: the address family makes no difference to what a login may do."""
    found: dict[str, Door] = {}
    for door in roads.doors(context, "outside", *_SUBMISSION):
        found.setdefault(door.listener.service, door)
    return tuple(found.values())


def _receipt(mark: str, sender: str, recipient: str) -> bytes:
    body = (
        b"--mdn\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nThe message was displayed.\r\n"
        b"--mdn\r\nContent-Type: message/disposition-notification\r\n\r\n"
        b"Reporting-UA: probe.invalid; mailwright\r\nFinal-Recipient: rfc822;" + sender.encode() + b"\r\n"
        b"Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--mdn--\r\n"
    )
    lines = (
        ("MIME-Version", "1.0"),
        ("Content-Type", 'multipart/report; report-type=disposition-notification; boundary="mdn"'),
    )
    return letters.letter(mark, f"<{sender}>", f"<{recipient}>", extra=lines, body=body)


def _mime_samples() -> Iterable[tuple[str, tuple[Header, ...], bytes]]:
    def typed(kind: str, encoding: str) -> tuple[Header, ...]:
        return (("MIME-Version", "1.0"), ("Content-Type", kind), ("Content-Transfer-Encoding", encoding))

    octets = base64.encodebytes(bytes(range(256))).replace(b"\n", b"\r\n")
    inner = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nna\xc3\xafve\r\n"
    attached = (
        b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="octets"\r\n\r\n' + octets
    )
    mixed = b"preamble\r\n--=_b\r\n" + inner + b"--=_b\r\n" + attached + b"--=_b--\r\nepilogue\r\n"
    yield "no MIME at all", (), b"Plain text.\r\n"
    yield "8bit UTF-8", typed("text/plain; charset=utf-8", "8bit"), "Grüße, naïve café €\r\n".encode()
    yield "quoted-printable", typed("text/plain; charset=utf-8", "quoted-printable"), b"caf=C3=A9 =\r\nand on\r\n"
    yield "base64", typed("application/octet-stream", "base64"), octets
    yield "multipart/mixed with preamble and epilogue", typed('multipart/mixed; boundary="=_b"', "8bit"), mixed
    yield (
        "format=flowed with trailing blanks",
        typed("text/plain; charset=us-ascii; format=flowed; delsp=yes", "7bit"),
        b"a line that goes on \r\nhere  \r\n-- \r\nsignature\t\r\n",
    )
    yield (
        "lines that begin with dots",
        typed("text/plain; charset=us-ascii", "7bit"),
        b".\r\n..\r\n.x\r\nFrom here\r\n",
    )
    yield "a line of 998 octets", typed("text/plain; charset=us-ascii", "7bit"), b"x" * 998 + b"\r\n"


def _mime_of(content: bytes) -> list[tuple[str, str]]:
    names = (
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
        "Subject",
        "Message-ID",
        "Date",
        "From",
        "To",
    )
    return [(name, value) for name in names for value in letters.header(content, name)]


def _body(seen: Received) -> bytes:
    return letters.split(seen.content)[1].rstrip(b"\r\n")


PROBES = (
    Probe(
        "submission.no-login-in-clear",
        ("REMOTE-1",),
        "outside",
        "Passwords go over TLS alone",
        no_login_in_clear,
        negative=True,
    ),
    Probe(
        "submission.wrong-password",
        ("REMOTE-1",),
        "outside",
        "A wrong password is refused",
        wrong_password,
        negative=True,
        phase=Phase.LATE,
        harm="gives wrong passwords, which are counted: the login may be locked and the auditor shut out",
    ),
    Probe(
        "submission.envelope",
        ("ADDR-6",),
        "outside",
        "MAIL FROM is an address of the login",
        envelope,
        negative=True,
    ),
    Probe("submission.author", ("ADDR-7",), "outside", "From: is an address of the login", author, negative=True),
    Probe(
        "submission.sender-line",
        ("ADDR-8",),
        "outside",
        "Sender: is neither forged nor added",
        sender_line,
        negative=True,
    ),
    Probe("submission.reply-to", ("ADDR-9",), "outside", "Reply-To: is not added", reply_to_line, negative=True),
    Probe(
        "submission.receipt",
        ("ADDR-6",),
        "outside",
        "Read receipts pass with the null sender",
        receipt,
        negative=True,
    ),
    Probe("submission.date-and-to", ("MSG-1",), "outside", "Date: and To: are added", completed_date_and_to),
    Probe("submission.message-id", ("MSG-2",), "outside", "Message-ID: is added", completed_message_id),
    Probe("submission.mime", ("MSG-4",), "outside", "MIME is kept as it is", untouched),
    Probe(
        "submission.received",
        ("MSG-5",),
        "outside",
        "Received: tells where a message came from",
        origin_in_received,
    ),
)
