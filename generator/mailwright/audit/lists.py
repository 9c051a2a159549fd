"""Distribution lists: their members get what may be posted, and nobody else's post gets through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailwright.audit import firewall, letters, mailboxes, names, posting, roads
from mailwright.audit.model import Condition, Context, Observation, Probe, UnavailableError
from mailwright.audit.roads import Person
from mailwright.audit.smtp import Reply
from mailwright.findings import Target
from mailwright.plan.lists import INWARD, OUTWARD
from mailwright.plan.model import DistributionList, Plan
from mailwright.records import dataclass
from mailwright.site.addresses import domain, key

VERDICT = "X-Mailwright-Poster"
"""The line in which the site's mailers tell the list server who posted. It never leaves it."""

_WRITES = "writes to the members of lists, who have nothing to do with it"
_MORE = 2.0  # seconds that the others wait
_OTHER = ("X-Mailwright-Test", "a line that stays")


@dataclass(frozen=True, slots=True)
class _Post:
    """Something that was posted: in words, its mark, whether it is to come, and the server's answer."""

    what: str
    mark: str
    comes: bool
    reply: Reply


def members(context: Context) -> Iterator[Observation]:
    """A post of somebody who may post to it reaches every member of each list whose mailbox is here, once, with the
    List-Id:, List-Post:, List-Help: and List-Unsubscribe: lines of RFC 2369 and 2919. It names no member, and the
    line in which the site's mailers tell each other who posted is not in it (LIST-1, LIST-2). Lists that nobody is
    on, or whose members their owners manage, are left out. Lists whose members are a group of the directory are
    named as not tried: the description does not tell who is to get the post."""
    yield from _of_groups(context)
    for row in _with_members(context):
        poster = _poster(context, row)
        mark = letters.token()
        door, reply = posting.hand_in(context, poster, poster.published, (row.address,), _letter(mark, poster, row))
        target = Target(row.host)
        what = f"a post of {poster.published} to {row.address}"
        if not reply.accepted:
            yield Observation(f"{what} on {door}", str(reply), False, target=target)
            continue
        there = _members_here(context, row)
        for one, count in _counts(context, there, mark):
            yield Observation(f"{what}, for the member {one.login}", f"{count} of it", count == 1, target=target)
        yield from _lines(context, row, there, mark, target)


def _counts(context: Context, people: Iterable[Person], mark: str) -> Iterator[tuple[Person, int]]:
    """How many messages with the mark lie in the in-box of each. Where the first has waited for nothing, the others
    wait no longer."""
    missed = False
    for one in people:
        wait = {"timeout": _MORE} if missed else {}
        count = mailboxes.holding(context, one.login, (mark,), **wait)[mark]
        missed = missed or not count
        yield one, count


def _lines(
    context: Context, row: DistributionList, there: tuple[Person, ...], mark: str, target: Target
) -> Iterator[Observation]:
    found = mailboxes.messages(context, there[0].account, mark, 0.0)
    if not found:
        yield Observation(f"the header of a post to {row.address}", "it did not arrive", None, target=target)
        return
    has = {
        name: letters.header(found[0], name) for name in ("List-Id", "List-Post", "List-Help", "List-Unsubscribe")
    }
    wanted = all(len(values) == 1 for values in has.values()) and row.address in key(has["List-Post"][0])
    shown = ", ".join(f"{name}: {' | '.join(values) or 'none'}" for name, values in has.items())
    yield Observation(f"List-…: of a post to {row.address}", shown[:300], wanted, target=target)
    verdicts = letters.header(found[0], VERDICT)
    yield Observation(
        f"{VERDICT}: of a post to {row.address}", ", ".join(verdicts) or "none", not verdicts, target=target
    )
    lines = [*letters.header(found[0], "To"), *letters.header(found[0], "Cc"), *letters.header(found[0], "Bcc")]
    told = [one.published for one in _members_here(context, row) if one.published in key(" ".join(lines))]
    yield Observation(
        f"members whom a post to {row.address} names", ", ".join(told) or "none", not told, target=target
    )


