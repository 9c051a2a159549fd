"""Relaying: nobody's mail passes from outside to outside without a login, however the address is dressed up."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.audit import letters, names, posting, roads
from mailwright.audit.model import Context, Observation, Probe, Where
from mailwright.audit.roads import Door
from mailwright.audit.smtp import Dialogue, Reply

_PER_CONNECTION = 8  # refusals in one dialogue, before Postfix slows down (smtpd_soft_error_limit)


def forms(user: str, foreign: str, own: str, host: str, here: str, there: str) -> tuple[str, ...]:
    """Ways to write ``user@foreign`` that some mailer has taken for an address of its own.

    user, foreign  whom the mail is meant for
    own, host      a mail domain of the site, and the mailer's name
    here, there    address literals of the mailer and of the foreign mail host: ``[198.51.100.25]``
    """
    whole = f"{user}@{foreign}"
    return (
        f"<{whole}>",
        f"{whole}",  # no angle brackets
        f"<{whole.upper()}>",
        f"<{whole}.>",  # trailing dot
        f'<"{user}"@{foreign}>',  # quoted
        f'<"{whole}">',
        f'<"{whole}"@{own}>',
        f'<"{whole}"@{host}>',
        f'<"{whole}"@{here}>',
        f'<{user}@"{foreign}">',
        f"<{user}%{foreign}>",  # percent hack
        f"<{user}%{foreign}@{own}>",
        f"<{user}%{foreign}@{host}>",
        f"<{user}%{foreign}@{here}>",
        f"<{user}%{foreign}@localhost>",
        f"<{user}%{foreign}%{own}@{own}>",
        f'<"{user}%{foreign}">',
        f'<"{user}%{foreign}"@{own}>',
        f"<{foreign}!{user}>",  # bang path
        f"<{foreign}!{user}@{own}>",
        f"<{foreign}!{user}@{host}>",
        f"<{foreign}!{user}@{here}>",
        f"<{own}!{foreign}!{user}>",
        f"<{host}!{foreign}!{user}@{own}>",
        f'<"{foreign}!{user}"@{own}>',
        f"<{foreign}!{user}%{own}@{own}>",
        f"<@{own}:{whole}>",  # source route (RFC 5321, appendix C)
        f"<@{host}:{whole}>",
        f"<@{here}:{whole}>",
        f"<@localhost:{whole}>",
        f"<@{own},@{foreign}:{whole}>",
        f"<@{foreign}:{user}@{own}@{foreign}>",
        f"<{whole}@{own}>",
        f"<{whole}@{host}>",
        f"<{whole}@{here}>",
        f"<{user}@{own}@{foreign}>",
        f"<{whole}%{own}>",
        f"<{user}@{there}>",  # IP literals
        f"<{user}@{there.strip('[]')}>",
        f"<{user}%{there}@{own}>",
        f"<@{here}:{user}@{there}>",
        f"<{whole}@[127.0.0.1]>",
        f"<{user}%{foreign}@[127.0.0.1]>",
        f"<{user}%{foreign}@[IPv6:::1]>",
        f"<{user}\\@{foreign}@{own}>",
        f'<"{user}\\@{foreign}"@{own}>',
        f"<{user}@{own}.{foreign}>",  # only looks like ours
        f"<{user}@x{own}>",
        f"<{user}@{foreign}.{own}>",
        f"<{user}@{own}..>",
        f"<{user}(@{own})@{foreign}>",  # comments
        f"<{whole} ({user}@{own})>",
        f"<<{whole}>@{own}>",
        f"<{whole}>,<{user}@{own}>",
        f"<{whole},{user}@{own}>",
        f"<{whole}> ORCPT=rfc822;postmaster@{own}",
        f"<{whole}> NOTIFY=NEVER",
        f"<{whole}:25>",
        f"<smtp:{whole}>",
        f"<{user}+{own}@{foreign}>",
        f"<{user}@{foreign}\t@{own}>",
    )


def senders(own: str, published: str, host: str, here: str, outsider: str) -> tuple[str, ...]:
    """Who the message claims to come from: strangers, nobody, and what a mailer may take for one of its own."""
    return (
        f"<{outsider}>",
        "<>",  # the null sender of bounces
        f"<{published}>",
        f"<postmaster@{own}>",
        f"<root@{host}>",
        "<root@localhost>",
        f"<postmaster@{here}>",
        f"<{published}> AUTH=<{published}>",  # RFC 4954: says that somebody else has checked
    )


def outside(context: Context) -> Iterator[Observation]:
    """From outside, on port 25 without a login, over v4 and v6, before and after STARTTLS: an address outside is
    refused for good in every form (source route, percent, bang, quoted, trailing dot, address literal, look-alike
    domain …) and from every kind of sender, the null one too (RELAY-2). Nor does the mailer let a stranger say that
    he is somebody else (XCLIENT, XFORWARD). An address of the site is accepted in the same dialogue."""
    if trusted := _trusted(context, "outside"):
        yield trusted
        return
    yield from _refused_everywhere(context, "outside", "smtp")
    for door in roads.doors(context, "outside", "smtp"):
        with roads.vantage(context, "outside").enter(), roads.smtp(context, door, secure=False) as dialogue:
            for line in ("XCLIENT ADDR=127.0.0.1 NAME=localhost", "XFORWARD ADDR=127.0.0.1 NAME=localhost"):
                reply = dialogue.command(line)
                yield Observation(f"{line} on {door}", str(reply), reply.refused, target=door.target)
    yield from roads.unreachable(context, "outside")


def submission(context: Context) -> Iterator[Observation]:
    """From outside, on the submission ports without a login, over v4 and v6: the same is refused, and so is mail
    for the site itself, from every kind of sender, before TLS and over it (RELAY-3). ``<postmaster>`` without a
    domain, which mailers let through where they would refuse others, gets no further than DATA. Somebody who logs
    in may send to the same address on the same port."""
    if trusted := _trusted(context, "outside"):
        yield trusted
        return
    yield from _refused_everywhere(context, "outside", "submission", "submissions")
    if context.live and not context.may_send_to("postmaster"):
        whole = f"postmaster@{context.plan.settings.primary_domain}"
        yield Observation("a message to <postmaster>", f"the description does not name {whole} for tests", None)
        return
    for door in roads.doors(context, "outside", "submission", "submissions"):
        with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
            for line in ("MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA"):
                reply = dialogue.command(line)
                if not reply.accepted:
                    break
            yield Observation(f"a message to <postmaster> on {door}", str(reply), reply.refused, target=door.target)
    yield from roads.unreachable(context, "outside")


def inside(context: Context) -> Iterator[Observation]:
    """A computer on the campus cannot relay through port 25 without a login either, but from a network that the
    plan grants it to: every message that leaves has somebody who logged in (AUDIT-1). Whose a message is that comes
    from a granted network of more than one machine is in the site's own records, which cannot be looked at."""
    granted = [row.clients for row in context.plan.grants if row.port == 25 and not isinstance(row.clients, str)]
    for network in granted:
        if network.num_addresses > 1:
            yield Observation(
                f"who sends from {network}, where no login is needed",
                "the log names an address; who had it, the site's own records have to say",
                None,
            )
    if trusted := _trusted(context, "inside"):
        yield trusted
        return
    yield from _refused_everywhere(context, "inside", "smtp")
    yield from roads.unreachable(context, "inside")


