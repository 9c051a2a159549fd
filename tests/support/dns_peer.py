"""Name servers on loopback that answer from tables."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest

from mailwright.audit import names

Table = Mapping[tuple[str, str], list[str]]  # (name with its trailing dot, type) → values in presentation form
Answering = Callable[[dns.message.Message], bytes]
"""The wire form of the answer to a question; nothing: silence."""


@contextmanager
def serving(
    table: Table | Answering,
    monkeypatch: pytest.MonkeyPatch,
    others: Mapping[str, Table | Answering] | None = None,
) -> Iterator[names.Resolver]:
    """Serve the table (or answer as that does), and let ``names`` find it under the addresses that are returned.

    Of ``broken.`` and all below it the answer is SERVFAIL.

    others  further servers, by their addresses of 127/8: each has a table of its own, or answers as it pleases
    """
    with ExitStack() as stack:
        port = stack.enter_context(_listening("127.0.0.1", 0, _answering(table)))
        for address, other in (others or {}).items():
            stack.enter_context(_listening(address, port, _answering(other)))

        def resolver(addresses: names.Resolver) -> dns.resolver.Resolver:
            made = dns.resolver.Resolver(configure=False)
            made.nameservers = list(addresses)
            made.port = port
            made.lifetime = 1.0
            made.set_flags(dns.flags.RD | dns.flags.AD)
            return made

        monkeypatch.setattr(names, "_resolver", resolver)
        monkeypatch.setattr(names, "PORT", port)
        monkeypatch.setattr(names, "_PATIENCE", 0.3)
        yield ("127.0.0.1",)


def _answering(said: Table | Answering) -> Answering:
    return from_table(said) if isinstance(said, Mapping) else said


@contextmanager
def _listening(address: str, port: int, answer: Answering) -> Iterator[int]:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, port))
    bound = server.getsockname()[1]

    def serve() -> None:
        with suppress(OSError):
            while True:
                wire, client = server.recvfrom(4096)
                if not wire:
                    return
                said = answer(dns.message.from_wire(wire))
                if said:
                    server.sendto(said, client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield bound
    finally:
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (address, bound))
        thread.join(2)
        server.close()


def silent(_question: dns.message.Message) -> bytes:
    return b""


def garbage(_question: dns.message.Message) -> bytes:
    return b"\xff" * 40


def refusing(question: dns.message.Message) -> bytes:
    answer = dns.message.make_response(question)
    answer.set_rcode(dns.rcode.REFUSED)
    return answer.to_wire()


def lame(table: Table) -> Answering:
    """Answers as one that has asked others, not as a server of the zone."""
    return lambda question: from_table(table, flags=dns.flags.RA)(question)


def secure(table: Table) -> Answering:
    """A resolver that says of everything that DNSSEC proves it."""
    return from_table(table, flags=dns.flags.RA | dns.flags.AD)


def from_table(table: Table, flags: int = dns.flags.RA | dns.flags.AA) -> Answering:
    """Answers from the table: of a name that is an alias in it, the alias and what it leads to."""

    def answer(question: dns.message.Message) -> bytes:
        made = dns.message.make_response(question)
        made.flags |= flags
        name, type_ = question.question[0].name.to_text().lower(), question.question[0].rdtype
        wanted = dns.rdatatype.to_text(type_)
        if f".{name}".endswith(".broken."):
            made.set_rcode(dns.rcode.SERVFAIL)
            return made.to_wire(max_size=65535)
        for _ in range(20):
            if (name, wanted) in table:
                made.answer.append(dns.rrset.from_text_list(name, 60, "IN", wanted, table[name, wanted]))
                break
            if (name, "CNAME") not in table:
                break
            made.answer.append(dns.rrset.from_text_list(name, 60, "IN", "CNAME", table[name, "CNAME"]))
            name = table[name, "CNAME"][0]
        if not made.answer and not any(owner == name or owner.endswith(f".{name}") for owner, _ in table):
            made.set_rcode(dns.rcode.NXDOMAIN)
        return made.to_wire(max_size=65535)

    return answer
