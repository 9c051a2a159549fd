"""Addresses: those that must exist do, those that do not are refused, and those inside stay inside."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from email.utils import getaddresses

from mailwright.audit import letters, mailboxes, posting, roads, threads
from mailwright.audit.model import Context, Observation, Probe, UnavailableError
from mailwright.audit.smtp import Reply
from mailwright.plan.model import Route
from mailwright.site.addresses import domain, key, local_part
from mailwright.site.role_names import FACILITIES, REQUIRED, SYNONYMS

_PRESCRIBED = frozenset({*FACILITIES.values(), *SYNONYMS})
_REFUSALS = 8  # in one dialogue, before Postfix slows down (smtpd_soft_error_limit)
_RECIPIENTS = 50  # in one dialogue; every server takes a hundred (RFC 5321, 4.5.3.1.8)
_OF_EACH = 12  # addresses of each kind that a running service is asked for


def required(context: Context) -> Iterator[Observation]:
    """``postmaster`` and ``abuse`` of every mail domain, ``postmaster`` of every mailer's own name, and
    ``<postmaster>`` without a domain (RFC 5321, 4.5.1) are accepted on port 25 (ROLE-1). An address of the same
    domain that nobody has is refused, so that the answer means something."""
    settings = context.plan.settings
    wanted = [f"{name}@{item}" for item in settings.domains for name in sorted(REQUIRED)]
    wanted += [route.address for route in _roles(context) if local_part(route.address) in REQUIRED]
    wanted += ["postmaster", "Postmaster"]
    yield from accepted(context, tuple(dict.fromkeys(wanted)))
    yield from nobody(context, tuple(f"{letters.token()}@{item}" for item in settings.domains))


def facilities(context: Context) -> Iterator[Observation]:
    """Every role address of the plan that RFC 2142 prescribes for a facility is accepted on port 25 (ROLE-2)."""
    wanted = tuple(route.address for route in _roles(context) if local_part(route.address) in _PRESCRIBED)
    if not wanted:
        yield Observation("role addresses that RFC 2142 names", "the plan has none", None)
        return
    yield from accepted(context, wanted)
    yield from nobody(context, tuple(f"{letters.token()}@{item}" for item in context.plan.settings.domains))


def alternatives(context: Context) -> Iterator[Observation]:
    """Role addresses by other names than those that RFC 2142 prescribes are accepted, and whoever may send as a
    role can: the message arrives outside with the role's address in envelope and From: (ROLE-4)."""
    prescribed = _PRESCRIBED.union(REQUIRED)
    others = (route.address for route in _roles(context) if local_part(route.address) not in prescribed)
    yield from accepted(context, tuple(others))
    who = roads.person(context, lambda one: one.roles, "anybody who may send as a role")
    mark = letters.token()
    content = letters.letter(mark, f"<{who.roles[0]}>", f"<{posting.outsider(context)}>")
    sent = posting.send_out(context, who, who.roles[0], mark, content)
    seen = sent.received
    yield Observation(
        f"{who.login} sends as {who.roles[0]} on {sent.door}",
        f"{sent.reply}; outside: {_originators(seen.content) if seen else 'nothing arrived'}",
        seen is not None and {key(seen.sender), *_originators(seen.content)} == {who.roles[0]},
        target=sent.door.target,
    )


def reach(context: Context) -> Iterator[Observation]:
    """A message to each role address lies in the mailbox of every person that the plan names for it, once
    (ROLE-5). In an audit of a running service a role that its description does not name for tests gets none, and
    nothing is proven of it."""
    here = roads.somewhere(context)
    door = roads.doors(context, here, "smtp")[0]
    marks: dict[str, str] = {}
    with roads.vantage(context, here).enter(), roads.smtp(context, door) as dialogue:
        for route in _roles(context):
            if not context.may_send_to(route.address):
                yield Observation(
                    f"a message to {route.address}", "the description does not name it for tests", None
                )
                continue
            mark = letters.token()
            content = letters.letter(mark, f"<{posting.outsider(context)}>", f"<{route.address}>")
            reply = dialogue.deliver(posting.outsider(context), (route.address,), content)
            if reply.accepted:
                marks[route.address] = mark
            else:
                yield Observation(f"a message to {route.address} on {door}", str(reply), False, target=door.target)
    due: dict[str, list[str]] = {}
    for address, mark in marks.items():
        logins, outside = roads.logins_of(context, address)
        for login in sorted(logins):
            due.setdefault(login, []).append(mark)
        for target in sorted(outside):
            yield Observation(f"a message to {address}", f"{target} lies outside and cannot be looked at", None)
        if not logins | outside:
            yield Observation(f"a message to {address}", "the plan names nobody for it", False)
    addresses = {mark: address for address, mark in marks.items()}
    for login, counts in _counted(context, due):
        for mark, count in counts.items():
            yield Observation(
                f"a message to {addresses[mark]} in the mailbox of {login}", f"{count} found", count == 1
            )


