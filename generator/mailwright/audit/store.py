"""The message store: reached over TLS with a login from anywhere, and in no other way."""

from __future__ import annotations

import imaplib
import poplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from itertools import product

from mailwright.audit import letters, mailboxes, roads, wire
from mailwright.audit.model import Account, Context, Observation, Phase, Probe, Where
from mailwright.audit.roads import Door, Person
from mailwright.audit.smtp import ProtocolError
from mailwright.findings import Target
from mailwright.site.model import IPAddress

_WAITING = 8  # ports at a time of which nothing but silence is awaited
_END = re.compile(rb"OK|NO|BYE", re.IGNORECASE)
_MORE = re.compile(rb'OK|NO|BYE|"|\{', re.IGNORECASE)


def imap_outside(context: Context) -> Iterator[Observation]:
    """From outside, IMAP over TLS 1.2 or newer, with a certificate for the host's name, opens the in-box for
    somebody who logs in, on every store, whichever of them keeps that mailbox (REMOTE-2). Without TLS there is
    nothing: ports 143 and 110 are closed."""
    yield from _imap(context, "outside")
    yield from _closed(context, "outside", 143, 110)


def imap_inside(context: Context) -> Iterator[Observation]:
    """The same from the campus."""
    yield from _imap(context, "inside")
    yield from _closed(context, "inside", 143, 110)


def pop(context: Context) -> Iterator[Observation]:
    """Where the plan has POP3 over TLS, somebody who logs in from outside gets at the in-box (REMOTE-2); where it
    has not, port 995 is closed."""
    offered = _doors(context, "pop3s")
    if not offered:
        yield from _closed(context, "outside", 995)
    for door in offered:
        for who in roads.one_on_each_store(context):
            with roads.vantage(context, "outside").enter():
                accepted, seen = _pop_login(context, door, who.account)
            yield Observation(f"login of {who.login} on {door}", seen, accepted, target=door.target)


def sieve(context: Context) -> Iterator[Observation]:
    """ManageSieve (RFC 5804) takes no login before STARTTLS; over TLS 1.2 or newer it takes the right one, from
    outside (REMOTE-2). In an audit of a running service no password is sent before STARTTLS."""
    for door, who in product(_doors(context, "managesieve"), roads.one_on_each_store(context)):
        with roads.vantage(context, "outside").enter():
            # In an audit everybody on the way could read the password.
            early, offered = _sieve_login(context, door, None if context.live else who.account, secure=False)
            yield Observation(
                f"AUTHENTICATE on {door} before TLS",
                f"{early}; offered: {offered or 'nothing'}",
                not early.upper().startswith("OK") and not offered,
                target=door.target,
            )
            late, _ = _sieve_login(context, door, who.account, secure=True)
            yield Observation(
                f"AUTHENTICATE as {who.login} on {door} over TLS",
                late,
                late.upper().startswith("OK"),
                True,
                door.target,
            )


def wrong_password(context: Context) -> Iterator[Observation]:
    """IMAP and POP3 refuse a wrong password and a login that nobody has (REMOTE-2), and take the right one; also
    where another store keeps the mailbox."""
    for service, enter in (("imaps", _imap_login), ("pop3s", _pop_login)):
        for door, who in product(_doors(context, service)[:1], roads.one_on_each_store(context)):
            wrong = (Account(who.login, who.account.password + "x"), Account(letters.token(), who.account.password))
            for account in wrong:
                with roads.vantage(context, "outside").enter():
                    accepted, seen = enter(context, door, account)
                yield Observation(
                    f"a wrong login ({account.login}) on {door}", seen, not accepted, target=door.target
                )
            with roads.vantage(context, "outside").enter():
                accepted, seen = enter(context, door, who.account)
            yield Observation(f"the right login ({who.login}) on {door}", seen, accepted, True, door.target)


def _imap(context: Context, where: Where) -> Iterator[Observation]:
    def at(both: tuple[Door, Person]) -> Iterator[Observation]:
        door, who = both
        with roads.vantage(context, where).enter():
            accepted, seen = _imap_login(context, door, who.account)
        yield Observation(f"IMAP login of {who.login} on {door} from {where}", seen, accepted, True, door.target)

    ways = product(roads.doors(context, where, "imaps"), roads.one_on_each_store(context))
    yield from roads.side_by_side(ways, at)
    yield from roads.unreachable(context, where)


def _closed(context: Context, where: Where, *ports: int) -> Iterator[Observation]:
    hosts = {door.listener.host for door in roads.doors(context, where, "imaps")}
    families = {address.version for address in roads.vantage(context, where).addresses}

    def at(place: tuple[str, IPAddress, int]) -> Iterator[Observation]:
        host, address, port = place
        with roads.vantage(context, where).enter():
            try:
                socket.create_connection((str(address), port), timeout=2).close()
            except (TimeoutError, ConnectionRefusedError) as error:
                seen, closed = str(error), True
            else:
                seen, closed = "connected", False
        yield Observation(f"connect to {address} port {port} from {where}", seen, closed, target=Target(host, port))

    places = (
        (host, address, port)
        for host in sorted(hosts)
        for address in context.plan.host(host).addresses
        if address.version in families
        for port in ports
    )
    yield from roads.side_by_side(places, at, _WAITING)


