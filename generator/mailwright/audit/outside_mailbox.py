"""A mailbox with somebody else, read by IMAP over TLS: the correspondent of an audit."""

from __future__ import annotations

import imaplib
import re
import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import field

from mailwright.audit import hops, letters, names, roads, wire
from mailwright.audit.mailboxes import ImapOverTls
from mailwright.audit.model import Received, UnavailableError
from mailwright.records import dataclass
from mailwright.site.addresses import domain

_SESSION = 60.0  # seconds that one session may last
_FRESH = 40.0  # and after which another is begun
_PAUSE = 0.4  # seconds between two looks
_BIGGEST = 1 << 20  # octets of a test message; others are not ours


@dataclass(frozen=True, slots=True)
class Access:
    """How the mailbox is reached. ``password`` is the secret itself."""

    address: str
    server: str
    port: int
    login: str
    password: str = field(repr=False)


@dataclass(slots=True)
class _Folder:
    """A folder, the first UID (RFC 3501, 2.3.1.1) that is new, and what was looked at."""

    name: str
    start: int
    seen: set[int] = field(default_factory=set)
    ours: set[int] = field(default_factory=set)


class OutsideMailbox:
    """``audit.model.Correspondent``. Nothing but this run's own test messages is fetched whole, or removed.

    resolver  addresses of the resolver that knows the server
    own       names of the site's hosts
    trust     PEM file of an authority besides the system's

    One session serves everybody who waits: messages are read as they come, and found by their tokens here, since
    servers search in ways of their own.
    """

    def __init__(
        self, access: Access, resolver: names.Resolver, own: Collection[str], trust: str | None = None
    ) -> None:
        self._access = access
        self._resolver = resolver
        self._own = own
        self._trust = trust
        self._lock = threading.Lock()
        self._trouble = ""
        self._session: ImapOverTls | None = None
        self._begun = 0.0
        self._looked = 0.0
        self._folders: list[_Folder] = []
        self._taken: list[Received] = []

    @property
    def address(self) -> str:
        """Raises UnavailableError when the mailbox could not be opened: what is sent to it would not be seen."""
        if self._trouble:
            raise UnavailableError(self._trouble)
        return self._access.address

    @property
    def domain(self) -> str:
        return domain(self._access.address)

    def open(self) -> None:
        """Sign in, and note what is there already. Raises UnavailableError; it is not tried again then, for a wrong
        password that is given again and again locks a login."""
        with self._lock:
            try:
                self._signed_in()
            except OSError as error:
                self._trouble = wire.words(error)
                raise

    def wait_for(self, token: str, timeout: float = 60.0) -> Received | None:
        """The message that holds ``token``, as soon as it is there; None after ``timeout`` s.

        Raises UnavailableError when the mailbox cannot be looked into.
        """
        if self._trouble:
            raise UnavailableError(self._trouble)
        wanted = token.encode()
        deadline = time.monotonic() + timeout
        while True:
            with self._lock:
                if time.monotonic() - self._looked >= _PAUSE:
                    self._look()
                for message in self._taken:
                    if wanted in message.content:
                        return message
            if time.monotonic() > deadline:
                return None
            time.sleep(_PAUSE)

    def close(self, remove: bool = True) -> None:
        """Remove this run's test messages, where the server can do so and leave others (UIDPLUS), and log out."""
        with self._lock:
            try:
                if remove and self._folders:
                    self._look()
                    self._remove()
            except (imaplib.IMAP4.error, OSError):  # they stay, as those would that come late
                pass
            if self._session is not None:
                self._session.leave()
                self._session = None

    # ---- with the lock held

    def _look(self) -> None:
        try:
            self._read_new()
        except (imaplib.IMAP4.error, OSError):
            self._session = None  # servers end sessions at will: once more with another
            try:
                self._read_new()
            except imaplib.IMAP4.error as error:
                raise UnavailableError(f"IMAP on {self._access.server}: {wire.shown(str(error))}") from error
        self._looked = time.monotonic()

    def _read_new(self) -> None:
        session = self._signed_in()
        for place in self._folders:
            _select(session, place.name)
            numbers = _numbers(session.uid("SEARCH", None, f"UID {place.start}:*"))  # type: ignore[arg-type]
            fresh = sorted(number for number in numbers if number >= place.start and number not in place.seen)
            for number in fresh:
                self._read(session, place, number)

    def _read(self, session: ImapOverTls, place: _Folder, number: int) -> None:
        status, parts = session.uid("FETCH", str(number), "(RFC822.SIZE BODY.PEEK[HEADER])")
        head = _content(parts)
        size = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(_envelopes(parts)))
        if status != "OK" or head is None or size is None:
            return
        place.seen.add(number)
        if letters.PREFIX.encode() not in head or int(size[1]) > _BIGGEST:
            return
        status, parts = session.uid("FETCH", str(number), "(BODY.PEEK[])")
        content = _content(parts)
        if status == "OK" and content is not None:
            place.ours.add(number)
            self._taken.append(hops.taken(content, self._own, self._access.address))

    def _remove(self) -> None:
        session = self._signed_in()
        _, rows = session.capability()  # servers say more of themselves to somebody who has logged in
        if b"UIDPLUS" not in b" ".join(row for row in rows if isinstance(row, bytes)).upper().split():
            return
        for place in self._folders:
            if place.ours:
                _select(session, place.name, readonly=False)
                numbers = ",".join(map(str, sorted(place.ours)))
                session.uid("STORE", numbers, "+FLAGS.SILENT", r"(\Deleted)")
                session.uid("EXPUNGE", numbers)

    def _signed_in(self) -> ImapOverTls:
        """The session; another where there is none, or where it has lasted long enough."""
        if self._session is not None and time.monotonic() - self._begun < _FRESH:
            return self._session
        if self._session is not None:
            self._session.leave()
            self._session = None
        session = self._connected()
        try:
            session.login(self._access.login, self._access.password)
            if not self._folders:
                self._folders = [_folder(session, name) for name in ("INBOX", *_junk(session))]
        except imaplib.IMAP4.error as error:
            session.leave()
            raise UnavailableError(
                f"IMAP on {self._access.server} as {self._access.login}: {wire.shown(str(error))}"
            ) from error
        self._session, self._begun = session, time.monotonic()
        return session

    def _connected(self) -> ImapOverTls:
        client = roads.client(self._trust)
        addresses = names.addresses(self._resolver, self._access.server)
        trouble: list[str] = []
        for address in addresses:
            try:
                return ImapOverTls(str(address), self._access.port, client, self._access.server, _SESSION)
            except (OSError, imaplib.IMAP4.error) as error:
                trouble.append(f"{address}: {wire.words(error)}")
        raise UnavailableError(
            f"the outside mailbox at {self._access.server} port {self._access.port} cannot be reached: "
            + ("; ".join(trouble) or "the DNS has no address")
        )