def posters(context: Context) -> Iterator[Observation]:
    """To each list somebody who may not post there writes by submission, a stranger from outside, and a stranger
    who forges somebody who may: in the envelope, in From:, and in both with the line in which the site's mailers
    tell who posted. Nothing of it reaches a member (LIST-3), but where anyone may write; and there not that of a
    stranger whom SPF does not bear out though the stranger's domain asks for it (DMARC). Named outsiders count when
    SPF bears them out, and not otherwise. Somebody who may post does so last, and that arrives: what came before it
    would be there too. Lists whose members are a group of the directory are named as not tried."""
    yield from _of_groups(context)
    for row in _with_members(context):
        yield from _tried(context, row)


def _tried(context: Context, row: DistributionList) -> Iterator[Observation]:
    witness = _members_here(context, row)[0]
    poster = _poster(context, row)
    target = Target(row.host)
    posts = [*_by_submission(context, row, witness), *_from_outside(context, row, poster)]
    mark = letters.token()
    _, reply = posting.hand_in(context, poster, poster.published, (row.address,), _letter(mark, poster, row))
    marks = [mark, *(one.mark for one in posts if one.comes and one.reply.accepted)]
    counts = mailboxes.holding(context, witness.login, marks)
    counts |= mailboxes.holding(context, witness.login, [one.mark for one in posts], 0.0)
    for one in posts:
        seen = f"{one.reply}; {counts[one.mark]} of it with the member {witness.login}"
        yield Observation(one.what, seen, bool(counts[one.mark]) is one.comes, one.comes, target)
    seen = f"{reply}; {counts[mark]} of it with the member {witness.login}"
    yield Observation(f"a post of {poster.published} to {row.address}", seen, counts[mark] == 1, True, target)


def _by_submission(context: Context, row: DistributionList, witness: Person) -> Iterator[_Post]:
    """Somebody with a login who may not post there, if there is anybody, and who is told so."""
    for one in roads.people(context):
        if one.login != witness.login and not permitted(context.plan, row, one.login):
            mark = letters.token()
            _, reply = posting.hand_in(context, one, one.published, (row.address,), _letter(mark, one, row))
            yield _Post(f"a post of {one.published}, who may not, to {row.address}", mark, False, reply)
            return


def _from_outside(context: Context, row: DistributionList, poster: Person) -> Iterator[_Post]:
    """Posts that come to port 25, as other organisations' mail does."""
    stranger = posting.outsider(context)
    anyone = "anyone" in row.post and not row.moderated
    believed = _proven(context, stranger) or not _strict(context, stranger)
    forged = f"inside; login={poster.login}; from={poster.published}"
    ways: list[tuple[str, str, str, tuple[letters.Header, ...], bool]] = [
        ("a stranger's post", stranger, stranger, (), anyone and believed),
    ]
    if not anyone:  # which lets everybody in who has some address
        ways += [
            (f"a post with {poster.published} forged in MAIL FROM", poster.published, stranger, (), False),
            (f"a post with {poster.published} forged in From:", stranger, poster.published, (), False),
            (
                f"a post with {poster.published} forged in all places and a {VERDICT}: line",
                poster.published,
                poster.published,
                ((VERDICT, forged),),
                False,
            ),
        ]
    for named in row.post:
        if "@" in named and domain(named) not in context.plan.settings.own_names:
            proven = _proven(context, named)
            said = "SPF bears out" if proven else "nothing bears out"
            ways.append((f"a post of {named}, whom {said}", named, named, (), proven and not row.moderated))
    for words, sender, author, extra, comes in ways:
        mark = letters.token()
        content = letters.letter(mark, f"<{author}>", f"<{row.address}>", extra=extra, without=("Auto-Submitted",))
        reply = _brought(context, sender, row.address, content)
        yield _Post(f"{words} to {row.address}", mark, comes, reply)


def _brought(context: Context, sender: str, recipient: str, content: bytes) -> Reply:
    door = roads.doors(context, "outside", "smtp")[0]
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
        return dialogue.deliver(sender, (recipient,), content)


def _proven(context: Context, address: str) -> bool:
    """Whether SPF says that the outside vantage may send as this address."""
    door = roads.doors(context, "outside", "smtp")[0]
    ours = next(one for one in roads.vantage(context, "outside").addresses if one.version == door.address.version)
    with roads.vantage(context, "outside").enter():
        verdict, _ = names.spf_verdict(context.resolver, str(ours), address, "stranger.invalid")
    return verdict == "pass"


