"""The raw dialogue: whatever the other side does, it ends with an OSError and soon."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from collections.abc import Callable

import pytest

from mailwright.audit import wire
from mailwright.audit.model import UnavailableError
from mailwright.audit.smtp import MAX_LINES, Dialogue, ProtocolError, Reply
from support.mail_peer import listening, speak
from support.probing import HOST, certificate, server_tls


def hang(connection: socket.socket) -> None:
    connection.recv(1)


def trickle(connection: socket.socket) -> None:
    for _ in range(100):
        connection.sendall(b"2")
        time.sleep(0.05)


def endless_line(connection: socket.socket) -> None:
    for _ in range(1000):
        connection.sendall(b"x" * 65536)


def endless_reply(connection: socket.socket) -> None:
    for _ in range(100_000):
        connection.sendall(b"220-more\r\n" * 100)


@pytest.mark.parametrize(
    ("serve", "error"),
    [
        (speak(b"HTTP/1.1 400 Bad Request\r\n"), ProtocolError),
        (speak(b"\x16\x03\x01\x00\x00\r\n"), ProtocolError),
        (speak(b"22\r\n"), ProtocolError),
        (speak(b"220-one\r\n250 two\r\n"), ProtocolError),
        (speak(b"554 go away\r\n"), ProtocolError),
        (speak(b"220"), ConnectionError),
        (speak(b""), ConnectionError),
        (speak(b"", then=hang), TimeoutError),
        (trickle, TimeoutError),
        (endless_line, ProtocolError),
        (endless_reply, ProtocolError),
    ],
)
def test_bad_greetings_end_soon(serve: Callable[[socket.socket], None], error: type[OSError]) -> None:
    started = time.monotonic()
    with (
        listening(serve) as port,
        Dialogue.connect("127.0.0.1", port, timeout=0.5) as dialogue,
        pytest.raises(error),
    ):
        dialogue.greeting()
    assert time.monotonic() - started < 3


def test_a_reply_of_several_lines_is_one() -> None:
    with listening(speak(b"220-a\r\n220-b\r\n220 c\r\n")) as port, Dialogue.connect("127.0.0.1", port) as dialogue:
        assert dialogue.greeting() == Reply(220, ("a", "b", "c"))


def test_the_longest_reply_that_is_read() -> None:
    lines = b"220-x\r\n" * (MAX_LINES - 1) + b"220 x\r\n"
    with listening(speak(lines)) as port, Dialogue.connect("127.0.0.1", port) as dialogue:
        assert len(dialogue.greeting().lines) == MAX_LINES


def test_control_characters_are_shown_harmless() -> None:
    with listening(speak(b"220 \x1b[31mred\r\n")) as port, Dialogue.connect("127.0.0.1", port) as dialogue:
        assert "\x1b" not in str(dialogue.greeting())


def test_dropped_in_the_handshake() -> None:
    serve = speak(b"220 x\r\n", b"250 STARTTLS\r\n", b"220 go\r\n")
    with listening(serve) as port, Dialogue.connect("127.0.0.1", port, timeout=2) as dialogue:
        dialogue.greeting()
        dialogue.ehlo()
        with pytest.raises(OSError):  # noqa: PT011 - a reset or an SSL error, as it happens
            dialogue.starttls(ssl.create_default_context(), HOST)


def test_words_before_the_handshake_are_refused() -> None:
    """Command injection into STARTTLS (CVE-2011-0411), the other way round."""
    serve = speak(b"220 x\r\n", b"250 STARTTLS\r\n", b"220 go\r\n250 injected\r\n")
    with listening(serve) as port, Dialogue.connect("127.0.0.1", port, timeout=2) as dialogue:
        dialogue.greeting()
        dialogue.ehlo()
        with pytest.raises(ProtocolError):
            dialogue.starttls(ssl.create_default_context(), HOST)


@pytest.mark.parametrize("name", [HOST, "other.college.ac.uk"])
def test_the_certificate_is_for_the_name(name: str) -> None:
    def serve(connection: socket.socket) -> None:
        with server_tls().wrap_socket(connection, server_side=True) as secure:
            secure.sendall(b"220 hello\r\n")
            secure.recv(1)

    client = ssl.create_default_context(cafile=str(certificate(HOST)))
    with listening(serve) as port:
        if name == HOST:
            with Dialogue.connect("127.0.0.1", port, client, name) as dialogue:
                assert dialogue.greeting().code == 220
        else:
            with pytest.raises(ssl.SSLCertVerificationError):
                Dialogue.connect("127.0.0.1", port, client, name)


def test_data_stuffs_dots_and_nothing_else() -> None:
    heard = bytearray()
    done = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"354 go\r\n")
        while not heard.endswith(b"\r\n.\r\n"):
            heard.extend(connection.recv(65536))
        connection.sendall(b"250 ok\r\n")
        done.set()

    with listening(serve) as port, Dialogue.connect("127.0.0.1", port) as dialogue:
        assert dialogue.data(b".a\r\n.\r\nb\n.\r\x00c").code == 250
    assert done.wait(2)
    assert bytes(heard) == b"DATA\r\n..a\r\n..\r\nb\n.\r\x00c\r\n.\r\n"


def test_silence_is_told_from_words() -> None:
    with listening(speak(b"220 a\r\n", then=hang)) as port, Dialogue.connect("127.0.0.1", port) as dialogue:
        dialogue.greeting()
        assert dialogue.silent(0.05)
    with listening(speak(b"220 a\r\n250 b\r\n")) as port, Dialogue.connect("127.0.0.1", port) as dialogue:
        dialogue.greeting()
        assert not dialogue.silent(0.05)
        assert dialogue.reply().code == 250


SECRET = base64.b64encode(b"\0alice\0s3cret.Pw").decode()


@pytest.mark.parametrize(
    "said",
    [
        "502 unknown command: {}",
        "502 unknown command: {:.24}",  # as some servers cut what they echo
        "502-what is\r\n502 {}?",
        "535 alice has s3cret.Pw, and this is not s3CRET.pW",
        "no SMTP: {}",
        "250-{0}\r\n251 {0}",
    ],
)
def test_an_echo_does_not_show_the_password(said: str) -> None:
    with (
        listening(speak(b"220 x\r\n", f"{said.format(f'AUTH PLAIN {SECRET}')}\r\n".encode())) as port,
        Dialogue.connect("127.0.0.1", port) as dialogue,
    ):
        dialogue.greeting()
        try:
            shown = str(dialogue.login("alice", "s3cret.Pw"))
        except ProtocolError as error:
            shown = str(error)
    assert wire.HIDDEN in shown
    assert SECRET[:14] not in shown
    assert "s3cret" not in shown.lower()


def test_half_an_echo_does_not_show_the_password() -> None:
    echo = f"502 {'unknown command ' * 3} AUTH PLAIN {SECRET}".encode()
    with (
        listening(speak(b"220 x\r\n", echo, then=hang)) as port,
        Dialogue.connect("127.0.0.1", port, timeout=0.5) as dialogue,
    ):
        dialogue.greeting()
        with pytest.raises(TimeoutError, match="AUTH PLAIN ") as caught:
            dialogue.login("alice", "s3cret.Pw")
    assert SECRET[:8] not in str(caught.value)


def test_nothing_else_is_taken_out_of_a_reply() -> None:
    reply = b"235 2.7.0 Authentication successful for alice at AGFsaWNl (PLAIN)\r\n"
    with listening(speak(b"220 x\r\n", reply)) as port, Dialogue.connect("127.0.0.1", port) as dialogue:
        dialogue.greeting()
        assert dialogue.login("bob", "s3cret.Pw") == Reply(235, (reply[4:-2].decode(),))


def test_in_an_audit_no_password_is_sent_in_clear() -> None:
    heard = bytearray()

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"220 x\r\n")
        while chunk := connection.recv(4096):
            heard.extend(chunk)

    with (
        listening(serve) as port,
        Dialogue.connect("127.0.0.1", port, reachable=lambda _recipient: True) as dialogue,
    ):
        dialogue.greeting()
        with pytest.raises(UnavailableError, match="in clear"):
            dialogue.login("alice", "s3cret.Pw")
    assert not heard


def test_in_an_audit_a_password_is_sent_over_tls() -> None:
    def serve(connection: socket.socket) -> None:
        with server_tls().wrap_socket(connection, server_side=True) as secure:
            speak(b"220 x\r\n", b"235 welcome\r\n")(secure)

    client = ssl.create_default_context(cafile=str(certificate(HOST)))
    with (
        listening(serve) as port,
        Dialogue.connect("127.0.0.1", port, client, HOST, reachable=lambda _recipient: True) as dialogue,
    ):
        dialogue.greeting()
        assert dialogue.login("alice", "s3cret.Pw").code == 235
