"""Contacts and promises: somebody can be reached, said so lately, and role mail comes to more than one person."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import date, timedelta

from mailwright.audit import addresses, letters, mailboxes, names, posting, roads, threads, wire
from mailwright.audit.model import Context, Observation, Probe
from mailwright.findings import Target
from mailwright.plan.names import LOGINS
from mailwright.plan.retention import MAIL_LOG
from mailwright.site.addresses import domain, key, local_part
from mailwright.site.role_names import REQUIRED

YEAR = timedelta(days=366)
_LEAST = 2  # people whom role mail comes to
_DIGITS = 7  # of a telephone number that can be dialled from outside
_JOBS = 4
_NOBODY = "mail-audit@audit.invalid"  # where no address outside is at hand to write from
_WAIT = 45.0  # seconds for a line to reach the log
_QUEUED = re.compile(r" ([0-9A-Za-z]{6,20}): message-id=")
_SENT = re.compile(r": to=<([^<>]*)>,.* status=sent ")
_DELIVERED = re.compile(r"lmtp\(([^),]+)[^)]*\).*(?:saved mail to|stored mail into)")


def reachable(context: Context) -> Iterator[Observation]:
    """The description names technical contacts, each with a telephone number and an address that takes mail: those
    of the site's domains are accepted on port 25, and of others the domain has a mailer in the DNS. Somebody has
    vouched within a year that Janet has them (AUDIT-5). An address that nobody has is refused on the same way."""
    people = context.plan.contacts
    if not people:
        yield Observation("technical contacts", "the description names none", False)
        return
    for one in people:
        digits = sum(character.isdigit() for character in one.telephone)
        seen = one.telephone or "none is given"
        yield Observation(f"the telephone number of {one.name}", seen, digits >= _DIGITS)
    given = tuple(dict.fromkeys(key(one.email) for one in people))
    hidden = _unknown_in_a_rehearsal(context)
    own = tuple(address for address in given if domain(address) in context.plan.settings.domains)
    for address in own:
        if domain(address) in hidden:
            yield Observation(f"RCPT TO:<{address}>", "who is behind the gateway is not known in a rehearsal", None)
    own = tuple(address for address in own if domain(address) not in hidden)
    if own:
        yield from addresses.accepted(context, own)
        yield from addresses.nobody(context, (f"{letters.token()}@{context.plan.settings.primary_domain}",))
    for address in given:
        if domain(address) not in context.plan.settings.domains:
            yield _mailers(context, address)
    yield vouched(context, "AUDIT-5")


def current(context: Context) -> Iterator[Observation]:
    """Somebody has vouched within a year that contacts, role addresses and the entry in the RIPE registry are up to
    date; there are contacts, and postmaster and abuse of every mail domain are accepted on port 25 (AUDIT-6). An
    address that nobody has is refused on the same way."""
    seen = ", ".join(one.name for one in context.plan.contacts[:6]) or "the description names none"
    yield Observation("technical contacts", seen, bool(context.plan.contacts))
    domains = context.plan.settings.domains
    yield from addresses.accepted(context, tuple(f"{role}@{item}" for item in domains for role in REQUIRED))
    yield from addresses.nobody(context, (f"{letters.token()}@{context.plan.settings.primary_domain}",))
    yield vouched(context, "AUDIT-6")


def roles(context: Context) -> Iterator[Observation]:
    """A test message from outside to postmaster and abuse of each mail domain is delivered to two people at least,
    and somebody has vouched within a year that such mail is answered in good time (ROLE-3). It is looked for in the
    mailboxes of the accounts at hand, and for others in the mail logs, where commands can be run on the hosts. Of a
    running service it is sent to those addresses alone that the description names for it."""
    here = roads.somewhere(context)
    door = roads.doors(context, here, "smtp")[0]
    sender = posting.stranger(context)
    author = sender or _NOBODY
    marks: dict[str, str] = {}
    wanted = [f"{role}@{item}" for item in context.plan.settings.domains for role in REQUIRED]
    with roads.vantage(context, here).enter(), roads.smtp(context, door) as dialogue:
        for address in wanted:
            what = f"a message to {address} on {door}"
            if not context.may_send_to(address):
                words = "not sent: the description does not name it for test messages (audit: addresses)"
                yield Observation(what, words, None, target=door.target)
                continue
            mark = letters.token()
            reply = dialogue.deliver(sender, (address,), letters.letter(mark, f"<{author}>", f"<{address}>"))
            if reply.accepted:
                marks[address] = mark
            else:
                ok = False if reply.refused else None
                yield Observation(what, str(reply), ok, target=door.target)
    yield from _delivered(context, marks)
    yield vouched(context, "ROLE-3")


def vouched(context: Context, requirement: str) -> Observation:
    """That somebody vouches for the requirement, and said so within a year; else nothing is proven."""
    what = f"who vouches for {requirement}, and since when"
    made = [row for row in context.plan.promises if row.requirement == requirement]
    if not made:
        return Observation(what, "nobody in the description", None)
    newest = max(made, key=lambda row: row.made)
    age = date.today() - newest.made
    seen = f"{newest.owner}, {newest.made.isoformat()}"
    if age > YEAR:
        return Observation(what, f"{seen}: more than a year ago, so it does not count", None)
    if age < timedelta(0):
        return Observation(what, f"{seen}: a day that is yet to come", False)
    return Observation(what, seen, True)


def _unknown_in_a_rehearsal(context: Context) -> frozenset[str]:
    """Domains whose people the system behind a gateway alone knows: its stand-in knows others."""
    if context.live:
        return frozenset()
    return frozenset(name for row in context.plan.gateways if row.known == "live" for name in row.domains)


def _mailers(context: Context, address: str) -> Observation:
    """That mail for an address elsewhere has somewhere to go (RFC 5321, 5.1)."""
    what, where = f"where mail for {address} goes", domain(address)
    try:
        with roads.vantage(context, "outside").enter():
            found = names.mailers(context.resolver, where) or tuple(
                map(str, names.addresses(context.resolver, where))
            )
    except OSError as error:
        return Observation(what, wire.words(error), None, target=Target(where))
    nowhere = not found or found == (".",)  # RFC 7505
    return Observation(what, " ".join(found[:4]) or "nowhere", not nowhere, target=Target(where))


def _delivered(context: Context, marks: dict[str, str]) -> Iterator[Observation]:
    """For each address whom its message came to."""
    due = {address: expected(context, address) for address in marks}
    seen: dict[str, set[str]] = {address: set() for address in marks}
    blind: dict[str, str] = {}
    by_account: dict[str, list[str]] = {}
    for address, (logins, _) in due.items():
        for login in logins & {account.login for account in context.accounts}:
            by_account.setdefault(login, []).append(address)

    def look(login: str) -> tuple[str, dict[str, int], str]:
        try:
            found = mailboxes.holding(context, login, [marks[address] for address in by_account[login]])
        except OSError as error:
            return login, {}, f"the mailbox of {login}: {wire.words(error)}"
        return login, found, ""

    for login, counts, problem in threads.each(look, sorted(by_account), _JOBS):
        for address in by_account[login]:
            if counts.get(marks[address]):
                seen[address].add(login)
            elif problem:
                blind[address] = problem
    for address, (logins, outside) in due.items():
        rest = (logins | outside) - set(by_account)
        if rest and len(seen[address]) < _LEAST:
            try:
                missing = min(len(rest), _LEAST - len(seen[address]))
                seen[address] |= _logged(context, marks[address], rest, missing)
            except OSError as error:
                blind[address] = wire.words(error)
        yield _judged(address, seen[address], logins | outside, blind.get(address, ""))


def _judged(address: str, seen: set[str], wanted: set[str], problem: str) -> Observation:
    what = f"the people whom a message to {address} came to"
    words = ", ".join(sorted(seen)[:6]) or "none was seen"
    if len(seen) >= _LEAST:
        return Observation(what, words, True)
    if len(wanted) < _LEAST:
        return Observation(what, f"{words}; it leads to {len(wanted) or 'nobody'} alone", False)
    if problem:
        return Observation(what, f"{words}; {problem}", None)
    return Observation(what, f"{words}, of {len(wanted)}", False)


def expected(context: Context, address: str) -> tuple[set[str], set[str]]:
    """Logins that mail for ``address`` is to reach in the end, and addresses elsewhere."""
    logins, outside = roads.logins_of(context, address)
    # With a live directory, a login stands under an address of its own.
    of_directory = {local_part(target) for target in outside if domain(target) == LOGINS}
    return set(logins) | of_directory, {target for target in outside if domain(target) != LOGINS}


def _logged(context: Context, mark: str, wanted: set[str], enough: int) -> set[str]:
    """Those of ``wanted`` to whom the message was delivered, as the mail logs say, as soon as there are ``enough``.

    Raises OSError where no command can be run.
    """
    stores = context.plan.with_function("store")
    mailers = context.plan.with_function("mx")
    deadline = time.monotonic() + _WAIT
    while True:
        found: set[str] = set()
        for host in stores:
            lines = _lines(context, host.name, mark)
            found.update(said[1] for line in lines if (said := _DELIVERED.search(line)))
        for host in mailers:
            found |= _sent_on(context, host.name, mark)
        if len(found & wanted) >= enough or time.monotonic() > deadline:
            return found & wanted
        time.sleep(0.5)


def _sent_on(context: Context, host: str, mark: str) -> set[str]:
    """Addresses elsewhere to which the host says that it passed the message on."""
    queued = [said[1] for line in _lines(context, host, mark) if (said := _QUEUED.search(line))]
    return {
        key(said[1])
        for queue in dict.fromkeys(queued)
        for line in _lines(context, host, f"{queue}: to=<")
        if (said := _SENT.search(line))
    }


def _lines(context: Context, host: str, word: str) -> list[str]:
    """The lines of the host's mail log that hold the word. Raises OSError where no command can be run."""
    paths = [row.log for row in context.plan.retention if row.host == host and row.log == MAIL_LOG]
    if not paths:
        return []
    _, output = roads.shell(context).run(
        host, "grep", "--no-filename", "--fixed-strings", "--text", "--", word, *paths
    )
    return [line for line in output.splitlines() if word in line]


PROBES = (
    Probe("contacts.reachable", ("AUDIT-5",), "outside", "There is somebody to call", reachable),
    Probe("contacts.current", ("AUDIT-6",), "outside", "Contacts and roles are kept up to date", current),
    Probe("contacts.roles", ("ROLE-3",), "outside", "Role mail comes to two people", roles, commands=True),
)