def _strict(context: Context, address: str) -> bool:
    """Whether the domain, or one above it, asks others to refuse or set aside what nothing bears out (RFC 7489)."""
    labels = domain(address).split(".")
    for start in range(len(labels) - 1):
        with roads.vantage(context, "outside").enter():
            said = names.txt(context.resolver, ".".join(("_dmarc", *labels[start:])))
        tags = dict(part.replace(" ", "").split("=", 1) for part in said.split(";") if "=" in part)
        if tags.get("v") == "DMARC1":
            policy = tags.get("p", "none")
            return (tags.get("sp", policy) if start else policy) in ("quarantine", "reject")
    return False


def verdict_line(context: Context) -> Iterator[Observation]:
    """A line with which a stranger's message claims to have been judged is gone when the message lies in a mailbox
    or has left; another line of the same message stays (LIST-3)."""
    who = roads.anybody(context)
    extra = ((VERDICT, f"inside; login={who.login}; from={who.published}"), _OTHER)
    stranger = posting.outsider(context)
    mark = letters.token()
    content = letters.letter(mark, f"<{stranger}>", f"<{who.published}>", extra=extra)
    reply = _brought(context, stranger, who.published, content)
    found = mailboxes.messages(context, who.account, mark) if reply.accepted else ()
    yield from _judged(f"a message from {stranger} to {who.published}", found[0] if found else None, reply)
    mark = letters.token()
    content = letters.letter(mark, f"<{who.published}>", f"<{stranger}>", extra=extra)
    sent = posting.send_out(context, who, who.published, mark, content)
    received = sent.received.content if sent.received is not None else None
    yield from _judged(f"a message of {who.published} to {stranger}", received, sent.reply)


def _judged(what: str, content: bytes | None, reply: Reply) -> Iterator[Observation]:
    if content is None:
        yield Observation(what, f"{reply}; did not arrive", None)
        return
    lines = letters.header(content, VERDICT)
    yield Observation(f"{VERDICT}: of {what}", ", ".join(lines) or "none", not lines)
    other = letters.header(content, _OTHER[0])
    yield Observation(f"{_OTHER[0]}: of {what}", ", ".join(other) or "none", other == [_OTHER[1]], True)


def services(context: Context) -> Iterator[Observation]:
    """Mail to the -owner address of each list reaches its owners; its -request address answers to *help*, and to
    *who* of somebody who does not look after the list without naming a member (LIST-2)."""
    for row in _with_members(context):
        target = Target(row.host)
        asker = _nobody_of(context, row)
        mark = letters.token()
        content = letters.letter(mark, f"<{asker.published}>", f"<{_further(row, 'owner')}>")
        _, reply = posting.hand_in(context, asker, asker.published, (_further(row, "owner"),), content)
        owners = (one for one in roads.people(context) if one.published in row.owners)
        for one, count in _counts(context, owners, mark):
            what = f"a message to {_further(row, 'owner')}, for the owner {one.login}"
            yield Observation(what, f"{reply}; {count} of it", count == 1, target=target)
        yield from _asked(context, row, asker, target)


def _asked(context: Context, row: DistributionList, asker: Person, target: Target) -> Iterator[Observation]:
    """The commands *help* and *who*, each on a line of its own; the answer quotes the Message-ID in In-Reply-To."""
    address = _further(row, "request")
    mark = letters.token()
    content = letters.letter(
        mark, f"<{asker.published}>", f"<{address}>", body=b"help\r\nwho\r\nend\r\n", without=("Auto-Submitted",)
    )
    _, reply = posting.hand_in(context, asker, asker.published, (address,), content)
    found = mailboxes.messages(context, asker.account, mark) if reply.accepted else ()
    answers = [one for one in found if letters.header(one, "To") != [f"<{address}>"]]
    said = "\n".join(_text(one) for one in answers)
    what = f"an answer of {address} to {asker.published}"
    yield Observation(what, f"{reply}; {len(answers)} answers", bool(answers), True, target)
    told = [
        one.member
        for one in context.plan.members
        if one.list == row.address and one.member in key(said)
        if one.member != asker.published
    ]
    yield Observation(f"members whom {what} names", ", ".join(told) or "none", not told, target=target)


