"""Customers on the shared hosts of a rehearsal: their plans as those hosts know them, and the walls between them.

A customer's plan speaks of logins as the customer does; shared hosts know them with the customer's realm. Probes
talk to the hosts, so they get the plan in the hosts' words.
"""

from __future__ import annotations

import imaplib
from collections.abc import Callable, Iterator
from dataclasses import replace

from mailwright.audit import PROBES, letters, mailboxes, posting, roads
from mailwright.audit.model import Account, Context, Observation, Phase, Probe
from mailwright.audit.roads import Door, Person
from mailwright.plan.model import Plan, Route
from mailwright.records import dataclass
from mailwright.site.addresses import local_part
from mailwright.site.role_names import FACILITIES, SYNONYMS

ESSENTIAL = (
    "zone.mailers",
    "zone.policies",
    "identity.mailers",
    "identity.dkim",
    "addresses.required",
    "addresses.facilities",
    "addresses.reach",
    "addresses.any-case",
    "addresses.unknown",
    "addresses.valid",
    "relay.outside",
    "relay.after-login",
    "submission.envelope",
    "submission.author",
    "submission.sender-line",
    "store.imap-outside",
)
"""What is asked of each customer. What all of a platform have in common (TLS, firewall, clocks, logs) is
asked of the platform's own site alone."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A customer in a rehearsal.

    plan      as it was built, with the DKIM key of the run
    truth     as shared hosts know it, with the mailboxes of the platform's own people, to whom roles may lead
    accounts  logins with their realm, and the passwords of the run
    """

    id: str
    plan: Plan
    truth: Plan
    accounts: tuple[Account, ...]

    @property
    def realm(self) -> str:
        return self.plan.settings.primary_domain


def login(name: str, realm: str) -> str:
    """A customer's login as shared hosts know it."""
    return f"{name}@{realm}"


def hosted(plan: Plan, platform: Plan) -> Plan:
    """The plan of a customer of ``platform`` in the words of the shared hosts."""
    realm = plan.settings.primary_domain

    def route(row: Route) -> Route:
        return (
            replace(row, targets=tuple(login(one, realm) for one in row.targets)) if row.kind == "mailbox" else row
        )

    own = {row.address for row in plan.routes}
    team = tuple(row for row in platform.routes if row.kind == "mailbox" and row.address not in own)
    return replace(
        plan,
        mailboxes=(*(replace(row, login=login(row.login, realm)) for row in plan.mailboxes), *platform.mailboxes),
        routes=(*map(route, plan.routes), *team),
        senders=tuple(replace(row, login=login(row.login, realm)) for row in plan.senders),
    )


def essential(plan: Plan) -> tuple[Probe, ...]:
    """The probes that are asked of a customer."""
    return tuple(
        probe
        for probe in PROBES
        if probe.id in ESSENTIAL
        and (probe.only is None or probe.only.holds(plan))
        and (plan.settings.dkim_selector or probe.id != "identity.dkim")
        and (_has_facilities(plan) or probe.id != "addresses.facilities")
    )


def _has_facilities(plan: Plan) -> bool:
    named = {*FACILITIES.values(), *SYNONYMS}
    return any(row.kind == "role" and local_part(row.address) in named for row in plan.routes)


def walls(others: tuple[Guest, ...]) -> tuple[Probe, ...]:
    """Attempts of one customer's people on what is another's, with what must go well beside each (SCALE-2)."""

    def against(
        look: Callable[[Context, Guest], Iterator[Observation]],
    ) -> Callable[[Context], Iterator[Observation]]:
        def run(context: Context) -> Iterator[Observation]:
            if not others:
                yield Observation("another customer's", "there is no other customer on these hosts", None)
            for other in others:
                yield from look(context, other)

        return run

    return (
        Probe("walls.sender", ("SCALE-2",), "outside", "Nobody sends as another customer's", against(_sends), True),
        Probe(
            "walls.login",
            ("SCALE-2",),
            "outside",
            "A password fits one customer alone",
            against(_logs_in),
            negative=True,
            phase=Phase.LATE,  # wrong passwords are counted, and answered more slowly each time
        ),
        Probe(
            "walls.mailbox", ("SCALE-2",), "outside", "Nobody reads another customer's mail", against(_reads), True
        ),
        Probe("walls.delivery", ("SCALE-2",), "outside", "Customers write to one another", against(_writes)),
    )


def _people(guest: Guest) -> Person:
    """Somebody of a customer's, known to ``roads.people`` by the customer's own truth."""
    published = {row.targets[0]: row.address for row in guest.truth.routes if row.kind == "mailbox"}
    account = next(one for one in guest.accounts if one.login in published)
    return Person(account, published[account.login], (), (), ())


def _door(context: Context, *services: str) -> Door:
    return roads.doors(context, "outside", *services)[0]


