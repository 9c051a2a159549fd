"""What lies in mailboxes: over IMAP where an account is at hand, with doveadm on the host otherwise."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from mailwright.audit import roads, wire
from mailwright.audit.model import Account, Context, UnavailableError
from mailwright.audit.smtp import ProtocolError

_PAUSE = 0.25  # seconds between two looks


class ImapOverTls(imaplib.IMAP4_SSL):
    """Connects to an address, and wants a certificate for a name. The session ends after ``seconds``."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext, name: str, seconds: float) -> None:
        self._name = name
        self._context = context
        self._seconds = seconds
        super().__init__(address, port, ssl_context=context, timeout=seconds)

    def _create_socket(self, timeout: float | None = None) -> ssl.SSLSocket:
        connection = socket.create_connection((self.host, self.port), timeout)
        return wire.secure(connection, self._context, self._name, self._seconds)

    def read(self, size: int) -> bytes:
        """A literal. Python sets as much memory aside as the other side says that it will be."""
        if size > wire.OCTETS:
            raise ProtocolError(f"a literal of {size} octets")
        return super().read(size)

    def login(self, user: str, password: str) -> tuple[str, list[bytes]]:  # type: ignore[override]
        """As imaplib has it; but no error's words tell the password, which servers may echo."""
        hide = wire.hiding(user, password)
        try:
            return super().login(user, password)
        except imaplib.IMAP4.abort as error:
            raise imaplib.IMAP4.abort(wire.shown(str(error), hide=hide)) from None
        except imaplib.IMAP4.error as error:
            raise imaplib.IMAP4.error(wire.shown(str(error), hide=hide)) from None

    def leave(self) -> None:
        """Log out, where the other side is still there."""
        try:
            self.logout()
        except (imaplib.IMAP4.error, OSError):
            self.shutdown()


@contextmanager
def connected(context: Context, door: roads.Door) -> Iterator[ImapOverTls]:
    """An IMAP session in which nobody has logged in yet. Raises OSError when it does not come about, and for what
    is no IMAP."""
    with roads.talking(context, door):
        session: ImapOverTls | None = None
        try:
            session = ImapOverTls(
                str(door.address), door.listener.port, roads.tls(context), door.listener.host, context.patience
            )
            yield session
        except imaplib.IMAP4.abort as error:
            raise ProtocolError(f"no IMAP: {wire.shown(str(error))}") from error
        except imaplib.IMAP4.error as error:
            if session is not None:
                raise
            raise ProtocolError(f"no IMAP: {wire.shown(str(error))}") from error
        finally:
            if session is not None:
                session.leave()


@contextmanager
def signed_in(context: Context, door: roads.Door, account: Account) -> Iterator[ImapOverTls]:
    """An IMAP session with the in-box open for reading. Raises OSError when the login is not taken."""
    try:
        with connected(context, door) as session:
            session.login(account.login, account.password)
            session.select("INBOX", readonly=True)
            yield session
    except imaplib.IMAP4.error as error:
        raise UnavailableError(f"IMAP on {door} as {account.login}: {wire.shown(str(error))}") from error


def holding(context: Context, login: str, marks: Iterable[str], timeout: float = 60.0) -> dict[str, int]:
    """How many messages of the in-box hold each mark in their Subject: line, as soon as each is there.

    Waits up to ``timeout`` seconds for those that are missing; 0 for one that did not come.
    """
    account = next((one for one in context.accounts if one.login == login), None)
    if account is None:
        return _counted(marks, timeout, lambda mark: _by_doveadm(context, login, mark))
    with _looking(context, _store(context, login), account) as session:
        return _counted(marks, timeout, lambda mark: _found(session, "HEADER", "Subject", mark), session.noop)


def messages(context: Context, account: Account, mark: str, timeout: float = 60.0) -> tuple[bytes, ...]:
    """The messages of the in-box that hold ``mark``, as soon as there is one; none after ``timeout`` seconds."""
    with _looking(context, _store(context, account.login), account) as session:
        _counted([mark], timeout, lambda mark: len(_numbers(session, "TEXT", mark)), session.noop)
        return tuple(_text(session, number) for number in _numbers(session, "TEXT", mark))


@contextmanager
def _looking(context: Context, door: roads.Door, account: Account) -> Iterator[ImapOverTls]:
    """One session for all looks: to log in for each would be most of the work, here and there."""
    with roads.vantage(context, roads.somewhere(context)).enter(), signed_in(context, door, account) as session:
        yield session


def _counted(
    marks: Iterable[str],
    timeout: float,
    count: Callable[[str], int],
    again: Callable[[], object] = lambda: None,
) -> dict[str, int]:
    """Counts what there is of each mark until there is something of all. ``again``: before another look."""
    deadline = time.monotonic() + timeout
    counts = dict.fromkeys(marks, 0)
    while True:
        counts |= {mark: count(mark) for mark, found in counts.items() if not found}
        if all(counts.values()) or time.monotonic() > deadline:
            return counts
        time.sleep(_PAUSE)
        again()


def _by_doveadm(context: Context, login: str, mark: str) -> int:
    host = next(mailbox.host for mailbox in context.plan.mailboxes if mailbox.login == login)
    status, output = roads.shell(context).run(
        host, "doveadm", "search", "-u", login, "mailbox", "INBOX", "header", "subject", mark
    )
    if status != 0:
        raise UnavailableError(f"doveadm cannot look into the mailbox of {login}: {output.strip()[:200]}")
    return len(re.findall(r"^[0-9a-f]{32} \d+$", output, re.MULTILINE))


def _store(context: Context, login: str) -> roads.Door:
    """The store that keeps the mailbox; the others would hand the login over to it."""
    doors = roads.doors(context, roads.somewhere(context), "imaps")
    keeper = next((mailbox.host for mailbox in context.plan.mailboxes if mailbox.login == login), "")
    return next((door for door in doors if door.listener.host == keeper), doors[0])


def _found(session: imaplib.IMAP4, *criteria: str) -> int:
    return len(_numbers(session, *criteria))


def _numbers(session: imaplib.IMAP4, *criteria: str) -> list[bytes]:
    *keys, value = criteria
    status, answer = session.search(None, *keys, _quoted(value))
    if status != "OK":
        raise ProtocolError(f"SEARCH was answered with {status} {answer!r:.100}")
    return (answer[0] or b"").split()


def _quoted(value: str) -> str:
    """A quoted string (RFC 3501, 4.3)."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(session: imaplib.IMAP4, number: bytes) -> bytes:
    parts = session.fetch(number.decode(), "(BODY.PEEK[])")[1]
    return b"".join(part[1] for part in parts if isinstance(part, tuple))