def _folder(session: ImapOverTls, name: str) -> _Folder:
    """Raises imaplib's error where there is no such folder."""
    status, answer = session.status(_quoted(name), "(UIDNEXT)")
    found = re.search(rb"UIDNEXT (\d+)", answer[0] or b"") if status == "OK" else None
    if found is None:
        raise imaplib.IMAP4.error(f"no UIDNEXT of {name}")
    return _Folder(name, int(found[1]))


def _junk(session: ImapOverTls) -> list[str]:
    """The folder where a filter puts what it suspects (RFC 6154), where there is one."""
    status, rows = session.list()
    found = []
    for row in rows if status == "OK" else ():
        said = (
            re.fullmatch(rb'\(([^)]*)\) (?:"[^"]*"|NIL) "?([^"\r\n]+?)"?', row) if isinstance(row, bytes) else None
        )
        if said and rb"\junk" in said[1].lower().split():
            found.append(said[2].decode("ascii", "replace"))
    return found[:1]


def _select(session: ImapOverTls, name: str, readonly: bool = True) -> None:
    status, answer = session.select(_quoted(name), readonly=readonly)
    if status != "OK":
        raise imaplib.IMAP4.error(f"{name} cannot be opened: {answer!r}")


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _numbers(answer: tuple[str, list[bytes | None]]) -> set[int]:
    status, rows = answer
    return {int(number) for row in rows if row for number in row.split()} if status == "OK" else set()


def _content(parts: Iterable[object]) -> bytes | None:
    return next((part[1] for part in parts if isinstance(part, tuple)), None)


def _envelopes(parts: Iterable[object]) -> Iterable[bytes]:
    """What stands around the literals."""
    for part in parts:
        if isinstance(part, tuple):
            yield part[0]
        elif isinstance(part, bytes):
            yield part