def any_case(context: Context) -> Iterator[Observation]:
    """A mailbox, an alias and a role that accept mail in small letters, each written in capitals and in a mixture,
    local part and domain, reach the very same mailboxes (ADDR-3). What may get no message, in an audit of a running
    service, or into whose mailboxes nobody can look, is accepted as a recipient in each form."""
    door = roads.doors(context, "outside", "smtp")[0]
    due: dict[str, list[str]] = {}
    written: dict[str, str] = {}
    for address in _one_of_each(context):
        (_, plain), *_ = _asked(context, door, (address,))
        yield Observation(f"RCPT TO:<{address}> on {door}", str(plain), plain.accepted, True, door.target)
        if not plain.accepted:
            continue
        forms = (address.upper(), _mixed(address), _mixed(address).swapcase())
        if not (context.may_send_to(address) and _can_look(context, address)):
            for form, reply in _asked(context, door, forms):
                yield Observation(f"RCPT TO:<{form}> on {door}", str(reply), reply.accepted, target=door.target)
            continue
        for form in forms:
            mark = letters.token()
            content = letters.letter(mark, f"<{posting.outsider(context)}>", f"<{form}>")
            reply = posting.delivered_directly(context, door, posting.outsider(context), form, content)
            if not reply.accepted:
                yield Observation(f"a message to {form} on {door}", str(reply), False, target=door.target)
                continue
            written[mark] = form
            for login in roads.logins_of(context, address)[0]:
                due.setdefault(login, []).append(mark)
    for login, counts in _counted(context, due):
        for mark, count in counts.items():
            yield Observation(
                f"a message to {written[mark]} in the mailbox of {login}", f"{count} found", count == 1
            )


def unknown(context: Context) -> Iterator[Observation]:
    """An address that nobody has is refused with 550 in answer to RCPT, in every domain, on port 25 over v4 and v6
    and on submission after login, so that nothing is accepted that must bounce later (ADDR-5). An address that
    exists is accepted in the same dialogue."""
    known = context.plan.routes[0].address
    invented = letters.token()
    tried = tuple(f"{invented}@{item}" for item in context.plan.settings.domains)
    tried += (f"{invented}@{context.plan.settings.primary_domain}".upper(),)

    def at(part: tuple[roads.Door, tuple[str, ...]]) -> Iterator[Observation]:
        door, addresses = part
        who = roads.anybody(context) if door.listener.auth else None
        with (
            roads.vantage(context, "outside").enter(),
            roads.smtp(context, door, account=who.account if who else None) as dialogue,
        ):
            dialogue.mail(who.published if who else posting.stranger(context))
            reply = dialogue.rcpt(known)
            yield Observation(f"RCPT TO:<{known}> on {door}", str(reply), reply.accepted, True, door.target)
            for address in addresses:
                reply = dialogue.rcpt(address)
                what = f"RCPT TO:<{address}> on {door}"
                yield Observation(what, str(reply), reply.code == 550, target=door.target)
            dialogue.command("RSET")

    doors = (door for service in ("smtp", "submission", "submissions") for door in _doors(context, service))
    yield from roads.side_by_side(_parts(doors, tried, _REFUSALS), at)
    yield from roads.unreachable(context, "outside")


def valid(context: Context) -> Iterator[Observation]:
    """Every address that anybody may send as, and every other one of the plan, is accepted on port 25: whatever
    leaves the site with it can be answered (ADDR-5). Of a running service some are asked of each kind: all of them
    would look like a search for victims."""
    kinds = {route.address: route.kind for route in context.plan.routes}
    wanted = sorted({row.address for row in context.plan.senders} | kinds.keys())
    if context.live:
        wanted = _some_of_each(wanted, lambda address: kinds.get(address, ""))
    yield from accepted(context, tuple(wanted))
    yield from nobody(context, tuple(f"{letters.token()}@{item}" for item in context.plan.settings.domains))


