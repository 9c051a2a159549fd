"""A stand-in for somebody else's mail system: what is behind a gateway, or a smarthost.

Runs by itself in a container, with the standard library and ``receiver`` alone:

    python3 -m mailwright.rehearsal.standin FOLDER

FOLDER/config.json  hostname, addresses, port; known: the addresses that it has, null where it takes all;
                    login: the one that it asks for, empty where none is; inbox: where its messages go; prefix: of
                    their names
FOLDER/state        what it is to be; it looks five times a second, and FOLDER/now says what it has become
                      up      refuses unknown recipients with 550
                      down    does not listen
                      slow    lets its greeting trickle for 35 seconds
                      lying   takes every recipient
FOLDER/certificate.pem, key.pem, password   it listens as soon as these are there (password: where it has a login)
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import functools
import hmac
import json
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mailwright.rehearsal.receiver import IDLE, Session, keeper

STATES = ("up", "down", "slow", "lying")
SLOW = 35.0  # seconds until the greeting is whole

_LOOK = 0.2  # seconds
_IMPLICIT = 465  # the port where TLS begins with the first octet (RFC 8314)


@dataclass
class System:
    """What the sessions of one stand-in share."""

    folder: Path
    hostname: str
    known: frozenset[str] | None
    login: str
    keep: Callable[[dict[str, object], bytes], None]
    state: str = "up"

    @functools.cached_property
    def tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "certificate.pem", self.folder / "key.pem")
        return context

    @property
    def equipped(self) -> bool:
        wanted = ("key.pem", *(("password",) if self.login else ()))
        return all((self.folder / name).exists() for name in wanted)

    def admits(self, login: bytes, password: bytes) -> bool:
        right = (self.folder / "password").read_bytes().strip()
        return login == self.login.encode() and hmac.compare_digest(password, right)


class Guest(Session):
    """A session with the stand-in."""

    def __init__(
        self, system: System, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, secure: bool
    ) -> None:
        super().__init__(system.hostname, self._keep, reader, writer)
        self.system = system
        self.secure = secure
        self.login = ""

    async def serve(self) -> None:
        if self.system.state == "slow":
            await self._trickle(f"220-{self.hostname} takes its time\r\n")
        await super().serve()

    @property
    def offers(self) -> tuple[str, ...]:
        login = ("AUTH PLAIN LOGIN",) if self.secure and self.system.login else ()
        return (*super().offers, *(() if self.secure else ("STARTTLS",)), *login)

    def mail(self, rest: bytes) -> str:
        if self.system.login and not self.login:
            return "530 5.7.0 Authentication required"
        return super().mail(rest)

    def judge(self, address: str) -> str:
        known = self.system.known
        if known is None or self.system.state == "lying":
            return super().judge(address)
        return super().judge(address) if address.lower() in known else "550 5.1.1 No such person here"

    async def other(self, verb: bytes, rest: bytes) -> None:
        if verb == b"STARTTLS" and not self.secure:
            await self.say("220 2.0.0 Go ahead")
            await self.writer.start_tls(self.system.tls)
            self.secure = True
            self.greet(b"")
        elif verb == b"AUTH" and self.system.login:
            await self.say(await self._auth(rest))
        else:
            await super().other(verb, rest)

    async def _auth(self, rest: bytes) -> str:
        if not self.secure:
            return "538 5.7.11 Encryption required"
        mechanism, _, first = rest.partition(b" ")
        try:
            match mechanism.upper():
                case b"PLAIN":
                    _identity, login, password = (await self._said(first, "")).split(b"\0")
                case b"LOGIN":
                    login = await self._said(first, "VXNlcm5hbWU6")
                    password = await self._said(b"", "UGFzc3dvcmQ6")
                case _:
                    return "504 5.5.4 Unknown mechanism"
        except (ValueError, binascii.Error):
            return "501 5.5.2 Not understood"
        if not self.system.admits(login, password):
            return "535 5.7.8 Wrong login or password"
        self.login = login.decode()
        return "235 2.7.0 Welcome"

    async def _said(self, already: bytes, challenge: str) -> bytes:
        if not already:
            await self.say(f"334 {challenge}")
            already = (await asyncio.wait_for(self.reader.readuntil(b"\r\n"), IDLE)).strip()
        return base64.b64decode(already, validate=True)

    async def _trickle(self, text: str) -> None:
        for character in text:
            self.writer.write(character.encode())
            await self.writer.drain()
            await asyncio.sleep(SLOW / len(text))

    def _keep(self, envelope: dict[str, object], content: bytes) -> None:
        self.system.keep({**envelope, "tls": self.secure, "login": self.login}, content)


async def listen(system: System, addresses: list[str], port: int) -> asyncio.Server:
    """Start to serve; the returned server may be closed."""
    implicit = port == _IMPLICIT

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await Guest(system, reader, writer, secure=implicit).serve()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError):
            pass  # the client is gone, or talks no SMTP
        finally:
            writer.close()

    return await asyncio.start_server(session, addresses, port, ssl=system.tls if implicit else None)


async def main(folder: Path) -> None:
    said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    inbox = Path(said["inbox"])
    inbox.mkdir(exist_ok=True)
    known = None if said["known"] is None else frozenset(address.lower() for address in said["known"])
    system = System(folder, said["hostname"], known, said["login"], keeper(inbox, said["prefix"]))
    server: asyncio.Server | None = None
    while True:
        wanted = (folder / "state").read_text(encoding="ascii").strip()
        if system.equipped and wanted in STATES:
            if wanted == "down" and server is not None:
                server.close()
                server = None
            if wanted != "down" and server is None:
                server = await listen(system, said["addresses"], said["port"])
            system.state = wanted
            (folder / "now").write_text(wanted, encoding="ascii")
        await asyncio.sleep(_LOOK)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
