#!/usr/bin/python3 -I
"""gzip for rotated mail logs: logrotate hands it the text and takes what it prints; zcat reads that as ever.

Every 256 KiB of text are a member of their own, so that ``mailwright-trace`` reads a minute without the day.
"""

import sys
import zlib

MEMBER = 256 << 10


def member(text: bytes) -> bytes:
    """The text as a gzip member (RFC 1952): no name and no time in its header."""
    engine = zlib.compressobj(6, zlib.DEFLATED, 31)
    return engine.compress(text) + engine.flush()


def main() -> None:
    empty = True
    while text := sys.stdin.buffer.read(MEMBER):
        sys.stdout.buffer.write(member(text))
        empty = False
    if empty:
        sys.stdout.buffer.write(member(b""))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
