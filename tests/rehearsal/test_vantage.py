"""A vantage in this process's own network namespace: somebody listens there, and is gone afterwards."""

from __future__ import annotations

import os
import socket
import threading
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from mailwright.rehearsal.vantage import NamespaceVantage

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="entering a namespace is root's")

HERE = NamespaceVantage(
    "inside", (IPv4Address("127.0.0.1"), IPv6Address("::1")), Path("/proc/self/ns/net"), Path("/nowhere")
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_somebody_listens_at_each_address_while_it_lasts(address: str) -> None:
    port = free_port()
    before = threading.active_count()
    with HERE.listen(port):
        for _ in range(3):  # it goes on after each
            with socket.create_connection((address, port), timeout=5) as connection:
                assert connection.recv(1) == b""  # hangs up
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, port), timeout=5)
    assert threading.active_count() == before


def test_two_may_listen_on_one_port() -> None:
    port = free_port()
    with HERE.listen(port):
        with HERE.listen(port), socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


def test_an_error_inside_ends_the_listening() -> None:
    port = free_port()
    with pytest.raises(ZeroDivisionError), HERE.listen(port):
        raise ZeroDivisionError
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
