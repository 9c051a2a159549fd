"""A time server that lies: answers NTP (RFC 5905, client/server) with the machine's time plus some seconds.

Runs by itself under the world container's Python, with the standard library alone:

    false_time.py SECONDS ADDRESS...
"""

from __future__ import annotations

import selectors
import socket
import struct
import sys
import time

_SINCE_1900 = 2_208_988_800  # seconds from NTP's epoch to Unix's


def answer(question: bytes, now: float) -> bytes | None:
    """The reply to a client's packet at time ``now`` (Unix seconds); None when it is no such packet."""
    if len(question) < 48 or question[0] & 7 != 3:
        return None
    version = question[0] >> 3 & 7
    stamp = _stamp(now)
    head = struct.pack(">BBbbII4s", version << 3 | 4, 2, question[2], -20, 0, 0, b"\x7f\x7f\x01\x01")
    return head + stamp + question[40:48] + stamp + stamp


def _stamp(now: float) -> bytes:
    seconds = int(now)
    return struct.pack(">II", (seconds + _SINCE_1900) & 0xFFFFFFFF, int((now - seconds) * 2**32))


def main(seconds: str, *addresses: str) -> None:
    selector = selectors.DefaultSelector()
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server = socket.socket(family, socket.SOCK_DGRAM)
        server.bind((address, 123))
        selector.register(server, selectors.EVENT_READ, server)
    while True:
        for key, _ in selector.select():
            question, client = key.data.recvfrom(512)
            reply = answer(question, time.time() + float(seconds))
            if reply is not None:
                key.data.sendto(reply, client)


if __name__ == "__main__":
    main(*sys.argv[1:])