def _sends(context: Context, other: Guest) -> Iterator[Observation]:
    """As somebody of the other customer's, in the envelope and in From:, separately; and as oneself."""
    who, victim = roads.anybody(context), _people(other)
    roles = [row.address for row in other.plan.routes if row.kind in ("role", "automatic")]
    foreign = posting.outsider(context)
    for service in ("submission", "submissions"):
        door = _door(context, service)
        tried = [(address, who.published) for address in (victim.published, *roles[:2])]
        tried += [(who.published, address) for address in (victim.published, *roles[:2])]
        tried += [("", victim.published), (who.published, who.published)]
        with roads.vantage(context, "outside").enter(), roads.smtp(context, door, account=who.account) as dialogue:
            for envelope, author in tried:
                content = letters.letter(letters.token(), f"<{author}>", f"<{foreign}>")
                reply = dialogue.deliver(envelope, (foreign,), content)
                own = (envelope, author) == (who.published, who.published)
                yield Observation(
                    f"MAIL FROM:<{envelope}> and From: {author}, logged in as {who.login} on {door}",
                    str(reply),
                    reply.accepted if own else (None if 400 <= reply.code < 500 else reply.refused),
                    own,
                    door.target,
                )


def _logs_in(context: Context, other: Guest) -> Iterator[Observation]:
    """With one's own password and the other's realm or address; and with one's own login.

    The other is somebody whom no probe needs: the guard remembers whose password was guessed at, and from where.
    Two attempts, because it lets whoever guesses wait.
    """
    who = roads.anybody(context)
    victim = roads.people(replace(context, plan=other.truth, accounts=other.accounts))[-1]
    plain = who.login.rpartition("@")[0]
    door, name = _door(context, "submission"), login(plain, other.realm)
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
        reply = dialogue.login(name, who.account.password)
        what = f"AUTH PLAIN as {name} with the password of {who.login} on {door}"
        yield Observation(what, str(reply), reply.code == 535, target=door.target)
    door, name = _door(context, "imaps"), victim.published
    taken = _signs_in(context, door, Account(name, who.account.password))
    what = f"IMAP as {name} with the password of {who.login} on {door}"
    yield Observation(what, taken or "refused", not taken, target=door.target)
    door = _door(context, "imaps")
    taken = _signs_in(context, door, who.account)
    yield Observation(f"IMAP as {who.login} on {door}", taken or "refused", bool(taken), True, door.target)


def _signs_in(context: Context, door: Door, account: Account) -> str:
    """What the store says to the login; empty where it is refused."""
    with roads.vantage(context, "outside").enter(), mailboxes.connected(context, door) as session:
        try:
            return str(session.login(account.login, account.password)[0])
        except imaplib.IMAP4.error:
            return ""


def _reads(context: Context, other: Guest) -> Iterator[Observation]:
    """No folder of the other's is listed, selected, or opened by any name that a server may have for it."""
    who, victim = roads.anybody(context), _people(other)
    door = _door(context, "imaps")
    plain = victim.login.rpartition("@")[0]
    names = [
        f"user/{victim.login}",
        f"user/{victim.login}/INBOX",
        f"Other Users/{plain}",
        f"shared/{victim.login}",
        f"~{victim.login}/INBOX",
        f"../../{other.realm}/{plain}/Maildir",
        f"/var/vmail/{other.realm}/{plain}",
    ]
    with roads.vantage(context, "outside").enter(), mailboxes.connected(context, door) as session:
        session.login(who.login, who.account.password)
        listed = b" ".join(line for line in session.list()[1] if isinstance(line, bytes)).decode("utf-8", "replace")
        foreign = other.realm in listed or victim.login in listed
        yield Observation(f"LIST as {who.login} on {door}", listed or "nothing", not foreign, target=door.target)
        for name in names:
            for verb, answer in (
                ("SELECT", lambda name=name: session.select(f'"{name}"', readonly=True)),
                ("GETACL", lambda name=name: session.getacl(f'"{name}"')),
            ):
                try:
                    status, said = answer()
                except imaplib.IMAP4.error as error:
                    status, said = "BAD", [str(error).encode()]
                yield Observation(
                    f'{verb} "{name}" as {who.login} on {door}',
                    f"{status} {said[0]!r}",
                    status != "OK",
                    target=door.target,
                )
        status, said = session.select("INBOX", readonly=True)
        yield Observation(f"SELECT INBOX as {who.login} on {door}", status, status == "OK", True, door.target)


def _writes(context: Context, other: Guest) -> Iterator[Observation]:
    """A message of one's own to somebody of the other's arrives there, once."""
    who, victim = roads.anybody(context), _people(other)
    mark = letters.token()
    content = letters.letter(mark, f"<{who.published}>", f"<{victim.published}>")
    door = _door(context, "submission", "submissions")
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door, account=who.account) as dialogue:
        reply = dialogue.deliver(who.published, (victim.published,), content)
    there = replace(context, plan=other.truth, accounts=other.accounts)
    count = mailboxes.holding(there, victim.login, (mark,))[mark] if reply.accepted else 0
    yield Observation(
        f"a message of {who.login} to {victim.published} on {door}",
        f"{reply}; {count} found",
        count == 1,
        target=door.target,
    )
