"""Clocks and time stamps."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from zoneinfo import ZoneInfo

import pytest

from mailwright.audit import clock

LONDON = ZoneInfo("Europe/London")
SUMMER = 1_783_080_000.0  # 2026-07-03 12:00:00 UTC


@contextmanager
def time_server(ahead: float, stratum: int = 2) -> Iterator[int]:
    """Answers one NTP query, as a server whose clock is so many seconds ahead."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)

        def serve() -> None:
            question, client = server.recvfrom(512)
            stamp = struct.pack("!II", *clock._ntp(time.time() + ahead))
            head = bytes([0x24, stratum]) + bytes(22)
            server.sendto(head + question[40:48] + stamp + stamp, client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize("ahead", [0.0, 5.0, -5.0])
def test_the_offset_is_ours_less_the_servers(ahead: float) -> None:
    with time_server(ahead) as port:
        assert clock.query(IPv4Address("127.0.0.1"), port) == pytest.approx(-ahead, abs=0.2)


def test_a_server_that_is_not_synchronised_serves_no_time() -> None:
    with time_server(0, stratum=0) as port, pytest.raises(OSError, match="stratum 0"):
        clock.query(IPv4Address("127.0.0.1"), port)


@pytest.mark.parametrize(
    ("value", "ok"),
    [
        ("Fri, 03 Jul 2026 13:00:00 +0100", True),
        ("Fri, 03 Jul 2026 13:00:00 +0100 (BST)", True),
        ("Fri, 03 Jul 2026 12:00:00 +0000", False),  # right, but not the site's time zone
        ("Fri, 03 Jul 2026 12:00:00 -0000", False),
        ("Fri, 03 Jul 2026 13:00:03 +0100", False),
        ("Fri, 03 Jul 2026 12:59:57 +0100", False),
        ("yesterday", False),
    ],
)
def test_a_stamp_is_right_to_a_second_and_in_the_right_zone(value: str, ok: bool) -> None:
    assert clock._stamped("Date", value, SUMMER, SUMMER + 0.4, LONDON).ok is ok