def qualified(context: Context) -> Iterator[Observation]:
    """Addresses without a domain do not leave the site (ADDR-4, INT-1): on submission a bare sender and a bare
    recipient are refused, and a message with a bare From:, Cc: or To: is refused or arrives outside with whole
    addresses only."""
    yield from _bare_envelope(context)
    for what, sent in _bare_headers(context):
        content = sent.received.content if sent.received else None
        yield Observation(
            what,
            f"{sent.reply}; {_shown(content) if content else 'nothing arrived'}",
            sent.reply.refused if content is None else _all_qualified(content),
            target=sent.door.target,
        )
    yield _whole_twin(context)


def no_default_domain(context: Context) -> Iterator[Observation]:
    """No server completes an address by guessing its domain (INT-3): on submission a bare sender and a bare
    recipient are refused, and so is a message with a bare From:, Cc: or To:."""
    yield from _bare_envelope(context)
    for what, sent in _bare_headers(context):
        seen = f"{sent.reply}; {_shown(sent.received.content)}" if sent.received else str(sent.reply)
        yield Observation(what, seen, sent.reply.refused, target=sent.door.target)
    yield _whole_twin(context)


def _bare_envelope(context: Context) -> Iterator[Observation]:
    who = roads.anybody(context)
    bare = local_part(who.published)
    door = roads.doors(context, "outside", "submission", "submissions")[0]
    foreign = posting.outsider(context)
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door, account=who.account) as dialogue:
        reply = dialogue.mail(bare)
        if reply.accepted:
            reply = dialogue.rcpt(foreign)
        yield Observation(f"MAIL FROM:<{bare}> on {door}", str(reply), reply.refused, target=door.target)
        dialogue.command("RSET")
        dialogue.mail(who.published)
        reply = dialogue.rcpt(bare)
        yield Observation(f"RCPT TO:<{bare}> on {door}", str(reply), reply.refused, target=door.target)
        dialogue.command("RSET")


def _bare_headers(context: Context) -> Iterator[tuple[str, posting.Sent]]:
    who = roads.anybody(context)
    bare = local_part(who.published)
    foreign = posting.outsider(context)
    for name, sender, extra in (
        ("From", bare, ()),
        ("Cc", f"<{who.published}>", (("Cc", bare),)),
        ("To", f"<{who.published}>", (("To", f"{bare}, <{foreign}>"),)),
    ):
        mark = letters.token()
        content = letters.letter(
            mark,
            sender,
            f"<{foreign}>",
            extra=extra,
            without=("To", "Message-ID") if name == "To" else ("Message-ID",),
        )
        sent = posting.send_out(context, who, who.published, mark, content)
        yield f"a message with {name}: {bare} on {sent.door}", sent


def _whole_twin(context: Context) -> Observation:
    who = roads.anybody(context)
    _, sent = posting.send_plain(context, who)
    return Observation(
        f"an ordinary message of {who.login}",
        f"{sent.reply}; {sent.received.sender if sent.received else 'nothing arrived'}",
        sent.received is not None and "@" in sent.received.sender and _all_qualified(sent.received.content),
        True,
        sent.door.target,
    )


def internal(context: Context) -> Iterator[Observation]:
    """A message whose sender writes an internal address in envelope, From: and Cc: arrives outside with the
    published one in all of them, and with the internal one nowhere (INT-4). Where the plan has no internal
    addresses, the published one arrives as it was written. Each form of address that is used inside is tried so;
    mail from outside to it lies in the mailbox of whoever has the published one, and an address in that form that
    nobody has is refused."""
    if not context.plan.rewrites:
        someone = roads.anybody(context)
        _, received = posting.arrived(context, someone)
        seen = _originators(received.content)
        yield Observation(
            f"From: outside of a message from {someone.published}",
            ", ".join(sorted(seen)),
            seen == {someone.published},
        )
        return
    forms = {inner.name for inner in context.plan.settings.internal_domains}
    for inner in sorted(forms):
        yield from _form(context, inner)
    if not forms or any(domain(row.internal) not in forms for row in context.plan.rewrites):
        who = roads.person(
            context, lambda one: _not_in(one.internal, forms), "anybody with an internal address of their own"
        )
        yield from _leaves(context, who, _not_in(who.internal, forms)[0])


