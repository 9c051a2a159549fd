"""Commands over ssh: words stay words, one connection a host, and what goes wrong is said. A stand-in for ssh runs
what it is told to by a shell of its own, as sshd does."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from mailwright.audit import ssh
from mailwright.audit.model import UnavailableError
from mailwright.audit.ssh import SshShell

STAND_IN = """#!/bin/sh
# Notes its arguments; runs the last one, as sshd has a login shell do.
printf '%s\\n' "$*" >> "$SSH_NOTES"
case " $* " in
  *" -- locked.example"*) echo "root@locked.example: Permission denied (publickey)." >&2; exit 255;;
  *" -- breaks.example timeout"*) echo "Connection closed" >&2; exit 255;;
  *" -N -f "*|*" -O exit "*) exit 0;;
esac
for last; do :; done
exec sh -c "$last"
"""


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(STAND_IN, encoding="utf-8")
    program.chmod(0o755)
    path = tmp_path / "notes"
    path.touch()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SSH_NOTES", str(path))
    return path


AWKWARD = (
    "a b",
    "$(id)",
    "`id`",
    "'",
    '"',
    ";",
    "| cat",
    "",
    "-x",
    "*",
    "\\",
    "x\ny",
    "~",
    "é",
    "&& false",
    "$HOME",
    "#",
)


def test_no_word_becomes_anything_else(notes: Path) -> None:
    with SshShell(("a.example",)) as shell:
        status, said = shell.run(
            "a.example", "python3", "-c", "import json,sys; print(json.dumps(sys.argv[1:]))", *AWKWARD
        )
    assert status == 0
    assert json.loads(said) == list(AWKWARD)
    lines = notes.read_text(encoding="utf-8").splitlines()
    assert sum(" -N -f " in line for line in lines) == 1
    assert sum(" -O exit " in line for line in lines) == 1
    assert all("BatchMode=yes" in line for line in lines if line.startswith("-F"))


@pytest.mark.usefixtures("notes")
def test_status_and_both_outputs_come_back() -> None:
    with SshShell(("a.example",)) as shell:
        assert shell.run("a.example", "sh", "-c", "echo out; echo err >&2; exit 3") == (3, "out\nerr\n")


@pytest.mark.usefixtures("notes")
def test_a_command_that_hangs_is_ended() -> None:
    with SshShell(("a.example",)) as shell:
        status, _ = shell.run("a.example", "sleep", "60", timeout=0.3)
    assert status == 124


def test_a_host_that_lets_nobody_in_is_asked_once(notes: Path) -> None:
    with SshShell(("locked.example",)) as shell:
        for _ in range(3):
            with pytest.raises(UnavailableError, match=r"locked\.example: .*Permission denied"):
                shell.run("locked.example", "true")
    assert len(notes.read_text(encoding="utf-8").splitlines()) == 1


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("here", [(), ("a.example",)])
def test_what_is_given_goes_to_standard_input_as_octets(here: tuple[str, ...]) -> None:
    given = b"\0\xff\n" * 100_000  # more than a pipe holds
    with SshShell(("a.example",), here) as shell:
        assert shell.talk("a.example", "cat", given=given, timeout=30, most=len(given)) == (0, given)
        assert shell.talk("a.example", "sh", "-c", "exit 3", given=b"", timeout=30, most=9) == (3, b"")


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("here", [(), ("a.example",)])
def test_a_host_that_never_stops_talking_is_not_listened_to(here: tuple[str, ...]) -> None:
    with SshShell(("a.example",), here) as shell, pytest.raises(UnavailableError, match="more than 1000 octets"):
        shell.talk("a.example", "yes", given=b"", timeout=60, most=1000)


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("command", ["sleep 60", "exec >&- 2>&-; sleep 60", "echo x; sleep 60"])
def test_a_host_that_does_not_answer_is_not_waited_for(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "_LATE", 0.2)
    with SshShell(("a.example",)) as shell:
        status, _ = shell.talk("a.example", "sh", "-c", command, given=b"", timeout=0.3, most=1000)
    assert status == 124


@pytest.mark.usefixtures("notes")
def test_nobody_is_talked_with_who_lets_nobody_in() -> None:
    with SshShell(("locked.example", "breaks.example")) as shell:
        for host in ("locked.example", "breaks.example"):
            with pytest.raises(UnavailableError, match=host):
                shell.talk(host, "cat", given=b"", timeout=5, most=10)


@pytest.mark.usefixtures("notes")
def test_a_connection_that_breaks_is_no_answer() -> None:
    with SshShell(("breaks.example",)) as shell, pytest.raises(UnavailableError, match="Connection closed"):
        shell.run("breaks.example", "true")


def test_this_machine_needs_no_ssh(notes: Path) -> None:
    with SshShell(("a.example",), here=("a.example",)) as shell:
        assert shell.run("a.example", "echo", "$HOME") == (0, "$HOME\n")
        assert shell.run("a.example", "no-such-program-here")[0] == 127
    assert notes.read_text(encoding="utf-8") == ""


def test_without_ssh_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ssh.NoSshError), SshShell(("a.example",)):
        pass


@pytest.mark.parametrize(
    ("config", "user"), [("", "root"), ("Host a.example\n  User backup\n", "backup"), ("User x\n", "x")]
)
def test_root_unless_the_configuration_says_otherwise(tmp_path: Path, config: str, user: str) -> None:
    """The real ssh reads it."""
    own = tmp_path / "own config"
    own.write_text(config, encoding="utf-8")
    made = tmp_path / "made"
    made.write_text(ssh._configuration(own), encoding="utf-8")
    done = subprocess.run(["ssh", "-G", "-F", str(made), "a.example"], capture_output=True, text=True, check=True)
    assert f"user {user}\n" in done.stdout


def test_a_name_that_cannot_be_included() -> None:
    with pytest.raises(ValueError, match="include"):
        ssh._configuration(Path('/a/"x'))
