"""Messages that probes send, and what is read in those that arrive."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import formatdate

Header = tuple[str, str]


PREFIX = f"mwprobe{secrets.token_hex(3)}"
"""What the tokens of this process begin with."""


def token() -> str:
    """A word that stands in one message alone."""
    return f"{PREFIX}{secrets.token_hex(7)}"


_MARKED = (("Auto-Submitted", "auto-generated"), ("X-Mailwright-Audit", "a test message; nobody needs to answer"))


def subject(mark: str) -> str:
    """What the Subject: line of a message with that mark says."""
    return f"{mark} (test message of a mail audit)"


def letter(
    mark: str,
    sender: str,
    recipient: str,
    *,
    without: Iterable[str] = (),
    extra: Collection[Header] = (),
    body: bytes = b"This message comes from an audit of the mail service.\r\n",
) -> bytes:
    """A plain message with CRLF line ends that holds ``mark`` in its Subject: line, and says that it is a test.

    without  names of the usual lines (From, To, Date, Message-ID, Auto-Submitted) to leave out
    extra    further lines, written as they are
    """
    usual: tuple[Header, ...] = (
        ("From", sender),
        ("To", recipient),
        ("Date", formatdate(localtime=True)),
        ("Message-ID", f"<{mark}@{(sender.rpartition('@')[2] or 'invalid').strip('> ')}>"),
        ("Subject", subject(mark)),
        *_MARKED,
    )
    left_out = {name.lower() for name in (*without, *(name for name, _ in extra if name == "Auto-Submitted"))}
    lines = [*(header for header in usual if header[0].lower() not in left_out), *extra]
    return "".join(f"{name}: {value}\r\n" for name, value in lines).encode() + b"\r\n" + body


def parse(content: bytes) -> Message:
    return BytesParser(policy=compat32).parsebytes(content)


def header(content: bytes, name: str) -> list[str]:
    """The values of every line of that name, unfolded."""
    values = parse(content).get_all(name, [])
    return [" ".join(str(value).split()) for value in values]


def split(content: bytes) -> tuple[bytes, bytes]:
    """Header and body with CRLF line ends, whichever ends they came with."""
    whole = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    head, _, body = whole.partition(b"\r\n\r\n")
    return head, body
