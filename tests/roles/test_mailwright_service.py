"""Checkers and dialogues, with commands and a small server of this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support import role_code

service = role_code.load("module_utils/mailwright_service.py")


@contextmanager
def server(script: dict[str, str], greeting: str = "220 there") -> Iterator[int]:
    """Answers each line with what ``script`` says, or 500. Yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _peer = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rw", newline="") as stream:
                stream.write(greeting + "\r\n")
                stream.flush()
                for line in stream:
                    stream.write(script.get(line.strip(), "500 what?") + "\r\n")
                    stream.flush()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def talk(port: int, *lines: str, protocol: str = "smtp", patience: float = 0) -> str:
    said: str = service.hold({"name": "it", "port": port, "protocol": protocol, "lines": [*lines]}, patience)
    return said


def test_a_dialogue_that_goes_well_gives_its_transcript() -> None:
    with server({"EHLO x": "250-there\r\n250 SIZE"}) as port:
        said = talk(port, "< 220 ", "> EHLO x", "< 250 ")
    assert said.splitlines() == ["  220 there", "  > EHLO x", "  250-there", "  250 SIZE"]


def test_any_line_of_an_answer_may_match() -> None:
    with server({"EHLO x": "250-AUTH PLAIN\r\n250 SIZE"}) as port:
        talk(port, "< 220 ", "> EHLO x", "< 250-AUTH.* PLAIN")


def test_a_wrong_answer_is_told_in_the_services_words() -> None:
    with (
        server({"RCPT TO:<a@b>": "451 4.3.5 Server configuration error"}) as port,
        pytest.raises(
            service.ServiceError, match=r"(?s)it does not answer as it must.*451 4\.3\.5 Server configuration error"
        ),
    ):
        talk(port, "< 220 ", "> RCPT TO:<a@b>", "< 250 ")


def test_a_continued_line_is_not_the_answer() -> None:
    with server({"EHLO x": "250-there\r\n550 no"}) as port, pytest.raises(service.ServiceError):
        talk(port, "< 220 ", "> EHLO x", "< 250 ")


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(service.ServiceError, match="refused"):
        talk(port, "< 220 ")


def test_a_service_that_needs_a_moment_is_waited_for() -> None:
    script = {"NOOP": "451 not yet"}
    threading.Timer(0.3, script.update, [{"NOOP": "250 ok"}]).start()
    with server(script) as port:
        talk(port, "< 220 ", "> NOOP", "< 250 ", patience=10)


def test_a_wrong_answer_is_heard_by_others_too_and_not_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_WRONG", 0.2)
    with server({"NOOP": "451 wrong"}) as port, pytest.raises(service.ServiceError, match="451 wrong"):
        talk(port, "< 220 ", "> NOOP", "< 250 ", patience=3600)


@pytest.mark.parametrize(
    ("protocol", "line", "ends"),
    [
        ("smtp", "250-more", False),
        ("smtp", "250 done", True),
        ("smtp", "354", True),
        ("imap", "* CAPABILITY IMAP4rev1", False),
        ("imap", "* OK ready", True),
        ("imap", "a1 NO wrong", True),
        ("pop3", "+OK ready", True),
        ("managesieve", '"SIEVE" "fileinto"', False),
        ("managesieve", "OK", True),
    ],
)
def test_where_an_answer_ends(protocol: str, line: str, ends: bool) -> None:
    assert bool(service.LAST_LINE[protocol].match(line)) is ends


def test_a_checker_that_agrees_is_silent() -> None:
    service.ask({"argv": ["sh", "-c", "echo syntax OK"], "expect": "syntax OK", "refuse": "warning"})


@pytest.mark.parametrize(
    ("script", "patterns", "words"),
    [
        ("echo bad line 7; exit 1", {}, "ended with 1\nbad line 7"),
        ("echo fine", {"expect": "syntax OK"}, "did not say"),
        ("echo warning: unused parameter >&2", {"refuse": "^warning:"}, "has a complaint\nwarning: unused"),
    ],
)
def test_a_checker_that_does_not(script: str, patterns: dict[str, str], words: str) -> None:
    with pytest.raises(service.ServiceError) as caught:
        service.ask({"argv": ["sh", "-c", script], **patterns})
    assert words in str(caught.value)


def test_a_checker_that_speaks_to_a_terminal_alone() -> None:
    entry = {"argv": ["sh", "-c", "test -t 2 && echo line 7 is bad >&2; exit 1"]}
    with pytest.raises(service.ServiceError, match="ended with 1\nline 7 is bad"):
        service.ask({**entry, "terminal": True})
    with pytest.raises(service.ServiceError) as silent:
        service.ask(entry)
    assert str(silent.value).endswith("ended with 1\n")
    service.ask({"argv": ["test", "-t", "1"], "terminal": True})


def test_a_checker_at_a_terminal_that_never_ends() -> None:
    with pytest.raises(service.subprocess.TimeoutExpired):
        service.on_terminal(["sleep", "20"], timeout=0.2)


def test_the_stage_is_filled_in_and_not_shown() -> None:
    with pytest.raises(service.ServiceError) as caught:
        service.ask({"argv": ["cat", "{stage}/etc/none"]}, "/var/lib/stage")
    assert "/var/lib/stage" not in str(caught.value)
    assert "/etc/none" in str(caught.value)


def test_a_checker_that_does_not_exist() -> None:
    assert not service.installed({"argv": ["no-such-checker"]})
    assert service.installed({"argv": ["sh"]})
    with pytest.raises(service.ServiceError, match="no-such-checker"):
        service.ask({"argv": ["no-such-checker"]})


def test_what_a_unit_does_after_a_change() -> None:
    unit = service.Unit("x.service", paths=("/etc/x/*",), restart_on=("/etc/x/listen",))
    assert unit.action_for(["/etc/x/conf"]) == "reload"
    assert unit.action_for(["/etc/x/conf", "/etc/x/listen"]) == "restart"
    assert unit.action_for(["/etc/y"]) == ""
    assert service.Unit("x.timer", action="none").action_for(["/etc/y"]) == ""


def test_how_units_stand() -> None:
    shown = "ActiveState=active\nUnitFileState=enabled\n\nActiveState=inactive\nUnitFileState=\n"
    assert service.parse_states(["a", "b"], shown) == {
        "a": service.State(active=True, enabled=True),
        "b": service.State(active=False, enabled=False),
    }
