"""The stand-in for somebody else's mail system: what it takes in each state, TLS, logins."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mailwright.audit.smtp import Dialogue
from mailwright.plan import make
from mailwright.rehearsal import credentials, standin
from mailwright.rehearsal.receiver import keeper
from mailwright.rehearsal.standin import System, listen
from mailwright.rehearsal.world import ForeignMail
from support.example import with_gateway

NAME = "exchange.physics.college.ac.uk"
FILES = credentials.make(make(with_gateway())).files


@pytest.fixture
def system(tmp_path: Path) -> System:
    for name, source in (
        ("certificate.pem", f"{NAME}.pem"),
        ("key.pem", f"{NAME}.key"),
        ("ca.pem", "authority.pem"),
    ):
        (tmp_path / name).write_bytes(FILES[source])
    (tmp_path / "inbox").mkdir()
    return System(tmp_path, NAME, frozenset({"km@inside.example"}), "", keeper(tmp_path / "inbox"))


def talk(system: System, act: Callable[[Dialogue], None]) -> None:
    """``act`` speaks with the stand-in, after EHLO and STARTTLS."""

    def client(port: int) -> None:
        trusted = ssl.create_default_context(cafile=str(system.folder / "ca.pem"))
        with Dialogue.connect("127.0.0.1", port, timeout=10) as dialogue:
            dialogue.greeting()
            dialogue.ehlo("client.example")
            dialogue.starttls(trusted, NAME)
            act(dialogue)

    async def session() -> None:
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        async with await listen(system, ["127.0.0.1"], port):
            await asyncio.to_thread(client, port)

    asyncio.run(session())


def test_it_knows_its_people_and_keeps_their_mail(system: System) -> None:
    def act(dialogue: Dialogue) -> None:
        dialogue.mail("")
        assert dialogue.rcpt("nobody@inside.example").code == 550
        assert dialogue.rcpt("KM@inside.example").code == 250
        assert dialogue.data(b"Subject: token\r\n\r\nx\r\n").code == 250

    talk(system, act)
    (received,) = ForeignMail(system.folder / "inbox").received("token")
    assert received.recipients == ("KM@inside.example",)


def test_lying_it_takes_everybody(system: System) -> None:
    system.state = "lying"

    def act(dialogue: Dialogue) -> None:
        dialogue.mail("")
        assert dialogue.rcpt("nobody@inside.example").code == 250

    talk(system, act)


def test_slow_its_greeting_takes_its_time(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setattr(standin, "SLOW", 0.5)
    system.state = "slow"
    started = time.monotonic()
    talk(system, lambda dialogue: dialogue.quit())
    assert time.monotonic() - started >= 0.5


def test_with_a_login_nothing_goes_without_the_right_one(system: System) -> None:
    (system.folder / "password").write_bytes(b"secret\n")
    smarthost = replace(system, login="college", known=None)

    def act(dialogue: Dialogue) -> None:
        assert dialogue.mail("me@college.ac.uk").code == 530
        assert dialogue.login("college", "wrong").code == 535
        assert dialogue.command("AUTH LOGIN").code == 334
        assert dialogue.command(base64.b64encode(b"college")).code == 334
        assert dialogue.command(base64.b64encode(b"secret")).code == 235
        assert dialogue.mail("me@college.ac.uk").code == 250
        assert dialogue.rcpt("anybody@foreign.example").code == 250

    talk(smarthost, act)


def test_a_login_is_not_offered_before_tls(system: System) -> None:
    (system.folder / "password").write_bytes(b"secret\n")
    smarthost = replace(system, login="college", known=None)

    async def session() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        async with await listen(smarthost, ["127.0.0.1"], port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"EHLO x\r\nAUTH PLAIN AGNvbGxlZ2UAc2VjcmV0\r\n")
            writer.write_eof()
            said = await reader.read()
            writer.close()
            return said

    said = asyncio.run(session())
    assert b"AUTH" not in said
    assert b"\r\n538 " in said