def _not_in(addresses: Iterable[str], names: Collection[str]) -> tuple[str, ...]:
    return tuple(address for address in addresses if domain(address) not in names)


def _form(context: Context, name: str) -> Iterator[Observation]:
    """Somebody's address in an internal form, out and in, and one that nobody has."""

    def mine(one: roads.Person) -> tuple[str, ...]:
        return tuple(address for address in one.internal if domain(address) == name)

    try:
        who = roads.person(context, mine, f"anybody whose address has the form @{name}")
    except UnavailableError as error:
        yield Observation(f"an address in {name}", str(error), None)
        return
    inside = mine(who)[0]
    yield from _leaves(context, who, inside)
    door = roads.doors(context, "outside", "smtp")[0]
    mark = letters.token()
    content = letters.letter(mark, f"<{posting.outsider(context)}>", f"<{inside}>")
    reply = posting.delivered_directly(context, door, posting.outsider(context), inside, content)
    if not reply.accepted:
        yield Observation(f"a message to {inside} on {door}", str(reply), False, target=door.target)
        return
    for login, counts in _counted(context, {login: [mark] for login in roads.logins_of(context, inside)[0]}):
        yield Observation(
            f"a message to {inside} in the mailbox of {login}", f"{counts[mark]} found", counts[mark] == 1
        )
    for address, answer in _asked(context, door, (f"{letters.token()}@{name}",)):
        yield Observation(f"RCPT TO:<{address}> on {door}", str(answer), answer.code == 550, target=door.target)


def _leaves(context: Context, who: roads.Person, inside: str) -> Iterator[Observation]:
    external = {row.internal: key(row.external) for row in context.plan.rewrites}
    mark = letters.token()
    content = letters.letter(
        mark,
        f"Somebody <{inside}>",
        f"<{posting.outsider(context)}>",
        extra=(("Cc", f"<{inside.upper()}>"),),
        without=("Message-ID",),
    )
    sent = posting.send_out(context, who, inside, mark, content)
    if sent.received is None:
        yield Observation(f"{who.login} sends as {inside}", f"{sent.reply}; nothing arrived outside", False)
        return
    head, _ = letters.split(sent.received.content)
    yield Observation(
        f"envelope sender outside of a message from {inside}",
        sent.received.sender,
        key(sent.received.sender) == external[inside],
    )
    for name in ("From", "Cc"):
        found = {key(address) for _, address in getaddresses(letters.header(sent.received.content, name))}
        yield Observation(
            f"{name}: outside of a message from {inside}", ", ".join(sorted(found)), found == {external[inside]}
        )
    yield Observation(
        f"the header outside, searched for {inside}", f"{len(head)} octets", inside.encode() not in head.lower()
    )


def accepted(context: Context, wanted: tuple[str, ...]) -> Iterator[Observation]:
    """That port 25 takes mail for each of the addresses."""

    def at(part: tuple[roads.Door, tuple[str, ...]]) -> Iterator[Observation]:
        door, addresses = part
        for address, reply in _asked(context, door, addresses):
            yield Observation(f"RCPT TO:<{address}> on {door}", str(reply), reply.accepted, target=door.target)

    doors = roads.doors(context, "outside", "smtp")
    yield from roads.side_by_side(_parts(doors, wanted, _RECIPIENTS), at)


def nobody(context: Context, invented: tuple[str, ...]) -> Iterator[Observation]:
    """The twin: that it takes none for these."""

    def at(part: tuple[roads.Door, tuple[str, ...]]) -> Iterator[Observation]:
        door, addresses = part
        for address, reply in _asked(context, door, addresses):
            yield Observation(f"RCPT TO:<{address}> on {door}", str(reply), reply.refused, True, door.target)

    doors = roads.doors(context, "outside", "smtp")
    yield from roads.side_by_side(_parts(doors, invented, _REFUSALS), at)


def _parts(
    doors: Iterable[roads.Door], wanted: tuple[str, ...], size: int
) -> Iterator[tuple[roads.Door, tuple[str, ...]]]:
    """Each door with so many of the addresses at a time."""
    for door in doors:
        for start in range(0, len(wanted), size):
            yield door, wanted[start : start + size]


