"""Users away: who guesses passwords is slowed and cut off, and nobody else; a login that sends too much waits."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing

from mailwright.audit import letters, mailboxes, posting, roads, threads, wire
from mailwright.audit.model import Account, Context, Observation, Phase, Probe, UnavailableError, Where
from mailwright.audit.roads import Door, Person
from mailwright.audit.smtp import Dialogue
from mailwright.findings import Target
from mailwright.plan.model import HostFacts
from mailwright.records import dataclass

_SERVICES = ("submissions", "submission", "imaps")
_FIRST = 4  # wrong passwords after which the next one waits
_THEN = 18  # more of them, after which the next one is refused unseen
_SLOWER = 0.8  # seconds that a wait takes at least
_BAR = 45.0  # seconds until a bar must stand
_NOTICE = 90.0  # seconds until abuse must have heard
_SECOND = 2.0  # seconds in which a second notice would come, or another failure be counted
_AGAIN = 2  # times that a refused message is sent once more
_MOST = 2000  # recipients in an hour; above this limit the probe would be a burden itself


@dataclass(frozen=True, slots=True)
class _Try:
    """What came of one login. ``accepted`` is None where no answer came."""

    accepted: bool | None
    seen: str
    seconds: float


def guessing(context: Context) -> Iterator[Observation]:
    """On each host that takes logins, from one outside address: the first wrong passwords for a login are answered
    at their usual pace, the next one later, and after twenty the right password is refused there, and from an
    address that has done nothing yet, where the login is not known (REMOTE-1, REMOTE-2). Then the address is barred
    from the ports of logins, over v4 and v6. All the while the login works from the campus, where it is known, and
    mail still comes in on port 25 from the address that guessed."""
    hosts = [host for host in context.plan.hosts if _doors(context, host)]
    stores = [host for host in hosts if "store" in host.functions]
    for host in hosts:
        if host not in stores:  # it asks the stores, which count too
            yield from _guessed_at(context, host, [host, *stores])
    yield from roads.side_by_side(stores, lambda host: _guessed_at(context, host, [host]), len(stores))
    yield from roads.unreachable(context, "outside")


def throttling(context: Context) -> Iterator[Observation]:
    """A login that sends to more people than the plan has in an hour is answered with a temporary refusal, so that
    its mail waits where it is, while another login goes on sending (REMOTE-1). The abuse address gets one message
    that names the login, how much waits, and the address that it came from."""
    limit = context.plan.settings.hourly
    if limit > _MOST:
        yield Observation("send more than a login may", f"{limit} an hour are too many to try", None)
        return
    shell = roads.shell(context)
    people = roads.people(context)
    if len(people) < 2:
        raise UnavailableError("there are no accounts of two people with a mailbox")
    who, other = people[-1], people[-2]
    door = roads.doors(context, "outside", "submission", "submissions")[0]
    abuse = f"abuse@{context.plan.settings.primary_domain}"
    readers = sorted(roads.logins_of(context, abuse)[0])[:1]
    subject = f"{who.login}:"  # its first word
    before = {reader: mailboxes.holding(context, reader, [subject], timeout=0)[subject] for reader in readers}
    _forget_sent(context, door.listener.host, who)
    try:
        taken, last = _send_until_refused(context, who, door, limit)
        yield Observation(
            f"messages of {who.login} to more than {limit} people on {door}",
            f"{taken} recipients were taken; then {last}",
            limit // 2 <= taken <= limit and last.startswith("4"),
            target=door.target,
        )
        mark, sent = posting.send_plain(context, other)
        yield Observation(
            f"a message of {other.login} meanwhile",
            f"{sent.reply}; {'arrived' if sent.received else 'did not arrive'} ({mark})",
            sent.received is not None,
            True,
            door.target,
        )
        yield from _reported(context, who, abuse, subject, before)
    finally:
        _forget_sent(context, door.listener.host, who)
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door, account=who.account) as dialogue:
        content = letters.letter(letters.token(), f"<{who.published}>", f"<{posting.outsider(context)}>")
        reply = dialogue.deliver(who.published, (posting.outsider(context),), content)
    status, _ = shell.run(door.listener.host, "true")
    yield Observation(
        f"a message of {who.login} when the hour is over (its count was taken back)",
        str(reply),
        reply.accepted and status == 0,
        True,
        door.target,
    )


def _guessed_at(context: Context, host: HostFacts, counting: list[HostFacts]) -> Iterator[Observation]:
    """``counting``: the hosts that hear of what is guessed at on this one."""
    doors = _doors(context, host)
    who = _somebody(context, host)
    outside = [str(address) for address in roads.vantage(context, "outside").addresses]
    target = Target(host.name)
    known = _log_in(context, "inside", _doors(context, host, "inside")[0], who.account)
    yield Observation(
        f"{who.login} on {host.name} from the campus, before", known.seen, known.accepted, True, target
    )
    _pardon(context, counting, who, outside)
    for one in counting:
        for address in outside:
            _guard(context, one, "forget", address, who.login)
    try:
        yield from _slowed(context, who, doors[0])
        yield from _cut_off(context, who, doors, counting)
        for door in doors[1:]:
            _guess(context, who, door, _FIRST + _THEN)
        yield from _barred(context, host, doors)
        known = _log_in(context, "inside", _doors(context, host, "inside")[0], who.account)
        yield Observation(
            f"{who.login} on {host.name} from the campus, meanwhile", known.seen, known.accepted, True, target
        )
        yield from _mail_comes_in(context, who)
    finally:
        _pardon(context, counting, who, outside)
    for door in doors:
        seen = _log_in(context, "outside", door, who.account)
        yield Observation(f"{who.login} on {door}, pardoned", seen.seen, seen.accepted, True, door.target)


def _slowed(context: Context, who: Person, door: Door) -> Iterator[Observation]:
    first = _guess(context, who, door, _FIRST)
    usual = min(attempt.seconds for attempt in first)
    later = _guess(context, who, door, 1)[0]
    if later.seconds < usual + _SLOWER:  # the first ones may have met a busy host, and this one not
        later = _guess(context, who, door, 1)[0]
    yield Observation(
        f"{_FIRST} wrong passwords for {who.login} on {door}, and one more",
        f"{usual:.1f} s, then {later.seconds:.1f} s: {later.seen}",
        all(attempt.accepted is False for attempt in (*first, later)) and later.seconds >= usual + _SLOWER,
        target=door.target,
    )


def _counted(context: Context, counting: list[HostFacts], login: str) -> None:
    """Return when the guards have heard of all guesses: a client may have its answer before they do."""
    before: list[tuple[int, str]] = []
    for _ in range(20):
        now = [roads.shell(context).run(host.name, "mailwright-guard", "show", login) for host in counting]
        if now == before:
            return
        before = now
        time.sleep(_SECOND)


def _cut_off(
    context: Context, who: Person, doors: tuple[Door, ...], counting: list[HostFacts]
) -> Iterator[Observation]:
    """With the right password: first from another address of the outside, which has done nothing, where there is
    one; it is not barred then. The bar for the first one comes by itself."""
    answers = _guess(context, who, doors[0], _THEN)
    yield Observation(
        f"{_THEN} more wrong passwords for {who.login} on {doors[0]}, side by side",
        f"{sum(one.accepted is False for one in answers)} refused; "
        f"{sum(one.accepted is None for one in answers)} without an answer",
        not any(one.accepted for one in answers),
        target=doors[0].target,
    )
    _counted(context, counting, who.login)
    door = doors[-1]
    right = _log_in(context, "outside", door, who.account)
    yield Observation(
        f"the right password of {who.login} on {door}, when it was guessed at elsewhere",
        right.seen,
        right.accepted is not True,
        target=door.target,
    )


def _barred(context: Context, host: HostFacts, doors: tuple[Door, ...]) -> Iterator[Observation]:
    """Each port of logins at each address of the host."""
    deadline = time.monotonic() + _BAR
    every = _doors(context, host, services=(*_SERVICES, "pop3s", "managesieve"))
    for door in every:
        shut, seen = _shut(context, door)
        while not shut and time.monotonic() < deadline:
            time.sleep(0.5)
            shut, seen = _shut(context, door)
        yield Observation(f"connect to {door} from where passwords were guessed", seen, shut, target=door.target)
    _, listed = roads.shell(context).run(host.name, "fail2ban-client", "get", "mailwright-guess", "banip")
    wanted = {
        str(address)
        for address in roads.vantage(context, "outside").addresses
        if address.version in {door.address.version for door in doors}
    }
    yield Observation(
        f"what fail2ban on {host.name} bars",
        " ".join(listed.split())[:200],
        wanted <= set(listed.split()),
        target=Target(host.name),
    )


def _mail_comes_in(context: Context, who: Person) -> Iterator[Observation]:
    for door in roads.doors(context, "outside", "smtp"):
        with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
            dialogue.mail(posting.outsider(context))
            reply = dialogue.rcpt(who.published)
            dialogue.command("RSET")
        yield Observation(
            f"RCPT TO:<{who.published}> on {door} from where passwords were guessed",
            str(reply),
            reply.accepted,
            True,
            door.target,
        )


def _doors(
    context: Context, host: HostFacts, where: Where = "outside", services: tuple[str, ...] = _SERVICES
) -> tuple[Door, ...]:
    """Of a host: for the usual services one door for each address family, of different services where it has such;
    for others each door."""
    families = sorted({address.version for address in roads.vantage(context, where).addresses})
    rows = [row for row in context.plan.listeners if row.host == host.name and row.service in services]
    rows.sort(key=lambda row: services.index(row.service))
    addresses = [address for address in host.addresses if address.version in families]
    if services is not _SERVICES:
        return tuple(Door(row, address) for address in addresses for row in rows)
    one = {address.version: address for address in reversed(addresses)}
    return tuple(Door(rows[-(number % 2)], one[version]) for number, version in enumerate(sorted(one)) if rows)


def _somebody(context: Context, host: HostFacts) -> Person:
    """Somebody whose password this host is asked about: one whose mail is here, on a store."""
    here = {row.login for row in context.plan.mailboxes if row.host == host.name}
    if "store" not in host.functions:
        return roads.anybody(context)
    return roads.person(context, lambda one: one.login in here, f"anybody with a mailbox on {host.name}")


def _guess(context: Context, who: Person, door: Door, count: int) -> list[_Try]:
    """So many different wrong passwords at once."""
    accounts = [Account(who.login, letters.token()) for _ in range(count)]
    return list(threads.each(lambda account: _log_in(context, "outside", door, account), accounts, count))


def _log_in(context: Context, where: Where, door: Door, account: Account) -> _Try:
    started = time.monotonic()
    try:
        with roads.vantage(context, where).enter():
            accepted, seen = (_imap if door.listener.service == "imaps" else _smtp)(context, door, account)
    except OSError as error:
        return _Try(None, f"no answer: {error}", time.monotonic() - started)
    return _Try(accepted, seen, time.monotonic() - started)


def _smtp(context: Context, door: Door, account: Account) -> tuple[bool | None, str]:
    """Without taking leave, which a bar that falls meanwhile would hold up."""
    implicit = roads.tls(context) if door.listener.tls == "implicit" else None
    with Dialogue.connect(str(door.address), door.listener.port, implicit, door.listener.host) as dialogue:
        dialogue.greeting()
        dialogue.ehlo()
        if implicit is None:
            dialogue.starttls(roads.tls(context), door.listener.host)
        reply = dialogue.login(account.login, account.password)
    return {235: True, 535: False}.get(reply.code), str(reply)


def _imap(context: Context, door: Door, account: Account) -> tuple[bool, str]:
    """As above."""
    plain = socket.create_connection((str(door.address), door.listener.port), timeout=context.patience)
    with closing(roads.tls(context).wrap_socket(plain, server_hostname=door.listener.host)) as connection:
        reader = connection.makefile("rb")
        reader.readline(4096)
        connection.sendall(f'a LOGIN "{account.login}" "{account.password}"\r\n'.encode())
        while line := reader.readline(4096):
            if line.startswith(b"a "):
                hide = wire.hiding(account.login, account.password)
                return line.startswith(b"a OK"), wire.shown(line, 120, hide)
    raise ConnectionResetError("IMAP closed the connection where an answer was due")


def _shut(context: Context, door: Door) -> tuple[bool, str]:
    with roads.vantage(context, "outside").enter():
        try:
            socket.create_connection((str(door.address), door.listener.port), timeout=1).close()
        except OSError as error:
            return True, str(error)
    return False, "connected"


def _pardon(context: Context, hosts: list[HostFacts], who: Person, addresses: list[str]) -> None:
    """Forget all that was guessed, and lift the bars."""
    for host in hosts:
        roads.shell(context).run(host.name, "fail2ban-client", "set", "mailwright-guess", "unbanip", *addresses)
        _guard(context, host, "pardon", who.login, *addresses)


def _guard(context: Context, host: HostFacts, *arguments: str) -> None:
    status, said = roads.shell(context).run(host.name, "mailwright-guard", *arguments)
    if status != 0:
        raise UnavailableError(f"mailwright-guard {' '.join(arguments)} on {host.name}: {said.strip()[:200]}")


def _send_until_refused(context: Context, who: Person, door: Door, limit: int) -> tuple[int, str]:
    """How many recipients were taken, and the answer to what came then; ``nothing`` where all was taken.

    What is refused is sent again, as a program does that will not give up: abuse must hear of it once.
    """
    foreign = roads.correspondent(context).domain
    each = min(context.plan.settings.recipients, 50)
    taken = 0
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door, account=who.account) as dialogue:
        while taken <= limit:
            content = letters.letter(letters.token(), f"<{who.published}>", f"<{posting.outsider(context)}>")
            recipients = tuple(f"many{taken + number}@{foreign}" for number in range(each))
            reply = dialogue.deliver(who.published, recipients, content)
            if not reply.accepted:
                for _ in range(_AGAIN):
                    dialogue.deliver(who.published, recipients, content)
                return taken, str(reply)
            taken += each
    return taken, "nothing"


def _reported(
    context: Context, who: Person, abuse: str, subject: str, before: dict[str, int]
) -> Iterator[Observation]:
    if not before:
        yield Observation(f"a message to {abuse}", "nobody here reads it", None)
    for reader, count in before.items():
        deadline = time.monotonic() + _NOTICE
        found = count
        while found == count and time.monotonic() < deadline:
            time.sleep(0.5)
            found = mailboxes.holding(context, reader, [subject], timeout=0)[subject]
        time.sleep(_SECOND)
        found = mailboxes.holding(context, reader, [subject], timeout=0)[subject]
        account = next((one for one in context.accounts if one.login == reader), None)
        texts = mailboxes.messages(context, account, subject, timeout=0) if account else ()
        text = next((one.decode() for one in reversed(texts) if b"Subject: " + subject.encode() in one), "")
        addresses = [str(address) for address in roads.vantage(context, "outside").addresses]
        says = not account or (re.search(r"\d+ recipients", text) and any(address in text for address in addresses))
        yield Observation(
            f"messages about {who.login} to {abuse} in the mailbox of {reader}",
            f"{found - count} new; it names the login{', a count and the address' if text and says else ''}",
            found - count == 1 and bool(says),
        )


def _forget_sent(context: Context, host: str, who: Person) -> None:
    """Take back what was counted, so that neither this nor another probe meets the limit or the hour's silence."""
    shell = roads.shell(context)
    shell.run(host, "redis-cli", "-s", "/run/redis/mailwright.sock", "flushall")
    shell.run(host, "fail2ban-client", "set", "mailwright-throttle", "unbanip", who.login)


PROBES = (
    Probe(
        "away.guessing",
        ("REMOTE-1", "REMOTE-2"),
        "outside",
        "Whoever guesses passwords is slowed and cut off, and nobody else",
        guessing,
        negative=True,
        phase=Phase.BARRED,
        harm="guesses passwords until the auditor's address is shut out",
    ),
    Probe(
        "away.throttling",
        ("REMOTE-1",),
        "outside",
        "A login that sends unusually much waits, and abuse hears of it",
        throttling,
        negative=True,
        phase=Phase.LATE,
        harm="sends hundreds of messages, and makes abuse be told of it",
    ),
)