def _text(message: bytes) -> str:
    parts = (part.get_payload(decode=True) for part in letters.parse(message).walk() if not part.is_multipart())
    return "\n".join(part.decode("utf-8", "replace") for part in parts if isinstance(part, bytes))


def loopback(context: Context) -> Iterator[Observation]:
    """On the list host, the port of Postfix that takes what Mailman sends without asking who it is, and the port of
    Mailman that believes what Postfix says of who posted, are reached by the one user each who is to (Mailman's,
    Postfix's), and by no other (LIST-3); root, who may be whom it likes, is not tried."""
    yield from firewall.own_ports(context, INWARD, OUTWARD)


def permitted(plan: Plan, row: DistributionList, login: str) -> bool:
    """Whether a post of this login, by submission, goes to the members at once. All the addresses count that it may
    send from."""
    mine = {one.address for one in plan.senders if one.login == login and not one.automatic}
    managers = {*row.owners, *row.moderators}
    if row.moderated:
        return bool(mine & managers)
    members = {one.member for one in plan.members if one.list == row.address}
    return (
        not {"anyone", "organisation"}.isdisjoint(row.post)
        or not mine.isdisjoint(row.post)
        or ("managers" in row.post and bool(mine & managers))
        or ("members" in row.post and bool(mine & members))
    )


def _with_members(context: Context) -> Iterator[DistributionList]:
    """The lists to which somebody can post and of which somebody gets the post here."""
    found = False
    for row in context.plan.lists:
        if _members_here(context, row) and any(
            permitted(context.plan, row, one.login) for one in roads.people(context)
        ):
            found = True
            yield row
    if not found:
        raise UnavailableError("there is no account of a member of a list, or of nobody who may post to one")


def _of_groups(context: Context) -> Iterator[Observation]:
    """The lists whose members the directory alone knows: nobody is known whose mailbox would show a post."""
    for row in context.plan.lists:
        if row.known == "deploy":
            what = f"a post to {row.address}"
            seen = f"not tried: its members are the group {row.group} of the directory"
            yield Observation(what, seen, None, target=Target(row.host))


def _members_here(context: Context, row: DistributionList) -> tuple[Person, ...]:
    on_it = {one.member for one in context.plan.members if one.list == row.address}
    return tuple(one for one in roads.people(context) if one.published in on_it)


def _poster(context: Context, row: DistributionList) -> Person:
    return roads.person(
        context, lambda one: permitted(context.plan, row, one.login), f"anybody who may post to {row.address}"
    )


def _nobody_of(context: Context, row: DistributionList) -> Person:
    """Somebody who has nothing to do with the list."""
    on_it = {one.member for one in context.plan.members if one.list == row.address} | {*row.owners, *row.moderators}
    return roads.person(context, lambda one: one.published not in on_it, f"anybody who is not on {row.address}")


def _letter(mark: str, who: Person, row: DistributionList) -> bytes:
    return letters.letter(mark, f"<{who.published}>", f"<{row.address}>", without=("Auto-Submitted",))


def _further(row: DistributionList, word: str) -> str:
    local, _, name = row.address.rpartition("@")
    return f"{local}-{word}@{name}"


LISTS = Condition("there are distribution lists", lambda plan: bool(plan.lists))

PROBES = (
    Probe(
        "lists.members",
        ("LIST-1", "LIST-2"),
        "outside",
        "A post reaches each member of its list once",
        members,
        only=LISTS,
        harm=_WRITES,
    ),
    Probe(
        "lists.posters",
        ("LIST-3",),
        "outside",
        "Nobody posts who may not, and nobody by forgery",
        posters,
        negative=True,
        only=LISTS,
        harm=_WRITES,
    ),
    Probe(
        "lists.verdict",
        ("LIST-3",),
        "outside",
        "Nobody brings a verdict of the site's own mailers",
        verdict_line,
        negative=True,
        only=LISTS,
    ),
    Probe(
        "lists.services",
        ("LIST-2",),
        "outside",
        "Lists answer to their owners and to questions, and tell no members",
        services,
        negative=True,
        only=LISTS,
        harm=_WRITES,
    ),
    Probe(
        "lists.loopback",
        ("LIST-3",),
        "host",
        "Mailman's way out is for Mailman alone",
        loopback,
        negative=True,
        only=LISTS,
    ),
)