def _asked(context: Context, door: roads.Door, wanted: tuple[str, ...]) -> Iterator[tuple[str, Reply]]:
    """RCPT for each, with a new dialogue after some refusals, to stay below the limit of errors."""
    left = deque(wanted)
    while left:
        refused = 0
        with roads.vantage(context, "outside").enter(), roads.smtp(context, door, secure=False) as dialogue:
            dialogue.mail(posting.stranger(context))
            while left and refused < _REFUSALS:
                address = left.popleft()
                reply = dialogue.rcpt(address)
                refused += not reply.accepted
                yield address, reply
            dialogue.command("RSET")


def _counted(context: Context, due: dict[str, list[str]]) -> Iterator[tuple[str, dict[str, int]]]:
    """Look into several mailboxes side by side."""
    logins = sorted(due)
    found = threads.each(lambda login: mailboxes.holding(context, login, due[login]), logins, 4)
    yield from zip(logins, found, strict=True)


def _doors(context: Context, service: str) -> tuple[roads.Door, ...]:
    offered = {listener.service for listener in context.plan.listeners}
    return roads.doors(context, "outside", service) if service in offered else ()


def _roles(context: Context) -> tuple[Route, ...]:
    return tuple(route for route in context.plan.routes if route.kind == "role")


def _one_of_each(context: Context) -> Iterator[str]:
    """A mailbox, an alias, and a role, the last with any name but those that must exist; such as may get messages,
    where there are any."""

    def seen(address: str) -> bool:
        return context.may_send_to(address) and _can_look(context, address)

    for kind in ("mailbox", "alias", "role"):
        found = [route.address for route in context.plan.routes if route.kind == kind]
        yield from sorted(found, key=lambda address: (not seen(address), local_part(address) in REQUIRED))[:1]


def _some_of_each(addresses: Iterable[str], kind: Callable[[str], str]) -> list[str]:
    """A few of each kind, evenly spread."""
    by_kind: dict[str, list[str]] = {}
    for address in addresses:
        by_kind.setdefault(kind(address), []).append(address)
    return [one for listed in by_kind.values() for one in listed[:: max(1, len(listed) // _OF_EACH)][:_OF_EACH]]


def _can_look(context: Context, address: str) -> bool:
    """Whether it is within reach to see what lies in every mailbox that mail for the address gets to."""
    logins, _ = roads.logins_of(context, address)
    known = {account.login for account in context.accounts}
    return context.shell is not None or logins <= known


def _mixed(address: str) -> str:
    return "".join(char.upper() if index % 2 else char.lower() for index, char in enumerate(address))


def _originators(content: bytes) -> set[str]:
    return {key(address) for _, address in getaddresses(letters.header(content, "From"))}


def _shown(content: bytes) -> str:
    return "; ".join(f"{name}: {', '.join(letters.header(content, name))}" for name in ("From", "To", "Cc"))


def _all_qualified(content: bytes) -> bool:
    values: Iterable[str] = (
        value for name in ("From", "To", "Cc", "Sender", "Reply-To") for value in letters.header(content, name)
    )
    found = [address for _, address in getaddresses(list(values)) if address]
    return bool(found) and all("." in domain(address) for address in found)


PROBES = (
    Probe("addresses.required", ("ROLE-1",), "outside", "postmaster and abuse of every domain", required),
    Probe("addresses.facilities", ("ROLE-2",), "outside", "Role addresses that RFC 2142 prescribes", facilities),
    Probe(
        "addresses.alternatives", ("ROLE-4",), "outside", "Other role names, and sending as a role", alternatives
    ),
    Probe("addresses.reach", ("ROLE-5",), "outside", "A role reaches all its people", reach, commands=True),
    Probe(
        "addresses.any-case",
        ("ADDR-3",),
        "outside",
        "Any mixture of case reaches the same mailbox",
        any_case,
        negative=True,
    ),
    Probe(
        "addresses.unknown",
        ("ADDR-5",),
        "outside",
        "An unknown recipient is refused at once",
        unknown,
        negative=True,
    ),
    Probe("addresses.valid", ("ADDR-5", "INT-1"), "outside", "Every address of the site accepts mail", valid),
    Probe(
        "addresses.qualified",
        ("ADDR-4", "INT-1"),
        "outside",
        "No bare address leaves",
        qualified,
        negative=True,
    ),
    Probe(
        "addresses.no-default-domain",
        ("INT-3",),
        "outside",
        "No server guesses a domain",
        no_default_domain,
        negative=True,
    ),
    Probe(
        "addresses.internal", ("INT-4",), "outside", "Internal addresses leave in their published form", internal
    ),
)
