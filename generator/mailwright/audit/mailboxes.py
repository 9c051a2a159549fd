"""What lies in mailboxes: over IMAP where an account is at hand, with doveadm on the host otherwise."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from mailwright.audit import roads
from mailwright.audit.model import Account, Context, UnavailableError

TIMEOUT = 45.0  # seconds for one answer
_PAUSE = 0.25  # seconds between two looks


class ImapOverTls(imaplib.IMAP4_SSL):
    """Connects to an address, and wants a certificate for a name."""

    def __init__(
        self, address: str, port: int, context: ssl.SSLContext, name: str, timeout: float = TIMEOUT
    ) -> None:
        self._name = name
        self._context = context
        super().__init__(address, port, ssl_context=context, timeout=timeout)

    def _create_socket(self, timeout: float | None = None) -> ssl.SSLSocket:
        connection = socket.create_connection((self.host, self.port), timeout)
        return self._context.wrap_socket(connection, server_hostname=self._name)


@contextmanager
def signed_in(context: Context, door: roads.Door, account: Account) -> Iterator[ImapOverTls]:
    """An IMAP session with the in-box open for reading. Raises OSError when the login is not taken."""
    try:
        session = ImapOverTls(str(door.address), door.listener.port, roads.tls(context), door.listener.host)
        try:
            session.login(account.login, account.password)
            session.select("INBOX", readonly=True)
            yield session
        finally:
            session.logout()
    except imaplib.IMAP4.error as error:
        raise UnavailableError(f"IMAP on {door} as {account.login}: {error}") from error


def holding(context: Context, login: str, marks: Iterable[str], timeout: float = 60.0) -> dict[str, int]:
    """How many messages of the in-box hold each mark in their Subject: line, as soon as each is there.

    Waits up to ``timeout`` seconds for those that are missing; 0 for one that did not come.
    """
    wanted = tuple(marks)
    deadline = time.monotonic() + timeout
    counts = dict.fromkeys(wanted, 0)
    while True:
        missing = [mark for mark in wanted if not counts[mark]]
        if missing:
            counts |= _counted(context, login, missing)
        if all(counts.values()) or time.monotonic() > deadline:
            return counts
        time.sleep(_PAUSE)


def messages(context: Context, account: Account, mark: str, timeout: float = 60.0) -> tuple[bytes, ...]:
    """The messages of the in-box that hold ``mark``, as soon as there is one; none after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    door = _store(context, account.login)
    while True:
        with roads.vantage(context, "outside").enter(), signed_in(context, door, account) as session:
            numbers = session.search(None, "TEXT", _quoted(mark))[1][0].split()
            found = tuple(_text(session, number) for number in numbers)
        if found or time.monotonic() > deadline:
            return found
        time.sleep(_PAUSE)


def _counted(context: Context, login: str, marks: list[str]) -> dict[str, int]:
    account = next((one for one in context.accounts if one.login == login), None)
    if account is None:
        return {mark: _by_doveadm(context, login, mark) for mark in marks}
    door = _store(context, login)
    with roads.vantage(context, "outside").enter(), signed_in(context, door, account) as session:
        return {mark: _found(session, "HEADER", "Subject", mark) for mark in marks}


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
    doors = roads.doors(context, "outside", "imaps")
    keeper = next((mailbox.host for mailbox in context.plan.mailboxes if mailbox.login == login), "")
    return next((door for door in doors if door.listener.host == keeper), doors[0])


def _found(session: imaplib.IMAP4, *criteria: str) -> int:
    *keys, value = criteria
    return len(session.search(None, *keys, _quoted(value))[1][0].split())


def _quoted(value: str) -> str:
    """A quoted string (RFC 3501, 4.3)."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(session: imaplib.IMAP4, number: bytes) -> bytes:
    parts = session.fetch(number.decode(), "(BODY.PEEK[])")[1]
    return b"".join(part[1] for part in parts if isinstance(part, tuple))
