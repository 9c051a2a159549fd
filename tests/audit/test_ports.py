"""The scanner, on loopback."""

from __future__ import annotations

import os
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from mailwright.audit import ports
from mailwright.site.model import IPAddress

root = pytest.mark.skipif(os.geteuid() != 0, reason="raw sockets are root's")


def _server(address: IPAddress) -> socket.socket:
    """Listens below the ports that the system gives out: among those, servers of other tests come and go."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    for port in range(20_200, 30_000, 100):
        try:
            return socket.create_server((str(address), port), family=family)
        except OSError:
            continue
    raise AssertionError("no port is free between 20200 and 30000")


@root
@pytest.mark.parametrize("address", [IPv4Address("127.0.0.1"), IPv6Address("::1")], ids=str)
def test_finds_what_listens_and_nothing_else(address: IPAddress) -> None:
    with _server(address) as server:
        port = server.getsockname()[1]
        near = range(max(1, port - 200), min(65536, port + 200))
        found = ports.scan(address, near)
        assert port in found
        server.setblocking(False)
        with pytest.raises(BlockingIOError):  # the server itself saw nothing of it
            server.accept()
        assert all(ports._connects(address, other)[0] for other in found)
    assert port not in ports.scan(address, near)


@root
@pytest.mark.slow
def test_all_ports_are_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[1] in ports.scan(IPv4Address("127.0.0.1"), ports.ALL)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_checksum_is_right(address: str) -> None:
    """Summed with itself, a right segment gives ones throughout (RFC 1071)."""
    made = ip_address(address)
    segment = ports._syn(ports._template(made, made, 40000), 25)
    pseudo = made.packed * 2 + (
        b"\0\6" + len(segment).to_bytes(2) if made.version == 4 else len(segment).to_bytes(4) + b"\0\0\0\6"
    )
    whole = pseudo + segment
    total = sum(int.from_bytes(whole[index : index + 2]) for index in range(0, len(whole), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF
