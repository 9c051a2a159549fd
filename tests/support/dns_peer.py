"""A name server on loopback that answers from a table."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest

from mailwright.audit import names

Table = Mapping[tuple[str, str], list[str]]  # (name with its trailing dot, type) → values in presentation form


@contextmanager
def serving(table: Table, monkeypatch: pytest.MonkeyPatch) -> Iterator[names.Resolver]:
    """Serve the table, and let ``names`` find it under the addresses that are returned. SERVFAIL for ``broken.``"""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    port = server.getsockname()[1]

    def serve() -> None:
        with suppress(OSError):
            while True:
                wire, client = server.recvfrom(4096)
                if not wire:
                    return
                server.sendto(_answer(dns.message.from_wire(wire), table), client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    def resolver(addresses: names.Resolver) -> dns.resolver.Resolver:
        made = dns.resolver.Resolver(configure=False)
        made.nameservers = list(addresses)
        made.port = port
        made.lifetime = 2.0
        return made

    monkeypatch.setattr(names, "_resolver", resolver)
    try:
        yield ("127.0.0.1",)
    finally:
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", port))
        thread.join(2)
        server.close()


def _answer(question: dns.message.Message, table: Table) -> bytes:
    answer = dns.message.make_response(question)
    answer.flags |= dns.flags.RA
    name, type_ = question.question[0].name.to_text().lower(), dns.rdatatype.to_text(question.question[0].rdtype)
    if name == "broken.":
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif (name, type_) in table:
        answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", type_, table[name, type_]))
    elif not any(owner == name for owner, _ in table):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer.to_wire()
