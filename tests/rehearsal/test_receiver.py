from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from mailwright.audit.model import Received
from mailwright.rehearsal.receiver import listen
from mailwright.rehearsal.world import ForeignMail


def talk(inbox: Path, *pieces: bytes) -> bytes:
    """All that the foreign mail host says to a client that sends these pieces and then no more."""

    async def session() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        server = await listen(inbox, "mx.foreign.example", ["127.0.0.1"], port)
        async with server:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            writer.write_eof()
            said = await reader.read()
            writer.close()
            return said

    return asyncio.run(session())


def send(inbox: Path, content: bytes, *after: bytes) -> tuple[Received, ...]:
    envelope = b"MAIL FROM:<me@college.ac.uk> SIZE=100\r\nRCPT TO:<you@foreign.example>\r\nDATA\r\n"
    talk(inbox, b"EHLO mail.college.ac.uk\r\n" + envelope, content, b".\r\n", *after)
    return ForeignMail(inbox).received()


def test_a_message_is_kept_with_its_envelope(tmp_path: Path) -> None:
    content = b"Subject: token-1\r\n\r\nh\xc3\xa9\x00\xff\r\n"
    assert send(tmp_path, content) == (
        Received("me@college.ac.uk", ("you@foreign.example",), content, "127.0.0.1", "mail.college.ac.uk"),
    )


def test_dots_are_unstuffed(tmp_path: Path) -> None:
    assert send(tmp_path, b"..\r\n...x\r\n")[0].content == b".\r\n..x\r\n"


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"])
def test_nothing_but_crlf_dot_crlf_ends_a_message(tmp_path: Path, end: bytes) -> None:
    smuggled = (
        b"one\r\n" + end + b"MAIL FROM:<evil@foreign.example>\r\nRCPT TO:<v@foreign.example>\r\nDATA\r\ntwo\r\n"
    )
    messages = send(tmp_path, smuggled)
    assert len(messages) == 1
    assert b"MAIL FROM:<evil@foreign.example>" in messages[0].content


def test_a_right_end_does_end_it(tmp_path: Path) -> None:
    again = b"MAIL FROM:<>\r\nRCPT TO:<v@foreign.example>\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n"
    messages = send(tmp_path, b"one\r\n", again)
    assert [message.content for message in messages] == [b"one\r\n", b"two\r\n"]
    assert messages[1].sender == ""


def test_a_line_longer_than_any_buffer_is_kept_whole(tmp_path: Path) -> None:
    content = b"x" * 300_000 + b"\r\n"
    assert send(tmp_path, content)[0].content == content


def test_a_message_without_an_end_is_not_kept(tmp_path: Path) -> None:
    talk(tmp_path, b"HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@foreign.example>\r\nDATA\r\nhalf\r\n")
    assert ForeignMail(tmp_path).received() == ()


def test_refusals(tmp_path: Path) -> None:
    said = talk(
        tmp_path,
        b"RCPT TO:<a@foreign.example>\r\nMAIL FROM:a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<refused@foreign.example>\r\n"
        b"RCPT TO:<later@foreign.example>\r\nDATA\r\nRSET\r\nWHAT\r\nQUIT\r\n",
    )
    assert [line[:3] for line in said.split(b"\r\n")] == [
        *(b"220", b"503", b"501", b"250", b"550", b"451", b"503", b"250", b"502", b"221", b""),
    ]


def test_waiting_ends_without_a_message(tmp_path: Path) -> None:
    assert ForeignMail(tmp_path).wait_for("token", timeout=0.1) is None


def test_waiting_finds_the_message_of_the_token(tmp_path: Path) -> None:
    send(tmp_path, b"Subject: other\r\n")
    (tmp_path / "000002.eml").write_bytes(b"Subject: token-2\r\n")
    (tmp_path / "000002.json").write_text((tmp_path / "000001.json").read_text())
    found = ForeignMail(tmp_path).wait_for("token-2", timeout=0.1)
    assert found is not None
    assert found.content == b"Subject: token-2\r\n"
