"""A small IMAP server over TLS for the outside mailbox of an audit: one in-box, and a folder for junk."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

LOGIN, PASSWORD = "auditor", 'a password of "its" own\\'


@dataclass
class Box:
    """Messages by folder and UID. ``fill`` is asked for what has come before each command."""

    folders: dict[str, dict[int, bytes]] = field(default_factory=lambda: {"INBOX": {}, "Junk E-mail": {}})
    fill: Callable[[], Iterable[bytes]] = tuple
    next: int = 1
    uidplus: bool = True
    hangs_up: set[str] = field(default_factory=set)  # commands at which the connection is closed, once each
    fetched: list[int] = field(default_factory=list)
    logins: int = 0
    echoes: str = ""  # the answer to a login, before what was asked

    def add(self, content: bytes, folder: str = "INBOX") -> int:
        number, self.next = self.next, self.next + 1
        self.folders[folder][number] = content
        return number


def serve(box: Box, tls: ssl.SSLContext) -> Callable[[socket.socket], None]:
    """For ``mail_peer.listening``."""

    def session(connection: socket.socket) -> None:
        with tls.wrap_socket(connection, server_side=True) as secure:
            Session(box, secure).run()

    return session


class Session:
    def __init__(self, box: Box, connection: ssl.SSLSocket) -> None:
        self.box = box
        self.connection = connection
        self.reader = connection.makefile("rb")
        self.folder: dict[int, bytes] = {}
        self.deleted: set[int] = set()
        self.readonly = True
        self.known = False

    def run(self) -> None:
        self.say("* OK [CAPABILITY IMAP4rev1] ready")
        while line := self.reader.readline().decode().strip():
            tag, _, rest = line.partition(" ")
            verb, _, arguments = rest.partition(" ")
            if verb.upper() == "UID":
                verb, _, arguments = arguments.partition(" ")
            if verb.upper() in self.box.hangs_up:
                self.box.hangs_up.discard(verb.upper())
                return
            for content in self.box.fill():
                self.box.add(content)
            answer = getattr(self, f"on_{verb.lower()}", None)
            self.say(f"{tag} {answer(arguments) if answer else 'BAD what?'}")
            if verb.upper() == "LOGOUT":
                return

    def say(self, line: str) -> None:
        self.connection.sendall(line.encode("ascii") + b"\r\n")

    def on_capability(self, _arguments: str) -> str:
        plus = " UIDPLUS" if self.box.uidplus and self.known else ""
        self.say(f"* CAPABILITY IMAP4rev1{plus}")
        return "OK done"

    def on_login(self, arguments: str) -> str:
        self.box.logins += 1
        if self.box.echoes:
            return f"{self.box.echoes} LOGIN {arguments}"
        self.known = _strings(arguments) == [LOGIN, PASSWORD]
        return "OK in" if self.known else "NO [AUTHENTICATIONFAILED] no"

    def on_list(self, _arguments: str) -> str:
        self.say('* LIST (\\HasNoChildren) "/" INBOX')
        self.say('* LIST (\\HasNoChildren \\Junk) "/" "Junk E-mail"')
        return "OK done"

    def on_status(self, _arguments: str) -> str:
        self.say(f"* STATUS x (UIDNEXT {self.box.next})")
        return "OK done"

    def on_select(self, arguments: str) -> str:
        self.readonly = False
        return self._open(arguments)

    def on_examine(self, arguments: str) -> str:
        self.readonly = True
        return self._open(arguments)

    def _open(self, arguments: str) -> str:
        self.folder = self.box.folders[_strings(arguments)[0]]
        self.say(f"* {len(self.folder)} EXISTS")
        return "OK done"

    def on_search(self, arguments: str) -> str:
        start = int(re.search(r"UID (\d+):\*", arguments)[1])  # type: ignore[index]
        # RFC 3501 (9): "*" is the last message even where the other end is beyond it.
        found = sorted(number for number in self.folder if number >= start) or sorted(self.folder)[-1:]
        self.say(f"* SEARCH {' '.join(map(str, found))}".rstrip())
        return "OK done"

    def on_fetch(self, arguments: str) -> str:
        number = int(arguments.split()[0])
        content = self.folder[number]
        whole = "BODY.PEEK[]" in arguments
        part = content if whole else content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        if whole:
            self.box.fetched.append(number)
        name = "BODY[]" if whole else f"RFC822.SIZE {len(content)} BODY[HEADER]"
        self.connection.sendall(f"* 1 FETCH (UID {number} {name} {{{len(part)}}}\r\n".encode() + part + b")\r\n")
        return "OK done"

    def on_store(self, arguments: str) -> str:
        if self.readonly:
            return "NO read-only"
        self.deleted |= {int(number) for number in arguments.split()[0].split(",")}
        return "OK done"

    def on_expunge(self, arguments: str) -> str:
        for number in self.deleted & {int(number) for number in arguments.split(",")}:
            self.folder.pop(number, None)
        return "OK done"

    def on_logout(self, _arguments: str) -> str:
        self.say("* BYE")
        return "OK done"

    def on_noop(self, _arguments: str) -> str:
        return "OK done"


def _strings(arguments: str) -> list[str]:
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', arguments)
    return [plain if plain else re.sub(r"\\(.)", r"\1", quoted) for quoted, plain in found]
