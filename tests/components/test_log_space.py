"""Space for the mail log: what Postfix is told, and the postmaster. On hosts: tests/roles/test_log_host.py."""

from __future__ import annotations

import importlib.util
import json
import socket
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from mailwright import resources
from mailwright.components import log_space
from mailwright.plan import make
from mailwright.plan.policies import SPACE_CHECK
from support.example import example, load_example, split


def program() -> ModuleType:
    path = resources.folder("templates") / "logs" / "mailwright_space.py"
    spec = importlib.util.spec_from_file_location("mailwright_space", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["mailwright_space"] = module
    spec.loader.exec_module(module)
    return module


space = program()
QUESTION = b"request=smtpd_access_policy\nprotocol_state=RCPT\nsender=a@b\n\n"
NO, YES = f"action={space.REFUSAL}\n\n".encode(), b"action=DUNNO\n\n"


def settings(free: int, *places: Path) -> object:
    return space.Settings(free, places, "mail.college.ac.uk", "college.ac.uk", True)


def test_low_is_less_than_the_limit_anywhere(tmp_path: Path) -> None:
    there = space.free(tmp_path)
    assert there > 0
    assert space.low(settings(1, tmp_path, tmp_path / "not" / "there")) == []
    (said,) = space.low(settings(there * 10, tmp_path))
    assert said.startswith(f"{tmp_path}: ")
    assert said.endswith(" free")


def test_what_cannot_be_looked_at_is_low(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(space.os, "statvfs", fails)
    assert space.low(settings(1, tmp_path)) == [f"{tmp_path}: Input/output error"]


class Asked:
    """A server, and Postfix's end of a connection to it."""

    def __init__(self, folder: Path) -> None:
        self.is_low = False
        self.said: list[str] = []
        self.suspended: set[str] = set()
        self._path = str(folder / "policy")
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(self._path)
        listening.listen(5)
        self.server = space.Server(listening, lambda: self.is_low, self.said.append, self.suspended.__contains__)

    def client(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(5)
        client.connect(self._path)
        self.server.turn(1)
        return client

    def ask(self, client: socket.socket, question: bytes = QUESTION) -> bytes:
        client.sendall(question)
        self.server.turn(1)
        return client.recv(4096)


def test_the_answers(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    client = asked.client()
    assert asked.ask(client) == YES
    asked.is_low = True
    assert asked.ask(client) == NO
    assert asked.ask(client, QUESTION * 2) == NO * 2
    asked.is_low = False
    assert asked.ask(client) == YES
    assert asked.said == ["too little space: mail is not taken to be sent", "mail is taken to be sent again"]


def test_a_question_may_come_in_pieces_and_others_are_answered_meanwhile(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    slow, other = asked.client(), asked.client()
    slow.sendall(QUESTION[:20])
    asked.server.turn(1)
    assert asked.ask(other) == YES
    assert asked.ask(slow, QUESTION[20:]) == YES


def test_who_hangs_up_or_never_ends_is_forgotten(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    gone, endless, other = asked.client(), asked.client(), asked.client()
    gone.close()
    asked.server.turn(1)
    for _ in range(20):
        try:
            endless.sendall(b"x" * 4096)
        except OSError:
            break
        asked.server.turn(1)
    assert endless.recv(1) == b""
    assert asked.ask(other) == YES


def test_the_postmaster_is_told_once_a_day_and_when_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, told, left = tmp_path / "told.json", [], 1000
    monkeypatch.setattr(space, "free", lambda _: left)

    def watch(hours: float) -> int:
        told.clear()
        now = 1_800_000_000 + hours * 3600
        space.watch(settings(100, tmp_path), state, now, lambda subject, lines: told.append((subject, lines)))
        return len(told)

    assert watch(0) == 0
    left = 99
    assert watch(1) == 1
    assert told[0][0] == "mail.college.ac.uk: too little space for the mail log"
    assert f"  {tmp_path}: 0.0 MB free" in told[0][1]
    assert [watch(hours) for hours in (1.1, 2, 24.9)] == [0, 0, 0]
    assert watch(25) == 1
    left = 105  # not yet enough to say that it is over
    assert watch(26) == 0
    left = 111
    assert watch(27) == 1
    assert told[0][0] == "mail.college.ac.uk: space for the mail log again"
    assert watch(28) == 0


def test_what_was_not_sent_is_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "free", lambda _: 1)
    state = tmp_path / "told.json"

    def fails(*_: object) -> None:
        raise OSError("no sendmail")

    with pytest.raises(OSError, match="no sendmail"):
        space.watch(settings(100, tmp_path), state, 0.0, fails)
    assert not state.exists()


def test_a_state_that_cannot_be_read_is_no_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "free", lambda _: 1)
    state, told = tmp_path / "told.json", []
    state.write_text("nonsense")
    space.watch(settings(100, tmp_path), state, 1_800_000_000.0, lambda *said: told.append(said))
    assert len(told) == 1


def test_the_message_is_plain() -> None:
    text = space.letter("college.ac.uk", "mail: too little", ["a", "b"])
    assert text.startswith("From: Postmaster <postmaster@college.ac.uk>\nTo: <postmaster@college.ac.uk>\n")
    assert text.endswith("\n\na\nb\n")
    assert text.isascii()


def test_the_files() -> None:
    logging = replace(load_example().logging, free=5_000_000)
    plan = make(example(logging=logging, hosts=split().hosts))
    for host in plan.hosts:
        files = {file.path: file for file in log_space.files(plan, host)}
        said = json.loads(files["/etc/mailwright/space.json"].text)
        assert said["free"] == 5_000_000
        assert said["places"][-1] == "/var/log/mail"
        assert ("/var/spool/rsyslog" in said["places"]) is (host.name != "log.college.ac.uk")
        mailer = not {"mx", "submission"}.isdisjoint(host.functions)
        assert said["asked"] is mailer
        assert ("/etc/systemd/system/mailwright-space.service" in files) is mailer
        assert files[log_space.PROGRAM].mode == 0o755


def test_who_is_asked_before_what() -> None:
    """Submission asks before it permits; port 25 asks last, about what goes elsewhere."""
    for row in make(split()).policies:
        if row.check == SPACE_CHECK and row.port != 25:
            assert (row.stage, row.position) == ("relay", 1)
    relay = [row for row in make(split()).policies if row.port == 25 and row.stage == "rcpt"]
    for host in {row.host for row in relay}:
        checks = [row.check for row in sorted(relay, key=lambda row: row.position) if row.host == host]
        assert checks[-2:] == ["permit_auth_destination", SPACE_CHECK]