def after_login(context: Context) -> Iterator[Observation]:
    """Somebody away from the site logs in over TLS and sends to an address outside, on each submission port over v4
    and v6, and the message arrives there; an outsider who forges the same address without a login is refused
    (REMOTE-1)."""
    who = roads.anybody(context)
    if trusted := _trusted(context, "outside"):
        yield trusted
        return
    foreign = posting.outsider(context)
    for door in roads.doors(context, "outside", "submission", "submissions"):
        mark = letters.token()
        content = letters.letter(mark, f"<{who.published}>", f"<{foreign}>")
        with roads.vantage(context, "outside").enter():
            with roads.smtp(context, door, account=who.account) as dialogue:
                reply = dialogue.deliver(who.published, (foreign,), content)
            seen = roads.correspondent(context).wait_for(mark) if reply.accepted else None
            yield Observation(
                f"a message of {who.login} to {foreign} on {door}",
                f"{reply}; {'arrived' if seen else 'did not arrive'}",
                seen is not None,
                target=door.target,
            )
            with roads.smtp(context, door) as dialogue:
                reply = _to(dialogue, f"<{who.published}>", f"<{foreign}>")
            yield Observation(
                f"the same sender without a login on {door}", str(reply), reply.refused, target=door.target
            )
    for door in roads.doors(context, "outside", "smtp"):
        with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
            reply = _to(dialogue, f"<{who.published}>", f"<{foreign}>")
        yield Observation(
            f"the same sender without a login on {door}", str(reply), reply.refused, target=door.target
        )