def _imap_login(context: Context, door: Door, account: Account) -> tuple[bool, str]:
    """Whether the login is taken and the in-box opened.

    One that goes silent after it was taken is tried once more, as people's programs do: Dovecot 2.4.1, when it
    hands a login over on a busy machine, now and then overlooks the client's next command.
    """
    try:
        return _imap_once(context, door, account)
    except TimeoutError:
        accepted, seen = _imap_once(context, door, account)
        return accepted, f"{seen}, at the second attempt"


def _imap_once(context: Context, door: Door, account: Account) -> tuple[bool, str]:
    with mailboxes.connected(context, door) as session:
        try:
            session.login(account.login, account.password)
            status, answer = session.select("INBOX", readonly=True)
        except imaplib.IMAP4.abort:  # no answer of IMAP, which is no refusal
            raise
        except imaplib.IMAP4.error as error:
            return False, wire.shown(str(error))
        return status == "OK", f"{_version(session)}, in-box with {wire.shown(answer[0] or b'')} messages"


def _version(session: mailboxes.ImapOverTls) -> str:
    return (session.sock.version() or "") if isinstance(session.sock, ssl.SSLSocket) else "no TLS"


class _Pop(poplib.POP3_SSL):
    """Connects to an address, and wants a certificate for a name."""

    def __init__(self, door: Door, context: ssl.SSLContext, seconds: float) -> None:
        self._name = door.listener.host
        self._context = context
        self._seconds = seconds
        super().__init__(str(door.address), door.listener.port, context=context, timeout=seconds)

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        connection = socket.create_connection((self.host, self.port), timeout)
        return wire.secure(connection, self._context, self._name, self._seconds)


def _pop_login(context: Context, door: Door, account: Account) -> tuple[bool, str]:
    hide = wire.hiding(account.login, account.password)
    with roads.talking(context, door):
        try:
            with closing(_Pop(door, roads.tls(context), context.patience)) as session:
                session.user(account.login)
                session.pass_(account.password)
                count, _ = session.stat()
                session.quit()
        except poplib.error_proto as error:
            said = error.args[0]
            if isinstance(said, bytes) and said.startswith(b"-ERR"):
                return False, wire.shown(said, hide=hide)
            raise ProtocolError(f"no POP3: {wire.shown(said, hide=hide)}") from error
    return True, f"in-box with {count} messages"


def _sieve_login(context: Context, door: Door, account: Account | None, *, secure: bool) -> tuple[str, str]:
    """The answer to AUTHENTICATE, and the mechanisms that were offered. Without an account it is begun alone."""
    secret = ""
    hide: wire.Hide = str
    if account is not None:
        secret = f' "{wire.plain(account.login, account.password)}"'
        hide = wire.hiding(account.login, account.password)
    with roads.talking(context, door):
        return _sieve_session(context, door, secret, hide, secure=secure)


def _sieve_session(context: Context, door: Door, secret: str, hide: wire.Hide, *, secure: bool) -> tuple[str, str]:
    connection = socket.create_connection((str(door.address), door.listener.port), timeout=context.patience)
    with closing(connection):
        said = _sieve_answer(connection, context.patience)
        if secure:
            connection.sendall(b"STARTTLS\r\n")
            _sieve_answer(connection, context.patience)
            connection = roads.tls(context).wrap_socket(connection, server_hostname=door.listener.host)
            said = _sieve_answer(connection, context.patience)
        offered = (
            next((line for line in said if line.upper().startswith('"SASL"')), "").partition(" ")[2].strip('"')
        )
        connection.sendall(f'AUTHENTICATE "PLAIN"{secret}\r\n'.encode())
        answer = _sieve_answer(connection, context.patience, not secret, hide)[-1]
        connection.sendall(b"LOGOUT\r\n")
        connection.close()
        return answer, offered


def _sieve_answer(
    connection: socket.socket, seconds: float, more: bool = False, hide: wire.Hide = str
) -> list[str]:
    """Lines up to OK, NO or BYE (RFC 5804, 1.2); with ``more`` a question for the rest of a login ends them, as OK
    would."""
    last = _MORE if more else _END
    found = [wire.shown(line, 1000, hide) for line in wire.lines_to(connection, last, seconds, hide=hide)]
    return [f"OK so far: {found[-1]}"] if more and found[-1].startswith(('"', "{")) else found


def _doors(context: Context, service: str) -> tuple[Door, ...]:
    offered = {listener.service for listener in context.plan.listeners}
    return roads.doors(context, "outside", service) if service in offered else ()


PROBES = (
    Probe(
        "store.imap-outside", ("REMOTE-2",), "outside", "IMAP over TLS from outside", imap_outside, negative=True
    ),
    Probe(
        "store.imap-inside", ("REMOTE-2",), "inside", "IMAP over TLS from the campus", imap_inside, negative=True
    ),
    Probe("store.pop", ("REMOTE-2",), "outside", "POP3 over TLS from outside", pop),
    Probe("store.sieve", ("REMOTE-2",), "outside", "ManageSieve over TLS from outside", sieve, negative=True),
    Probe(
        "store.wrong-password",
        ("REMOTE-2",),
        "outside",
        "The store refuses a wrong password",
        wrong_password,
        negative=True,
        phase=Phase.LATE,
        harm="gives wrong passwords, which are counted: the login may be locked and the auditor shut out",
    ),
)
