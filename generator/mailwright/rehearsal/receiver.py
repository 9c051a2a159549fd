"""The foreign mail host of the simulated Internet: takes in all mail and keeps every byte with its envelope.

Runs by itself under the world container's Python, with the standard library alone:

    receiver.py FOLDER HOSTNAME ADDRESS...

Each message becomes ``<number>.eml``, the bytes after DATA with dots unstuffed, and ``<number>.json``: sender,
recipients, client, helo. It is strict where forgers hope that it is not: a command ends with CRLF, the data with
CRLF.CRLF and nothing else, and all other bytes are kept as they come.

Two local parts are refused, so that bounces and retries can be seen: ``refused`` with 550, ``later`` with 451.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

MAXIMUM = 64 * 2**20  # bytes of a message
IDLE = 300.0  # seconds

_PATH = re.compile(rb"<([^<>\r\n]*)>(?: .*)?")


class Session:
    """One SMTP session (RFC 5321): ``serve`` speaks it until the client leaves."""

    def __init__(
        self,
        hostname: str,
        keep: Callable[[dict[str, object], bytes], None],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.hostname = hostname
        self.keep = keep
        self.reader = reader
        self.writer = writer
        self.client = str(writer.get_extra_info("peername")[0])
        self.helo = ""
        self.sender: str | None = None
        self.recipients: list[str] = []

    async def serve(self) -> None:
        await self.say(f"220 {self.hostname} ESMTP")
        while True:
            line = await asyncio.wait_for(self.reader.readuntil(b"\r\n"), IDLE)
            verb, _, rest = line[:-2].partition(b" ")
            match verb.upper():
                case b"EHLO":
                    self.greet(rest)
                    await self.say(
                        f"250-{self.hostname}", *(f"250-{offer}" for offer in self.offers), "250 PIPELINING"
                    )
                case b"HELO":
                    self.greet(rest)
                    await self.say(f"250 {self.hostname}")
                case b"MAIL":
                    await self.say(self.mail(rest))
                case b"RCPT":
                    await self.say(self.rcpt(rest))
                case b"DATA":
                    await self.data()
                case b"RSET":
                    self.reset()
                    await self.say("250 2.0.0 Ok")
                case b"NOOP":
                    await self.say("250 2.0.0 Ok")
                case b"QUIT":
                    await self.say("221 2.0.0 Bye")
                    return
                case other:
                    await self.other(other, rest)

    @property
    def offers(self) -> tuple[str, ...]:
        """What EHLO is answered with, besides PIPELINING."""
        return (f"SIZE {MAXIMUM}", "8BITMIME", "SMTPUTF8")

    async def other(self, _verb: bytes, _rest: bytes) -> None:
        """A command that is none of those above."""
        await self.say("502 5.5.2 Not understood")

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    def greet(self, name: bytes) -> None:
        self.helo = name.decode("utf-8", "replace")
        self.reset()

    def reset(self) -> None:
        self.sender = None
        self.recipients = []

    def mail(self, rest: bytes) -> str:
        path = _PATH.fullmatch(rest[5:].strip()) if rest.upper().startswith(b"FROM:") else None
        if path is None:
            return "501 5.1.7 Syntax: MAIL FROM:<address>"
        if self.sender is not None:
            return "503 5.5.1 Sender already given"
        self.sender = path[1].decode("utf-8", "replace")
        return "250 2.1.0 Ok"

    def rcpt(self, rest: bytes) -> str:
        path = _PATH.fullmatch(rest[3:].strip()) if rest.upper().startswith(b"TO:") else None
        if path is None or not path[1]:
            return "501 5.1.3 Syntax: RCPT TO:<address>"
        if self.sender is None:
            return "503 5.5.1 Need MAIL first"
        address = path[1].decode("utf-8", "replace")
        verdict = self.judge(address)
        if verdict.startswith("2"):
            self.recipients.append(address)
        return verdict

    def judge(self, address: str) -> str:
        """The reply to a recipient."""
        local = address.partition("@")[0].lower()
        if local == "refused":
            return "550 5.1.1 No such person here"
        if local == "later":
            return "451 4.3.0 Not now"
        return "250 2.1.5 Ok"

    async def data(self) -> None:
        if not self.recipients:
            await self.say("503 5.5.1 Need RCPT first")
            return
        await self.say("354 End with CRLF.CRLF")
        content = bytearray()
        beginning = True  # of a line: only a dot after CRLF counts, never one after a bare LF or CR
        while True:
            try:
                piece = await asyncio.wait_for(self.reader.readuntil(b"\r\n"), IDLE)
            except asyncio.LimitOverrunError as overrun:
                piece = await self.reader.readexactly(max(overrun.consumed, 1))
            if beginning and piece == b".\r\n":
                break
            content += piece[1:] if beginning and piece.startswith(b".") else piece
            beginning = piece.endswith(b"\r\n")
            if len(content) > MAXIMUM:
                await self.say("552 5.3.4 Too big")
                raise ConnectionError("message too big")
        envelope: dict[str, object] = {
            "sender": self.sender,
            "recipients": self.recipients,
            "client": self.client,
            "helo": self.helo,
        }
        self.keep(envelope, bytes(content))
        self.reset()
        await self.say("250 2.0.0 Kept")


def keeper(folder: Path, prefix: str = "") -> Callable[[dict[str, object], bytes], None]:
    """What keeps messages in ``folder``, under numbers after ``prefix``.

    The envelope appears last, so whoever sees it can read the message.
    """
    numbers = itertools.count(1)

    def keep(envelope: dict[str, object], content: bytes) -> None:
        name = f"{prefix}{next(numbers):06d}"
        (folder / f"{name}.eml").write_bytes(content)
        unfinished = folder / f"{name}.unfinished"
        unfinished.write_text(json.dumps(envelope), encoding="utf-8")
        unfinished.rename(folder / f"{name}.json")

    return keep


async def listen(folder: Path, hostname: str, addresses: list[str], port: int = 25) -> asyncio.Server:
    """Start to serve; the returned server may be closed."""
    keep = keeper(folder)

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await Session(hostname, keep, reader, writer).serve()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError):
            pass  # the client is gone, or talks no SMTP
        finally:
            writer.close()

    return await asyncio.start_server(session, addresses, port)


async def main(folder: str, hostname: str, *addresses: str) -> None:
    server = await listen(Path(folder), hostname, list(addresses))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