def _trusted(context: Context, where: Where) -> Observation | None:
    """That nothing can be told from there, since it may relay without a login; None where it may not.

    Raises UnavailableError where it is not known as whom the service sees that place.
    """
    for address in roads.certain(context, where).addresses:
        for row in context.plan.grants:
            if not isinstance(row.clients, str) and address in row.clients:
                why = f"the plan grants it to {row.clients}, where {address} is: ask from another network"
                return Observation(f"relaying without a login from {where}", why, None)
    return None


def _refused_everywhere(context: Context, where: Where, *services: str) -> Iterator[Observation]:
    foreign = roads.correspondent(context).domain
    with roads.vantage(context, where).enter():
        target = _literal_of(context, foreign)
    doors = roads.doors(context, where, *services)
    yield from roads.side_by_side(doors, lambda door: _refused_at(context, where, door, foreign, target))


def _refused_at(context: Context, where: Where, door: Door, foreign: str, target: str) -> Iterator[Observation]:
    own = context.plan.settings.primary_domain
    here = f"[IPv6:{door.address}]" if door.address.version == 6 else f"[{door.address}]"
    published = next(
        (row.address for row in context.plan.routes if row.kind == "mailbox"), context.plan.routes[0].address
    )
    who = senders(own, published, door.listener.host, here, f"stranger@{foreign}")
    dressed = forms("relayed", foreign, own, door.listener.host, here, target)
    tried = [(who[0], recipient) for recipient in dressed]
    tried += [(sender, recipient) for sender in who[1:] for recipient in (dressed[0], dressed[10], dressed[26])]
    if door.listener.auth:
        tried += [(sender, f"<{published}>") for sender in who[:3]]
    yield from _tried(context, where, door, tried, secure=True)
    yield from _tried(context, where, door, [(sender, dressed[0]) for sender in who[:3]], secure=False)
    yield _twin(context, where, door, published, f"relayed@{foreign}")


def _tried(
    context: Context, where: Where, door: Door, tried: list[tuple[str, str]], *, secure: bool
) -> Iterator[Observation]:
    """Each pair of sender and recipient must be refused; a few to a dialogue."""
    if not secure and door.listener.tls == "implicit":
        return
    means = "over TLS" if secure else "before TLS"
    for start in range(0, len(tried), _PER_CONNECTION):
        with roads.vantage(context, where).enter(), roads.smtp(context, door, secure=secure) as dialogue:
            for sender, recipient in tried[start : start + _PER_CONNECTION]:
                reply = _to(dialogue, sender, recipient)
                yield Observation(
                    f"MAIL FROM:{sender} RCPT TO:{recipient} on {door} {means}",
                    str(reply),
                    reply.refused if not 400 <= reply.code < 500 else None,
                    target=door.target,
                )


def _twin(context: Context, where: Where, door: Door, published: str, foreign: str) -> Observation:
    """What must pass on the same road: mail for the site on port 25, mail of somebody who logged in elsewhere."""
    who = roads.anybody(context) if door.listener.auth else None
    sender = f"<{who.published}>" if who else f"<stranger@{foreign.rpartition('@')[2]}>"
    recipient = f"<{foreign}>" if who else f"<{published}>"
    account = who.account if who else None
    with roads.vantage(context, where).enter(), roads.smtp(context, door, account=account) as dialogue:
        reply = _to(dialogue, sender, recipient)
    what = f"MAIL FROM:{sender} RCPT TO:{recipient} on {door}" + (f" logged in as {who.login}" if who else "")
    return Observation(what, str(reply), reply.accepted, True, door.target)


def _to(dialogue: Dialogue, sender: str, recipient: str) -> Reply:
    """The answer to RCPT, or to MAIL where that is refused already."""
    reply = dialogue.command(f"MAIL FROM:{sender}")
    if reply.accepted:
        reply = dialogue.command(f"RCPT TO:{recipient}")
        dialogue.command("RSET")
    return reply


def _literal_of(context: Context, domain: str) -> str:
    """An address literal of the foreign mail host."""
    for name in names.mailers(context.resolver, domain):
        for address in names.addresses(context.resolver, name):
            return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
    raise OSError(f"{domain} has no mailer in the DNS")


PROBES = (
    Probe("relay.outside", ("RELAY-2",), "outside", "No relaying from outside to outside", outside, negative=True),
    Probe("relay.submission", ("RELAY-3",), "outside", "No submission without a login", submission, negative=True),
    Probe(
        "relay.inside", ("AUDIT-1",), "inside", "No relaying from the campus without a login", inside, negative=True
    ),
    Probe("relay.after-login", ("REMOTE-1",), "outside", "Relaying after login over TLS", after_login),
)
