"""The web host of inventories/whole on loopback, played by a function, for the probes of what it serves."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import IPv4Address

from mailwright import plan
from mailwright.audit.model import Account, Context
from mailwright.plan.model import Plan
from mailwright.site.model import Site
from mailwright.site.read import read
from support.example import ROOT
from support.mail_peer import listening
from support.probing import Here, certificate, server_tls

WEB = "www.college.ac.uk"
PASSWORD = "right"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. ``login``: who has signed in with the right password (HTTP Basic); empty: nobody."""

    method: str
    name: str
    path: str
    headers: dict[str, str]
    body: bytes
    login: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()

    def octets(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Said", f"Content-Type: {self.type}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


Answers = Callable[[Asked], Answer]


@cache
def whole() -> Site:
    """inventories/whole as it is."""
    reading = read(ROOT / "inventories" / "whole" / "site.yml")
    assert reading.site is not None, [f"{finding.where}: {finding.message}" for finding in reading.findings]
    return reading.site


@cache
def whole_plan() -> Plan:
    return plan.make(whole())


@dataclass(frozen=True)
class Users:
    """A shell in which these users reach these ports."""

    reach: set[tuple[str, int]]

    def run(self, _host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:
        del timeout
        user, port = argv[1].partition("=")[2], int(argv[-2])
        there = (user, port) in self.reach
        return 0, "connected\n" if there else "not connected: [Errno 111] Connection refused\n"


@contextmanager
def web_site(answers: Answers, made: Plan | None = None) -> Iterator[Context]:
    """A context in which ``answers`` is the web host, and the list host's pages; nothing else listens."""
    made = made or whole_plan()
    names = sorted({row.name for row in made.web} - {WEB})
    tls = server_tls(WEB, *names)

    def accepted(connection: socket.socket) -> None:
        with tls.wrap_socket(connection, server_side=True) as secure:
            reader = secure.makefile("rb")
            method, path, _ = reader.readline().decode().split()
            headers: dict[str, str] = {}
            while line := reader.readline().decode().strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = reader.read(int(headers.get("content-length", "0")))
            asked = Asked(method, headers.get("host", ""), path, headers, body, _login(headers))
            secure.sendall(answers(asked).octets())

    with listening(accepted) as port:
        yield Context(
            plan=replace(
                made,
                hosts=tuple(replace(host, addresses=(IPv4Address("127.0.0.1"),)) for host in made.hosts),
                listeners=tuple(
                    replace(row, port=port) if row.service == "https" else row for row in made.listeners
                ),
            ),
            resolver=("127.0.0.1",),
            vantages={"outside": Here("outside"), "inside": Here("inside")},
            shell=None,
            correspondent=None,
            accounts=tuple(Account(row.login, PASSWORD) for row in made.mailboxes),
            trust=str(certificate(WEB, *names)),
        )


def _login(headers: dict[str, str]) -> str:
    kind, _, secret = headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return ""
    login, _, password = base64.b64decode(secret).decode().partition(":")
    return login if password == PASSWORD else ""
